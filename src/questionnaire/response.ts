/** A form as it stands → FHIR `QuestionnaireResponse` in the shape of its questionnaire. Pure. */
import type { Form, Instance } from "#machines/form.ts"
import type { Plan } from "#machines/plan.ts"
import type { Questionnaire, QuestionnaireResponse, ResponseAnswer, ResponseItem } from "#schemas/fhir.ts"
import { fhirValues, type Valued } from "./values.ts"

export interface ResponseHeader {
  readonly id: string
  readonly status: QuestionnaireResponse["status"]
  /** ISO 8601 with zone. */
  readonly authored: string
  readonly subject?: string
}

const valuedOf = (plan: Plan, { item }: Instance): Valued | undefined => {
  const question = item.question === undefined ? undefined : plan.questions[item.question]
  if (question !== undefined) return question
  if (item.type === undefined) return undefined
  return {
    itemType: item.type,
    options: item.options ?? [],
    ...(item.units === undefined ? {} : { units: item.units })
  }
}

/** Called with each instance and the object that stands for it in the response. */
export type Built = (instance: Instance, item: ResponseItem) => void

const textsOf = (questionnaire: Questionnaire): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>()
  const add = (items: Questionnaire["item"]): void => {
    for (const { linkId, text, item } of items) {
      if (text !== undefined) texts.set(linkId, text)
      if (item !== undefined) add(item as Questionnaire["item"])
    }
  }
  add(questionnaire.item)
  return texts
}
const textMaps = new WeakMap<Questionnaire, ReadonlyMap<string, string>>()

/** Groups without answers, displays and unanswered questions are left out. */
export const responseItems = (
  questionnaire: Questionnaire,
  plan: Plan,
  form: Form,
  built: Built = () => undefined
): ReadonlyArray<ResponseItem> => {
  const texts = textMaps.get(questionnaire) ?? textsOf(questionnaire)
  textMaps.set(questionnaire, texts)

  const answersOf = (instance: Instance): ReadonlyArray<ResponseAnswer> => {
    const valued = valuedOf(plan, instance)
    if (valued === undefined) return []
    const item = convert(instance.items)
    const nested = item.length === 0 ? {} : { item }
    return instance.answers
      .flatMap((answer) => fhirValues(valued, answer))
      .map((value, index) => (index === 0 ? { ...value, ...nested } : value))
  }

  const convert = (instances: ReadonlyArray<Instance>): ReadonlyArray<ResponseItem> => {
    const items: Array<ResponseItem & { answer?: Array<ResponseAnswer> }> = []
    for (const instance of instances) {
      const { linkId, kind } = instance.item
      const text = texts.get(linkId)
      const head = { linkId, ...(text === undefined ? {} : { text }) }
      if (kind === "display") continue
      if (kind === "group") {
        const item = convert(instance.items)
        const group = item.length === 0 ? head : { ...head, item }
        built(instance, group)
        if (item.length > 0) items.push(group)
        continue
      }
      const answer = answersOf(instance)
      const last = items.at(-1)
      // The occurrences of a question are the answers of one item.
      if (last?.linkId === linkId && last.answer !== undefined) {
        last.answer.push(...answer)
        built(instance, last)
        continue
      }
      const question = answer.length === 0 ? head : { ...head, answer: [...answer] }
      built(instance, question)
      if (answer.length > 0) items.push(question)
    }
    return items
  }
  return convert(form.items)
}

export const responseOf = (
  questionnaire: Questionnaire,
  plan: Plan,
  form: Form,
  header: ResponseHeader
): QuestionnaireResponse => {
  const item = responseItems(questionnaire, plan, form)
  return {
    resourceType: "QuestionnaireResponse",
    id: header.id,
    questionnaire: `${plan.url}|${plan.version}`,
    status: header.status,
    language: plan.language,
    ...(header.subject === undefined ? {} : { subject: { identifier: { value: header.subject } } }),
    authored: header.authored,
    ...(item.length === 0 ? {} : { item })
  }
}
