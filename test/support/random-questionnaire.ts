/** Questionnaires at random: every type, groups in groups, questions under questions, conditions, repeats, bounds, totals. */
import fc from "fast-check"
import type { QuestionnaireItem } from "#schemas/fhir.ts"
import { randomOf } from "./fill.ts"

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] }
type Item = Writable<QuestionnaireItem>

const types = [
  "boolean",
  "choice",
  "choice",
  "open-choice",
  "integer",
  "decimal",
  "date",
  "dateTime",
  "time",
  "string",
  "text",
  "url",
  "quantity",
  "group",
  "group",
  "display"
] as const

const core = "http://hl7.org/fhir/StructureDefinition/"

const options = (count: number) =>
  Array.from({ length: count }, (_, points) => ({
    valueCoding: { system: "urn:test", code: `c${points}`, display: `Choice ${"abcdefgh"[points]}` },
    extension: [{ url: `${core}ordinalValue`, valueDecimal: points }]
  }))

/** What a condition can look at. */
interface Known {
  readonly linkId: string
  readonly type: QuestionnaireItem["type"]
  readonly optionCount: number
}

export const questionnaireOf = (seed: number, size: number) => {
  const random = randomOf(seed)
  const chance = (probability: number) => random() < probability
  const upTo = (max: number) => Math.floor(random() * (max + 1))
  const known: Array<Known> = []
  const scored: Array<string> = []
  let count = 0

  const condition = () => {
    const other = known[upTo(known.length - 1)]
    if (other === undefined) return undefined
    const { linkId: question, type, optionCount } = other
    if (chance(0.25)) return { question, operator: "exists" as const, answerBoolean: chance(0.6) }
    const equality = chance(0.7) ? ("=" as const) : ("!=" as const)
    const order = (["=", "!=", "<", ">", "<=", ">="] as const)[upTo(5)] ?? "="
    if (type === "choice" || type === "open-choice")
      return { question, operator: equality, answerCoding: { system: "urn:test", code: `c${upTo(optionCount - 1)}` } }
    if (type === "boolean") return { question, operator: equality, answerBoolean: chance(0.5) }
    if (type === "integer") return { question, operator: order, answerInteger: upTo(100) }
    if (type === "decimal") return { question, operator: order, answerDecimal: upTo(100) }
    if (type === "date") return { question, operator: order, answerDate: `${1960 + upTo(60)}-01-01` }
    return { question, operator: "exists" as const, answerBoolean: true }
  }

  const item = (depth: number, inLoop: boolean): Item => {
    count++
    const linkId = `i${count}`
    const rolled = types[upTo(types.length - 1)] ?? "string"
    const type = rolled === "group" && depth >= 3 ? "string" : rolled
    const one: Item = { linkId, type, text: `Item ${count}` }
    const extension: Array<NonNullable<QuestionnaireItem["extension"]>[number]> = []
    if (chance(0.3)) {
      const conditions = Array.from({ length: 1 + upTo(1) }, condition).filter((test) => test !== undefined)
      if (conditions.length > 0) one.enableWhen = conditions
      if (conditions.length > 1) one.enableBehavior = chance(0.5) ? "any" : "all"
    }
    if (type === "display") return one
    if (chance(0.5)) one.required = true
    if (chance(0.25)) {
      one.repeats = true
      if (chance(0.4)) extension.push({ url: `${core}questionnaire-maxOccurs`, valueInteger: 2 + upTo(2) })
      if (chance(0.2)) extension.push({ url: `${core}questionnaire-minOccurs`, valueInteger: 1 + upTo(1) })
    }
    const optionCount = 2 + upTo(3)
    if (type === "choice" || type === "open-choice") one.answerOption = options(optionCount) as never
    if (type === "integer" && chance(0.5)) {
      extension.push({ url: `${core}minValue`, valueInteger: 5 }, { url: `${core}maxValue`, valueInteger: 90 })
    }
    if (type === "decimal" && chance(0.5)) extension.push({ url: `${core}maxDecimalPlaces`, valueInteger: 1 })
    if (type === "string" && chance(0.3)) one.maxLength = 20
    if (type === "quantity" && chance(0.7)) {
      extension.push({
        url: `${core}questionnaire-unit`,
        valueCoding: { system: "http://unitsofmeasure.org", code: "kg", display: "kg" }
      })
    }
    if (type === "boolean" && chance(0.2)) one.initial = [{ valueBoolean: true }]
    if (type === "integer" && chance(0.2)) one.initial = [{ valueInteger: 42 }]
    if (extension.length > 0) one.extension = extension
    if (type !== "group") known.push({ linkId, type, optionCount })
    if (type === "choice" && !inLoop && one.repeats !== true && depth === 0) scored.push(linkId)
    const children = type === "group" ? 1 + upTo(3) : chance(0.12) ? 1 + upTo(1) : 0
    if (children > 0 && depth < 3 && count < size) {
      one.item = Array.from({ length: children }, () => item(depth + 1, inLoop || one.repeats === true))
    } else if (type === "group") one.item = [{ linkId: `${linkId}.s`, type: "string", text: "Inner" }]
    return one
  }

  const items: Array<Item> = []
  for (let left = size; left > 0; left = size - count) items.push(item(0, false))
  if (scored.length > 0) {
    const sumOf = scored.map((linkId) => ({ url: "urn:sawt:fhir:sum-of", valueString: linkId }))
    items.push({ linkId: "total", type: "integer", text: "Total", readOnly: true, extension: sumOf })
  }
  const questionnaire = {
    resourceType: "Questionnaire",
    id: `random-${seed}`,
    language: "en",
    title: "Random",
    status: "draft",
    item: items
  }
  return { questionnaire, scored }
}

export const randomQuestionnaire = fc
  .record({ seed: fc.nat({ max: 1_000_000 }), size: fc.integer({ min: 1, max: 24 }) })
  .map(({ seed, size }) => ({ seed, size, ...questionnaireOf(seed, size) }))
