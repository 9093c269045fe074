/**
 * How many ways there are through a questionnaire, and how many questions the shortest and the longest ask. Two ways differ
 * when they ask different questions. Each condition is tried every way that an answer can make it go; what repeats is there
 * once or not at all; conditions that are expressions go as they do for those answers. Pure.
 */
import { isMet } from "#machines/condition.ts"
import { type Evaluate, formsOf, type Step } from "#machines/form.ts"
import { type Kept, nothingKept, withAnother, withAnswer, withSkip } from "#machines/kept.ts"
import type { Plan, PlanItem, PlanQuestion, PlanTest } from "#machines/plan.ts"
import type { AnswerValue } from "#schemas/wire.ts"
import { answerWith, valueFault } from "./values.ts"

export interface Paths {
  readonly count: number
  /** Questions. */
  readonly shortest: number
  readonly longest: number
  /** There are too many: the walk was cut short, and the figures say nothing. */
  readonly tooMany: boolean
}

interface Condition {
  readonly linkId: string
  readonly tests: ReadonlyArray<PlanTest>
}

const conditionsOf = (items: ReadonlyArray<PlanItem>): ReadonlyArray<Condition> =>
  items.flatMap(({ linkId, enableWhen, items: inner }) => [
    ...(enableWhen === undefined ? [] : [{ linkId, tests: enableWhen.tests }]),
    ...conditionsOf(inner)
  ])

const inOrder = (items: ReadonlyArray<PlanItem>): ReadonlyArray<string> =>
  items.flatMap(({ linkId, items: inner }) => [linkId, ...inOrder(inner)])

/** A day apart: what is just over or under a bound. */
const dayMs = 86_400_000

const near = (value: PlanTest["value"]): ReadonlyArray<PlanTest["value"]> => {
  if (typeof value === "number") return [value, value + 1, value - 1, value + 0.5, value - 0.5]
  if (typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value)) {
    const at = Date.parse(value)
    return [value, ...[at + dayMs, at - dayMs].map((ms) => new Date(ms).toISOString().slice(0, 10))]
  }
  return [value]
}

/** Something that the question takes, where no condition says what. */
const plain = ({ itemType, options, min, units }: PlanQuestion): ReadonlyArray<AnswerValue> => {
  const least = typeof min === "number" ? min : 1
  switch (itemType) {
    case "boolean":
      return [true, false]
    case "choice":
    case "open-choice":
      return options.map(({ code }) => code)
    case "integer":
    case "decimal":
      return [least, least + 1]
    case "quantity": {
      const unit = units?.[0]
      return unit === undefined ? [least] : [{ value: least, unit: unit.code ?? unit.display }]
    }
    case "date":
      return ["2020-01-01", ...(typeof min === "string" ? [min.slice(0, 10)] : [])]
    case "dateTime":
      return ["2020-01-01T12:00:00Z"]
    case "time":
      return ["12:00"]
    case "url":
      return ["https://example.org"]
    case "string":
    case "text":
      return ["a few words"]
  }
}

class Walk {
  readonly #plan: Plan
  readonly #conditions: ReadonlyArray<Condition>
  readonly #order: ReadonlyMap<string, number>
  readonly #formOf
  readonly #known = new Map<string, Paths>()
  /** Moments that may still be looked at. */
  #left: number

  constructor(plan: Plan, evaluate: Evaluate | undefined, max: number) {
    this.#plan = plan
    this.#conditions = conditionsOf(plan.items)
    this.#order = new Map(inOrder(plan.items).map((linkId, index) => [linkId, index]))
    this.#formOf = formsOf(plan, evaluate)
    this.#left = max
  }

  #truths(kept: Kept, tests: ReadonlyArray<PlanTest>): string {
    const given = Object.values(kept.answers)
    return tests
      .map((test) =>
        isMet(
          test,
          given.filter(({ linkId }) => linkId === test.question).map(({ answer }) => answer)
        )
          ? "1"
          : "0"
      )
      .join("")
  }

  /** One for each way that the conditions on this question can go. */
  #branches(kept: Kept, { linkId, at, index, required }: Step): ReadonlyArray<Kept> {
    const question = this.#plan.questions[index]
    if (question === undefined) return [withSkip(kept, linkId, at)]
    const tests = this.#conditions.flatMap((one) => one.tests).filter((test) => test.question === linkId)
    const told = tests.flatMap(({ operator, value, unit }): ReadonlyArray<AnswerValue> =>
      operator === "exists"
        ? []
        : near(value).map((one) => (unit !== undefined && typeof one === "number" ? { value: one, unit } : one))
    )
    const wanted = [...told, ...plain(question)].map((value) =>
      question.chooseMax !== undefined && typeof value === "string" ? [value] : value
    )
    const answered = wanted
      .filter((value) => valueFault(question, value) === undefined)
      .map((value) => {
        const answer = answerWith(question, value, this.#plan.language)
        const place = at.length === 0 ? { linkId } : { linkId, at }
        return withAnswer(this.#plan, kept, { ...place, answer, via: "touch", revised: false })
      })
    const all = required && answered.length > 0 ? answered : [...answered, withSkip(kept, linkId, at)]
    // What nothing depends on goes one way.
    if (tests.length === 0) return all.slice(0, 1)
    return [...new Map(all.map((next) => [this.#truths(next, tests), next])).values()]
  }

  /** What the answers so far still decide, from this step on. */
  #nameOf(kept: Kept, { linkId }: Step): string {
    const here = this.#order.get(linkId) ?? 0
    const later = this.#conditions.filter((one) => (this.#order.get(one.linkId) ?? 0) >= here)
    const loops = Object.entries(kept.loops).map(([key, { count, closed }]) => `${key}:${count}${closed}`)
    const tests = later.flatMap((one) => one.tests)
    return `${this.#truths(kept, tests)} ${loops.join()}`
  }

  /** Whether there is another one is no question of its own: both are gone on with. */
  #standing(kept: Kept): ReadonlyArray<readonly [Step | undefined, Kept]> {
    const step = this.#formOf(kept).steps.find(({ isOpen }) => isOpen)
    if (step?.asks !== "another") return [[step, kept]]
    const { linkId, at, count } = step
    const choices = count === 0 ? [true, false] : [false]
    return choices.flatMap((wanted) => this.#standing(withAnother(kept, linkId, at, count, wanted)))
  }

  /** All that the same questions may have led to. What is asked next parts them; what is not asked does not. */
  from(all: ReadonlyArray<Kept>): Paths {
    const asked = new Map<string, { readonly step: Step | undefined; readonly kept: Map<string, Kept> }>()
    for (const one of all) {
      for (const [step, kept] of this.#standing(one)) {
        const key = step?.key ?? ""
        const group = asked.get(key) ?? { step, kept: new Map<string, Kept>() }
        group.kept.set(step === undefined ? "" : this.#nameOf(kept, step), kept)
        asked.set(key, group)
      }
    }
    const ways = [...asked.values()].map(({ step, kept }) => this.#through(step, kept))
    return {
      count: ways.reduce((sum, { count }) => sum + count, 0),
      shortest: Math.min(...ways.map(({ shortest }) => shortest)),
      longest: Math.max(...ways.map(({ longest }) => longest)),
      tooMany: ways.some(({ tooMany }) => tooMany)
    }
  }

  #through(step: Step | undefined, kept: ReadonlyMap<string, Kept>): Paths {
    if (step === undefined) return { count: 1, shortest: 0, longest: 0, tooMany: false }
    const name = JSON.stringify([step.key, [...kept.keys()].toSorted()])
    const known = this.#known.get(name)
    if (known !== undefined) return known
    this.#left -= kept.size
    if (this.#left < 0) return { count: 1, shortest: 1, longest: 1, tooMany: true }
    const rest = this.from([...kept.values()].flatMap((one) => this.#branches(one, step)))
    const paths = { ...rest, shortest: rest.shortest + 1, longest: rest.longest + 1 }
    this.#known.set(name, paths)
    return paths
  }
}

const statesMax = 20_000

export const pathsOf = (plan: Plan, evaluate?: Evaluate, max = statesMax): Paths =>
  new Walk(plan, evaluate, max).from([nothingKept])
