/**
 * Known instruments must be what their name says (R7.6): whoever calls a questionnaire PHQ-9 relies on its nine items, in
 * order, on their scale, on a total that is computed and never asked, and on the safety item being asked, confirmed and
 * heard of. One that is called so and is not is refused. Known by the LOINC code of the panel, or by title or name. Pure.
 */
import type { Plan, PlanItem, PlanQuestion } from "#machines/plan.ts"
import { indexOf } from "#machines/plan-index.ts"
import type { Questionnaire, QuestionnaireItem } from "#schemas/fhir.ts"
import { extensionUrls } from "./extensions.ts"

interface Instrument {
  readonly name: string
  /** LOINC code of the panel. */
  readonly panel?: string
  readonly title: RegExp
  /** LOINC codes of the items in order; without codes, how many there are. */
  readonly items: ReadonlyArray<string> | number
  /** Points of each option, in any order. */
  readonly scale: ReadonlyArray<number>
  /** LOINC code of the computed total. */
  readonly total?: string
  readonly safetyItem?: string
}

const to3 = [0, 1, 2, 3]
const phq = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]
const gad = ["69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7"]

/** LOINC 2.80; the last of PHQ-9 asks about thoughts of death and self-harm. */
const instruments: ReadonlyArray<Instrument> = [
  {
    name: "PHQ-9",
    panel: "44249-1",
    title: /\bPHQ[\s_-]?9\b/i,
    items: phq,
    scale: to3,
    total: "44261-6",
    safetyItem: "44260-8"
  },
  { name: "PHQ-8", title: /\bPHQ[\s_-]?8\b/i, items: phq.slice(0, 8), scale: to3 },
  {
    name: "PHQ-2",
    panel: "55757-9",
    title: /\bPHQ[\s_-]?2\b/i,
    items: phq.slice(0, 2),
    scale: to3,
    total: "55758-7"
  },
  { name: "GAD-7", panel: "69737-5", title: /\bGAD[\s_-]?7\b/i, items: gad, scale: to3, total: "70274-6" },
  { name: "GAD-2", title: /\bGAD[\s_-]?2\b/i, items: gad.slice(0, 2), scale: to3 },
  { name: "WHO-5", title: /\bWHO[\s_-]?5\b/i, items: 5, scale: [0, 1, 2, 3, 4, 5] }
]

const loinc = "http://loinc.org"

/** One that holds others is known by its own title alone: a form may ask a PHQ-2 among other things. */
const known = ({ title = "", name = "", code = [] }: Questionnaire): Instrument | undefined =>
  instruments.find(
    ({ panel, title: pattern }) =>
      (panel !== undefined && code.some(({ system, code: own }) => system === loinc && own === panel)) ||
      pattern.test(title) ||
      pattern.test(name)
  )

const flat = (items: ReadonlyArray<QuestionnaireItem>): ReadonlyArray<QuestionnaireItem> =>
  items.flatMap((item) => [item, ...flat(item.item ?? [])])

const isCoded = ({ linkId, code = [] }: QuestionnaireItem, wanted: string): boolean =>
  code.some((coding) => coding.code === wanted) || linkId.replace(/^.*\//, "") === wanted

const isTotal = (item: QuestionnaireItem, total: string | undefined): boolean =>
  (total !== undefined && isCoded(item, total)) ||
  ((item.type === "integer" || item.type === "decimal" || item.type === "quantity") &&
    /\b(total|score|sum)\b|مجموع|الدرجة/iu.test(item.text ?? ""))

class Checking {
  readonly faults: Array<string> = []
  readonly #instrument: Instrument
  readonly #plan: Plan
  readonly #items: ReadonlyArray<QuestionnaireItem>

  constructor(instrument: Instrument, questionnaire: Questionnaire, plan: Plan) {
    this.#instrument = instrument
    this.#plan = plan
    this.#items = flat(questionnaire.item)
  }

  #fault(what: string): void {
    this.faults.push(`it is called ${this.#instrument.name}, and ${what}`)
  }

  #asked(item: QuestionnaireItem | undefined): PlanQuestion | undefined {
    return this.#plan.questions.find(({ linkId }) => linkId === item?.linkId)
  }

  run(): ReadonlyArray<string> {
    const scored = this.#scored()
    this.#checkOrder(scored)
    for (const [index, item] of scored.entries()) this.#checkItem(item, index + 1)
    this.#checkTotal()
    return this.faults
  }

  /** Its items: by their codes, or where none is coded the choices in their order. */
  #scored(): ReadonlyArray<QuestionnaireItem> {
    const { items } = this.#instrument
    const codes = typeof items === "number" ? [] : items
    const coded = codes.map((code) => this.#items.find((item) => isCoded(item, code)))
    if (coded.some((item) => item !== undefined)) {
      for (const [index, item] of coded.entries()) {
        if (item === undefined) this.#fault(`item ${index + 1} (${codes[index]}) is not in it`)
      }
      return coded.filter((item) => item !== undefined)
    }
    const count = typeof items === "number" ? items : items.length
    const choices = this.#items.filter((item) => this.#asked(item)?.itemType === "choice")
    if (choices.length < count) this.#fault(`has ${choices.length} of its ${count} items`)
    return choices.slice(0, count)
  }

  #checkOrder(scored: ReadonlyArray<QuestionnaireItem>): void {
    const positions = scored.map((item) => this.#items.indexOf(item))
    if (positions.some((position, index) => position < (positions[index - 1] ?? -1))) {
      this.#fault("its items are not in their order")
    }
  }

  #checkItem(item: QuestionnaireItem, nth: number): void {
    const { scale, items, safetyItem } = this.#instrument
    const question = this.#asked(item)
    if (question === undefined) return this.#fault(`item ${nth} (${item.linkId}) is not asked`)
    const points = question.options.map((option) => option.points ?? Number.NaN).toSorted((a, b) => a - b)
    if (points.length !== scale.length || points.some((value, index) => value !== scale[index])) {
      this.#fault(`item ${nth} (${item.linkId}) is not answered on its scale of ${scale[0]} to ${scale.at(-1)} points`)
    }
    if (safetyItem !== undefined && typeof items !== "number" && items[nth - 1] === safetyItem) {
      this.#checkSafety(question, nth)
    }
  }

  #checkSafety({ linkId, required, confirm, options }: PlanQuestion, nth: number): void {
    const which = `its safety item ${nth} (${linkId})`
    if (!required) this.#fault(`${which} is not required`)
    if (!this.#isAlwaysAsked(linkId)) this.#fault(`${which} is not always asked`)
    if (confirm !== "always") this.#fault(`${which} is not always confirmed (${extensionUrls.confirm}: always)`)
    const alarming = options.filter(({ points = 0 }) => points > 0).map(({ code }) => code)
    const raised = new Set(this.#plan.alerts.flatMap((alert) => (alert.linkId === linkId ? (alert.codes ?? []) : [])))
    if (alarming.some((code) => !raised.has(code))) {
      this.#fault(`nobody hears of an answer to ${which} above 0 (${extensionUrls.alert} on its options)`)
    }
    if (!this.#plan.alerts.some((alert) => alert.linkId === linkId && alert.codes === null)) {
      this.#fault(`nobody hears when ${which} is left open (${extensionUrls.alertUnanswered})`)
    }
  }

  #isAlwaysAsked(linkId: string): boolean {
    const isFree = ({ enableWhen, expressions }: PlanItem) =>
      enableWhen === undefined && expressions?.enabled !== true && expressions?.value !== true
    for (let place = indexOf(this.#plan).find(linkId); place !== undefined; place = place.parent) {
      const isGated =
        place.item.loop?.gated === true || (place.item.kind === "question" && place.item.linkId !== linkId)
      if (!isFree(place.item) || isGated) return false
    }
    return true
  }

  #checkTotal(): void {
    for (const item of this.#items) {
      if (isTotal(item, this.#instrument.total) && this.#asked(item) !== undefined) {
        this.#fault(
          `its total (${item.linkId}) is asked; it is to be computed (${extensionUrls.sumOf}, or calculatedExpression and readOnly)`
        )
      }
    }
  }
}

/** One line for each way in which a questionnaire is not the instrument that it is called. */
export const instrumentFaults = (questionnaire: Questionnaire, plan: Plan): ReadonlyArray<string> => {
  const instrument = known(questionnaire)
  return instrument === undefined ? [] : new Checking(instrument, questionnaire, plan).run()
}
