/**
 * The form as it stands: which items are enabled after these answers, how often what repeats is there, and what is still to
 * be asked, in order. Derived anew from what is kept, never remembered, so that an answer which enables or disables others
 * needs no bookkeeping. Expressions are evaluated by a function that is handed in; they may depend on each other, so the
 * form is walked until nothing changes.
 *
 * Where something repeats, `at` holds the number (from 0) of each occurrence around and of an item, outermost first.
 * A condition on a question that repeats elsewhere holds when it holds for any of its answers (FHIR R4, enableWhen).
 */
import type { Answer } from "#schemas/record.ts"
import { isMet } from "./condition.ts"
import type { At, Kept } from "./kept.ts"
import { keyOf, placesOf, startsWith } from "./kept.ts"
import type { Plan, PlanItem, Spoken } from "./plan.ts"
import { indexOf, type ItemPlace, type PlanIndex } from "./plan-index.ts"

/** What expressions come to. Keys are `keyOf` an item's instance. */
export interface Evaluated {
  readonly enabled: Readonly<Record<string, boolean>>
  readonly values: Readonly<Record<string, ReadonlyArray<Answer>>>
  readonly initial: Readonly<Record<string, ReadonlyArray<Answer>>>
  /** Ids of the constraints that do not hold. */
  readonly violated: ReadonlyArray<string>
}
export type Evaluate = (form: Form) => Evaluated

/** An enabled item, once for each occurrence. */
export interface Instance {
  readonly item: PlanItem
  readonly at: At
  readonly key: string
  readonly answers: ReadonlyArray<Answer>
  readonly items: ReadonlyArray<Instance>
}

/** Something that is asked: a question, or whether there is another occurrence. */
export interface Step {
  readonly asks: "answer" | "another"
  readonly linkId: string
  /** Its place among the questions, or among what repeats. */
  readonly index: number
  readonly at: At
  readonly key: string
  readonly required: boolean
  readonly isOpen: boolean
  /** "another": how many there are already. */
  readonly count: number
}

export interface Form {
  readonly items: ReadonlyArray<Instance>
  /** What is told and asked, in order. */
  readonly told: ReadonlyArray<{ readonly step?: Step; readonly item: PlanItem; readonly at: At }>
  readonly steps: ReadonlyArray<Step>
  /** Instances whose `enabled` an expression decides, enabled or not. */
  readonly candidates: ReadonlyArray<{ readonly item: PlanItem; readonly at: At; readonly key: string }>
  readonly violated: ReadonlyArray<string>
  readonly initial: Evaluated["initial"]
}

const none: ReadonlyArray<never> = []
const nothing: Evaluated = { enabled: {}, values: {}, initial: {}, violated: [] }

/** Expressions that feed each other settle in a few rounds; those that never do are cut off here. */
const roundsMax = 8

class Walk {
  readonly #index: PlanIndex
  readonly #kept: Kept
  readonly #evaluated: Evaluated
  #recorded: ReadonlyMap<string, ReadonlyArray<At>> | undefined
  readonly #enabled = new Map<string, boolean>()
  readonly told: Array<Form["told"][number]> = []
  readonly late: Array<Step> = []
  readonly candidates: Array<Form["candidates"][number]> = []

  constructor(index: PlanIndex, kept: Kept, evaluated: Evaluated) {
    this.#index = index
    this.#kept = kept
    this.#evaluated = evaluated
  }

  /** Of what is enabled itself. */
  items(items: ReadonlyArray<PlanItem>, at: At): ReadonlyArray<Instance> {
    const found: Array<Instance> = []
    for (const item of items) {
      const isFree = item.enableWhen === undefined && item.expressions?.enabled !== true
      if (item.expressions?.enabled === true) this.candidates.push({ item, at, key: keyOf(item.linkId, at) })
      if (!isFree && !this.#isEnabled(item, at)) continue
      if (item.loop === undefined) found.push(this.#instance(item, at, item.required === true))
      else found.push(...this.#occurrences(item, item.loop, at))
    }
    return found
  }

  #occurrences(item: PlanItem, loop: NonNullable<PlanItem["loop"]>, at: At): ReadonlyArray<Instance> {
    const key = keyOf(item.linkId, at)
    const { count: told, closed } = this.#kept.loops[key] ?? { count: loop.gated ? 0 : 1, closed: false }
    const count = Math.max(told, loop.min)
    const found: Array<Instance> = []
    let passedOver = false
    for (let nth = 0; nth < count && !passedOver; nth++) {
      const required = item.kind === "question" && nth < loop.min && (item.required === true || nth > 0)
      const instance = this.#instance(item, [...at, nth], required)
      found.push(instance)
      // Whoever passes over one has no more of them.
      passedOver =
        item.kind === "question" && instance.answers.length === 0 && this.#kept.skipped[instance.key] === true
    }
    if (!closed && !passedOver && count < loop.max) {
      const { linkId } = item
      const step: Step = {
        asks: "another",
        linkId,
        index: loop.index,
        at,
        key,
        required: false,
        isOpen: true,
        count
      }
      this.told.push({ step, item, at })
    }
    return found
  }

  #instance(item: PlanItem, at: At, required: boolean): Instance {
    const { linkId, question: index } = item
    const key = keyOf(linkId, at)
    const computed = item.expressions === undefined ? undefined : this.#evaluated.values[key]
    const record = index === undefined ? undefined : this.#kept.answers[key]
    const isComputed = computed !== undefined && computed.length > 0
    const answers = isComputed
      ? computed
      : index === undefined
        ? (this.#evaluated.initial[key] ?? item.fixed ?? [])
        : record === undefined
          ? []
          : [record.answer]
    if (index === undefined) this.told.push({ item, at })
    else if (!isComputed) {
      const isOpen = record === undefined && this.#kept.skipped[key] === undefined
      const step: Step = { asks: "answer", linkId, index, at, key, required, isOpen, count: 0 }
      // What could not be computed is asked for last, when all that it might follow from is known.
      if (item.expressions?.value === true) this.late.push(step)
      else this.told.push({ step, item, at })
    }
    const hasInside = item.items.length > 0 && (item.kind !== "question" || answers.length > 0)
    return { item, at, key, answers, items: hasInside ? this.items(item.items, at) : none }
  }

  /** `at` of what is around the item. */
  #isEnabled(item: PlanItem, at: At): boolean {
    const key = keyOf(item.linkId, at)
    const known = this.#enabled.get(key)
    if (known !== undefined) return known
    // Conditions that lead back to themselves enable nothing (they are refused when a questionnaire loads).
    this.#enabled.set(key, false)
    const enabled = this.#decide(item, at, key)
    this.#enabled.set(key, enabled)
    return enabled
  }

  #decide(item: PlanItem, at: At, key: string): boolean {
    const place = this.#index.place(item.linkId)
    const { parent } = place
    if (parent !== undefined) {
      if (!this.#isEnabled(parent.item, at.slice(0, parent.depth))) return false
      if (parent.item.kind === "question" && !this.#hasAnswer(parent, at)) return false
    }
    if (item.expressions?.enabled === true && this.#evaluated.enabled[key] !== true) return false
    if (item.enableWhen === undefined) return true
    const { behavior, tests } = item.enableWhen
    const holds = (test: (typeof tests)[number]) => isMet(test, this.#answersTo(test.question, place, at))
    return behavior === "any" ? tests.some(holds) : tests.every(holds)
  }

  #hasAnswer({ item, depth }: ItemPlace, at: At): boolean {
    const key = keyOf(item.linkId, item.loop === undefined ? at.slice(0, depth) : at.slice(0, depth + 1))
    return this.#valuesAt(item, key).length > 0
  }

  #valuesAt(item: PlanItem, key: string): ReadonlyArray<Answer> {
    const computed = item.expressions === undefined ? undefined : this.#evaluated.values[key]
    if (computed !== undefined && computed.length > 0) return computed
    const record = item.question === undefined ? undefined : this.#kept.answers[key]
    if (record !== undefined) return [record.answer]
    return item.question === undefined ? (this.#evaluated.initial[key] ?? item.fixed ?? []) : []
  }

  /** The answers to another question that an item at this place looks at: those nearest to it. */
  #answersTo(linkId: string, from: ItemPlace, at: At): ReadonlyArray<Answer> {
    const place = this.#index.find(linkId)
    if (place === undefined) return []
    const { item, depth } = place
    if (place.loops.length === 0) return this.#isEnabled(item, none) ? this.#valuesAt(item, linkId) : none
    const near = at.slice(0, this.#index.sharedLoops(from, place))
    this.#recorded ??= placesOf([...Object.keys(this.#kept.answers), ...Object.keys(this.#evaluated.values)])
    const isSilent = item.question === undefined && item.expressions === undefined
    return (isSilent ? [near] : (this.#recorded.get(linkId) ?? none))
      .filter((other) => startsWith(other, near) && this.#isEnabled(item, other.slice(0, depth)))
      .flatMap((other) => this.#valuesAt(item, keyOf(linkId, other)))
  }
}

const walk = (plan: Plan, kept: Kept, evaluated: Evaluated): Form => {
  const walked = new Walk(indexOf(plan), kept, evaluated)
  const items = walked.items(plan.items, [])
  const steps = walked.told.flatMap(({ step }) => step ?? [])
  return {
    items,
    told: walked.told,
    steps: [...steps, ...walked.late.filter(({ required, isOpen }) => required || !isOpen)],
    candidates: walked.candidates,
    violated: evaluated.violated,
    initial: evaluated.initial
  }
}

export const formOf = (plan: Plan, kept: Kept, evaluate?: Evaluate): Form => {
  let form = walk(plan, kept, nothing)
  if (evaluate === undefined) return form
  let seen = JSON.stringify(nothing)
  for (let round = 0; round < roundsMax; round++) {
    const evaluated = evaluate(form)
    const now = JSON.stringify(evaluated)
    if (now === seen) break
    seen = now
    form = walk(plan, kept, evaluated)
  }
  return form
}

/** The same for as long as nothing new is kept. */
export const formsOf = (plan: Plan, evaluate?: Evaluate): ((kept: Kept) => Form) => {
  const forms = new WeakMap<Kept, Form>()
  return (kept) => {
    const known = forms.get(kept) ?? formOf(plan, kept, evaluate)
    forms.set(kept, known)
    return known
  }
}

const isStep = (a: Step | undefined, b: Step): boolean => a !== undefined && a.asks === b.asks && a.key === b.key

/** Groups and displays that lead to a step, or (undefined) that close the form. */
export const introsOf = (plan: Plan, form: Form, step: Step | undefined): ReadonlyArray<Told> => {
  const index = indexOf(plan)
  const position = step === undefined ? form.told.length : form.told.findIndex((entry) => isStep(entry.step, step))
  if (position < 0) return []
  let from = position
  while (from > 0 && form.told[from - 1]?.step === undefined) from--
  return form.told.slice(from, position).flatMap(({ item, at }) => {
    if (item.told === undefined) return []
    if (item.kind === "display") return [item.told]
    const isAround = step !== undefined && index.isAround(item.linkId, step.linkId) && startsWith(step.at, at)
    // The heading of what repeats is told once.
    return isAround && (item.loop === undefined || at.at(-1) === 0) ? [item.told] : []
  })
}

export type Told = Spoken & { readonly feminine?: Spoken }
