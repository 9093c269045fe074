/**
 * Whether a `QuestionnaireResponse` is one of its `Questionnaire`: structure, types, options, what is required, disabled,
 * how often, bounds (FHIR R4 and SDC rules). Written apart from what builds responses, and shares no code with it: it
 * reads the two resources as anybody else would, and is what tests hold every response against. Pure.
 * Expressions are not evaluated: whether an item with `enableWhenExpression` is there is not judged.
 */
import type {
  Coding,
  EnableWhen,
  QuestionnaireItem,
  QuestionnaireResponse,
  ResponseAnswer,
  ResponseItem
} from "#schemas/fhir.ts"

export interface Definition {
  readonly item: ReadonlyArray<QuestionnaireItem>
  readonly contained?: ReadonlyArray<Readonly<Record<string, unknown>>>
}

/** From the root: a definition, and what stands for it in the response. */
interface Frame {
  readonly linkId: string
  readonly node: { readonly item?: ReadonlyArray<ResponseItem> } | undefined
}

const sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
const core = "http://hl7.org/fhir/StructureDefinition/"

const extension = (item: QuestionnaireItem, url: string) => item.extension?.find((candidate) => candidate.url === url)

const typeOf: Readonly<Record<string, ReadonlyArray<keyof ResponseAnswer>>> = {
  boolean: ["valueBoolean"],
  integer: ["valueInteger"],
  decimal: ["valueDecimal"],
  date: ["valueDate"],
  dateTime: ["valueDateTime"],
  time: ["valueTime"],
  string: ["valueString"],
  text: ["valueString"],
  url: ["valueUri"],
  quantity: ["valueQuantity"],
  choice: ["valueCoding", "valueString", "valueInteger", "valueDate", "valueTime"],
  "open-choice": ["valueCoding", "valueString", "valueInteger", "valueDate", "valueTime"]
}

const valuesOf = (answer: ResponseAnswer): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(answer).filter(([name]) => name.startsWith("value"))

const sameCoding = (a: Coding, b: Coding): boolean =>
  a.code === b.code && (a.code !== undefined || a.display === b.display) && (a.system ?? "") === (b.system ?? "")

const conceptsIn = (value: unknown): ReadonlyArray<Coding> => {
  if (Array.isArray(value)) return value.flatMap(conceptsIn)
  if (typeof value !== "object" || value === null) return []
  const own = "code" in value ? [value as Coding] : []
  const system = "system" in value ? { system: value.system as string } : {}
  return [...own, ...Object.values(value).flatMap(conceptsIn)].map((coding) => ({ ...system, ...coding }))
}

class Validation {
  readonly #definition: Definition
  readonly #response: QuestionnaireResponse
  readonly #isDone: boolean
  readonly #ancestors = new Map<string, ReadonlyArray<string>>()
  readonly faults: Array<string> = []

  constructor(definition: Definition, response: QuestionnaireResponse) {
    this.#definition = definition
    this.#response = response
    this.#isDone = response.status === "completed" || response.status === "amended"
    this.#learn(definition.item, [""])
  }

  #learn(items: ReadonlyArray<QuestionnaireItem>, around: ReadonlyArray<string>): void {
    for (const item of items) {
      this.#ancestors.set(item.linkId, around)
      this.#learn(item.item ?? [], [...around, item.linkId])
    }
  }

  run(): ReadonlyArray<string> {
    this.#level(this.#definition.item, this.#response.item ?? [], [{ linkId: "", node: this.#response }])
    return this.faults
  }

  #fault(linkId: string, what: string): void {
    this.faults.push(`${linkId}: ${what}`)
  }

  #level(
    items: ReadonlyArray<QuestionnaireItem>,
    nodes: ReadonlyArray<ResponseItem>,
    path: ReadonlyArray<Frame>
  ): void {
    let last = -1
    for (const { linkId } of nodes) {
      const position = items.findIndex((item) => item.linkId === linkId)
      if (position < 0) this.#fault(linkId, "it does not stand here in the questionnaire")
      else if (position < last) this.#fault(linkId, "it is out of order")
      last = Math.max(last, position)
    }
    for (const item of items) {
      const found = nodes.filter(({ linkId }) => linkId === item.linkId)
      if (!this.#isEnabled(item, path)) {
        if (found.length > 0) this.#fault(item.linkId, "it is disabled and yet there")
        continue
      }
      if (item.type === "display") {
        if (found.length > 0) this.#fault(item.linkId, "a display is not answered")
      } else if (item.type === "group") this.#group(item, found, path)
      else this.#question(item, found, path)
    }
  }

  #occurs(item: QuestionnaireItem, count: number, isThere: boolean): void {
    const max = item.repeats === true ? extension(item, `${core}questionnaire-maxOccurs`)?.valueInteger : 1
    if (max !== undefined && count > Math.max(1, max)) this.#fault(item.linkId, `there are ${count} of at most ${max}`)
    const min = extension(item, `${core}questionnaire-minOccurs`)?.valueInteger ?? 0
    if (this.#isDone && isThere && item.repeats === true && count < min)
      this.#fault(item.linkId, `there are ${count} of at least ${min}`)
  }

  #group(item: QuestionnaireItem, found: ReadonlyArray<ResponseItem>, path: ReadonlyArray<Frame>): void {
    this.#occurs(item, found.length, false)
    for (const node of found) {
      if (node.answer !== undefined) this.#fault(item.linkId, "a group has no answer")
      this.#level(item.item ?? [], node.item ?? [], [...path, { linkId: item.linkId, node }])
    }
    // Of what may be left out altogether, nothing inside is missing.
    if (found.length === 0 && item.repeats !== true) {
      this.#level(item.item ?? [], [], [...path, { linkId: item.linkId, node: undefined }])
    }
  }

  #question(item: QuestionnaireItem, found: ReadonlyArray<ResponseItem>, path: ReadonlyArray<Frame>): void {
    const { linkId } = item
    if (found.length > 1) this.#fault(linkId, "a question stands once; its answers repeat")
    if (found.some((node) => node.item !== undefined))
      this.#fault(linkId, "what is inside a question stands in its answer")
    const answers = found.flatMap(({ answer }) => answer ?? [])
    if (found.length > 0 && answers.length === 0) this.#fault(linkId, "it is there without an answer")
    if (this.#isDone && item.required === true && answers.length === 0) this.#fault(linkId, "it is required")
    this.#occurs(item, answers.length, answers.length > 0 || item.required === true)
    for (const answer of answers) {
      this.#answer(item, answer)
      this.#level(item.item ?? [], answer.item ?? [], [...path, { linkId, node: answer }])
    }
  }

  #answer(item: QuestionnaireItem, answer: ResponseAnswer): void {
    const { linkId, type } = item
    const values = valuesOf(answer)
    const [first] = values
    if (values.length !== 1 || first === undefined) return this.#fault(linkId, `an answer has ${values.length} values`)
    const [name, value] = first
    const hasOptions = item.answerOption !== undefined || item.answerValueSet !== undefined
    const allowed = hasOptions ? typeOf["choice"] : typeOf[type]
    if (allowed?.includes(name as keyof ResponseAnswer) !== true) return this.#fault(linkId, `${name} is no ${type}`)
    if (hasOptions) this.#option(item, answer)
    else if (type === "choice") this.#fault(linkId, "there is nothing to choose from")
    this.#bounds(item, value)
  }

  #option(item: QuestionnaireItem, answer: ResponseAnswer): void {
    const { valueCoding } = answer
    const isOpen = item.type === "open-choice" && answer.valueString !== undefined
    if (item.answerOption !== undefined) {
      const [, value] = valuesOf(answer)[0] ?? []
      const isThere = item.answerOption.some((option) =>
        valueCoding === undefined
          ? Object.values(option).some((other) => other === value)
          : option.valueCoding !== undefined && sameCoding(option.valueCoding, valueCoding)
      )
      if (!isThere && !isOpen) this.#fault(item.linkId, `${JSON.stringify(value)} is none of its options`)
      return
    }
    const id = item.answerValueSet?.startsWith("#") === true ? item.answerValueSet.slice(1) : undefined
    const set = this.#definition.contained?.find(
      (resource) => resource["id"] === id || resource["url"] === item.answerValueSet
    )
    if (set === undefined || valueCoding === undefined) return
    const codes = conceptsIn([set["expansion"], set["compose"]])
    if (!codes.some(({ code }) => code === valueCoding.code))
      this.#fault(item.linkId, `${valueCoding.code} is not in its value set`)
  }

  #bounds(item: QuestionnaireItem, value: unknown): void {
    const { linkId, maxLength } = item
    const bound = (name: string): unknown => {
      const found = extension(item, core + name)
      return Object.entries(found ?? {}).find(([key]) => key.startsWith("value"))?.[1]
    }
    const [min, max] = [bound("minValue"), bound("maxValue")]
    if (isBelow(value, min)) this.#fault(linkId, `${String(value)} is too small`)
    if (isBelow(max, value)) this.#fault(linkId, `${String(value)} is too great`)
    if (typeof value === "string") {
      const minLength = bound("minLength")
      if (maxLength !== undefined && value.length > maxLength) this.#fault(linkId, "it is too long")
      if (typeof minLength === "number" && value.length < minLength) this.#fault(linkId, "it is too short")
      if (value.trim() === "") this.#fault(linkId, "it is empty")
    }
    const places = bound("maxDecimalPlaces")
    if (typeof places === "number" && typeof value === "number") {
      const scaled = value * 10 ** places
      if (Math.abs(scaled - Math.round(scaled)) > 1e-6) this.#fault(linkId, "it has too many decimal places")
    }
  }

  #isEnabled(item: QuestionnaireItem, path: ReadonlyArray<Frame>): boolean {
    if (extension(item, `${sdc}enableWhenExpression`) !== undefined && item.enableWhen === undefined) return true
    const conditions = item.enableWhen ?? []
    if (conditions.length === 0) return true
    const isMet = (condition: EnableWhen) => this.#isMet(condition, path)
    return item.enableBehavior === "any" ? conditions.some(isMet) : conditions.every(isMet)
  }

  /** The answers within the innermost item that is around both. */
  #answersTo(linkId: string, path: ReadonlyArray<Frame>): ReadonlyArray<ResponseAnswer> {
    const around = new Set([...(this.#ancestors.get(linkId) ?? []), linkId])
    const nearest = path.findLast((frame) => around.has(frame.linkId))
    // Inside an answer of the very question that is looked at.
    if (nearest?.linkId === linkId) return nearest.node === undefined ? [] : [nearest.node as ResponseAnswer]
    const search = (items: ReadonlyArray<ResponseItem> | undefined): ReadonlyArray<ResponseAnswer> =>
      (items ?? []).flatMap((node) => [
        ...(node.linkId === linkId ? (node.answer ?? []) : []),
        ...search(node.item),
        ...(node.answer ?? []).flatMap((answer) => search(answer.item))
      ])
    return search(nearest?.node?.item)
  }

  #isMet(condition: EnableWhen, path: ReadonlyArray<Frame>): boolean {
    const answers = this.#answersTo(condition.question, path)
    if (condition.operator === "exists") return answers.length > 0 === condition.answerBoolean
    return answers.some((answer) => holds(answer, condition))
  }
}

const isBelow = (a: unknown, b: unknown): boolean =>
  (typeof a === "number" && typeof b === "number" && a < b) || (typeof a === "string" && typeof b === "string" && a < b)

const holds = (answer: ResponseAnswer, condition: EnableWhen): boolean => {
  const { operator, answerCoding, answerQuantity } = condition
  if (answerCoding !== undefined) {
    const { valueCoding } = answer
    const isSame =
      valueCoding !== undefined &&
      valueCoding.code === answerCoding.code &&
      (valueCoding.code !== undefined || valueCoding.display === answerCoding.display)
    return operator === "=" ? isSame : !isSame
  }
  const wanted = answerQuantity?.value ?? Object.entries(condition).find(([name]) => name.startsWith("answer"))?.[1]
  const value = answer.valueQuantity?.value ?? Object.entries(answer).find(([name]) => name.startsWith("value"))?.[1]
  switch (operator) {
    case "=":
      return value === wanted
    case "!=":
      return value !== wanted
    case ">":
      return (value as number) > (wanted as number)
    case "<":
      return (value as number) < (wanted as number)
    case ">=":
      return (value as number) >= (wanted as number)
    default:
      return (value as number) <= (wanted as number)
  }
}

/** One line for each fault; none: it is valid. */
export const validateResponse = (definition: Definition, response: QuestionnaireResponse): ReadonlyArray<string> =>
  new Validation(definition, response).run()
