/** `enableWhen` of an item, for a plan: what is compared with what. Pure. */
import type { PlanItem, PlanOption, PlanTest } from "#machines/plan.ts"
import type { EnableWhen, QuestionnaireItem } from "#schemas/fhir.ts"
import { codeOf, unitName } from "./values.ts"

/** What is known of the question that a condition looks at. */
export interface Asked {
  readonly type: QuestionnaireItem["type"]
  readonly options: ReadonlyArray<PlanOption>
}

type Compared = Pick<PlanTest, "value" | "unit">

const comparedWith = (when: EnableWhen, { options }: Asked): Compared | undefined => {
  if (when.answerCoding !== undefined) {
    const { system, code, display } = when.answerCoding
    return { value: codeOf(options, when.answerCoding) ?? `${system ?? ""}|${code ?? display ?? ""}` }
  }
  if (when.answerQuantity?.value !== undefined) {
    const { value, unit, code, system } = when.answerQuantity
    const name = code ?? unit
    if (name === undefined) return { value }
    return { value, unit: unitName({ display: unit ?? name, ...(code && { code }), ...(system && { system }) }) }
  }
  const value =
    when.answerBoolean ??
    when.answerInteger ??
    when.answerDecimal ??
    when.answerString ??
    when.answerDate ??
    when.answerDateTime ??
    when.answerTime
  return value === undefined ? undefined : { value: options.length > 0 ? String(value) : value }
}

export const conditionOf = (
  { enableWhen = [], enableBehavior }: QuestionnaireItem,
  asked: (linkId: string) => Asked | undefined,
  refuse: (reason: string) => void
): PlanItem["enableWhen"] => {
  if (enableWhen.length === 0) return undefined
  if (enableWhen.length > 1 && enableBehavior === undefined) {
    refuse("enableBehavior must say whether all or any of its conditions are to hold")
  }
  const tests = enableWhen.flatMap((when): ReadonlyArray<PlanTest> => {
    const { question, operator } = when
    const other = asked(question)
    if (other === undefined) return refuse(`it depends on ${question}, which is no question`) ?? []
    const compared = comparedWith(when, other)
    if (compared === undefined) return refuse(`its condition on ${question} compares with nothing we know`) ?? []
    if (operator === "exists" && typeof compared.value !== "boolean" && when.answerBoolean === undefined)
      return refuse(`exists on ${question} needs answerBoolean`) ?? []
    if (operator === "exists") return [{ question, operator, value: when.answerBoolean === true }]
    const isOrdered = operator !== "=" && operator !== "!="
    if (isOrdered && (other.options.length > 0 || typeof compared.value === "boolean"))
      return refuse(`its condition ${operator} on ${question} needs something that has an order`) ?? []
    return [{ question, operator, ...compared }]
  })
  return { behavior: enableBehavior ?? "all", tests }
}

/** LinkIds of conditions that lead back to themselves. */
export const circles = (items: ReadonlyArray<PlanItem>): ReadonlyArray<string> => {
  const needs = new Map<string, Set<string>>()
  const collect = (list: ReadonlyArray<PlanItem>, around: string | undefined): void => {
    for (const item of list) {
      const own = new Set(item.enableWhen?.tests.map(({ question }) => question))
      if (around !== undefined) own.add(around)
      needs.set(item.linkId, own)
      collect(item.items, item.linkId)
    }
  }
  collect(items, undefined)
  const done = new Map<string, boolean>()
  const isCircular = (linkId: string, path: ReadonlySet<string>): boolean => {
    if (path.has(linkId)) return true
    const known = done.get(linkId)
    if (known !== undefined) return known
    const found = [...(needs.get(linkId) ?? [])].some((other) => isCircular(other, new Set([...path, linkId])))
    done.set(linkId, found)
    return found
  }
  return [...needs.keys()].filter((linkId) => isCircular(linkId, new Set()))
}
