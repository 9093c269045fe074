/** Where an interview goes next: the first open question of the form as it stands, or where the person wants to go. Pure. */
import { introsOf, type Evaluate, type Form, formsOf, type Step } from "./form.ts"
import { raisedAtEnd } from "./alerts.ts"
import type { InterviewContext, Next } from "./interview-setup.ts"
import type { AskedPlace, InterviewEvent, InterviewOutput } from "./interview.ts"
import { type At, hasRoomFor, keyOf, type Kept, nothingKept, startsWith, withAnswer } from "./kept.ts"
import type { RecordedAnswer } from "#schemas/record.ts"
import type { Plan, PlanConstraint, PlanItem } from "./plan.ts"
import { indexOf } from "./plan-index.ts"

/** What does not fit in the finished whole is asked about so often; then the interview ends as stopped. */
const complaintsMax = 3

type Goto = Extract<InterviewEvent, { type: "question.goto" }>

type Given = Extract<InterviewEvent, { type: "answer.given" }>

const given = (linkId: string, at: At, { answer, more, via }: Given): RecordedAnswer => ({
  linkId,
  at,
  answer,
  ...(more === undefined ? {} : { more }),
  via,
  revised: false
})

export class Router {
  readonly #plan: Plan
  readonly #formOf: (kept: Kept) => Form

  constructor(plan: Plan, evaluate?: Evaluate) {
    this.#plan = plan
    this.#formOf = formsOf(plan, evaluate)
  }

  /** Whether it is ever asked if there is another one. */
  get repeats(): boolean {
    const holds = (items: ReadonlyArray<PlanItem>): boolean =>
      items.some(({ loop, items: inner }) => loop !== undefined || holds(inner))
    return holds(this.#plan.items)
  }

  form(kept: Kept): Form {
    return this.#formOf(kept)
  }

  place(kept: Kept, step: Step): AskedPlace {
    const form = this.#formOf(kept)
    let [index, total] = [1, 0]
    for (const one of form.steps) {
      if (one.asks === "answer") total++
      if (one === step) index = Math.max(1, total)
    }
    const initial = this.#initialOf(form, step)
    const entry = this.#entryOf(kept, step)
    return {
      linkId: step.linkId,
      ...(step.at.length === 0 ? {} : { at: step.at }),
      index,
      total,
      required: step.required,
      intros: introsOf(this.#plan, form, step),
      ...(entry === undefined ? {} : { entry }),
      ...(initial === undefined ? {} : { initial }),
      ...(this.isFeminine(kept) ? { feminine: true } : {})
    }
  }

  #entryOf({ answers }: Kept, { asks, linkId, at }: Step): string | undefined {
    let list = indexOf(this.#plan).place(linkId).parent
    while (list !== undefined && list.item.loop === undefined) list = list.parent
    if (asks === "another" || list === undefined) return undefined
    const { item, depth } = list
    const isNamed = ({ question }: PlanItem) => question !== undefined && this.#plan.questions[question]?.lists === true
    const named = item.kind === "question" ? item : item.items.find(isNamed)
    if (named === undefined || named.linkId === linkId) return undefined
    const answer = answers[keyOf(named.linkId, at.slice(0, depth + 1))]
    return answer?.ofSeveral === true ? answer.answer.display : undefined
  }

  #initialOf({ initial }: Form, { asks, linkId, at, index, key }: Step) {
    if (asks === "another") return undefined
    const repeats = indexOf(this.#plan).place(linkId).item.loop !== undefined
    const offered = initial[repeats ? keyOf(linkId, at.slice(0, -1)) : key] ?? this.#plan.questions[index]?.initial
    return offered?.[repeats ? (at.at(-1) ?? 0) : 0]
  }

  isFeminine({ answers }: Kept): boolean {
    const { feminineWhen } = this.#plan
    return feminineWhen !== undefined && answers[feminineWhen.linkId]?.answer.value === feminineWhen.code
  }

  #nextOf(kept: Kept, step: Step | undefined): Next | undefined {
    if (step === undefined) return undefined
    const { asks, index, at, count } = step
    return { asks, index, at, count, place: this.place(kept, step) }
  }

  /** Those that count, in the order of their questions. */
  answers(kept: Kept): ReadonlyArray<RecordedAnswer> {
    return this.#formOf(kept).steps.flatMap(({ asks, key }) => (asks === "answer" ? (kept.answers[key] ?? []) : []))
  }

  firstOpen(kept: Kept): Step | undefined {
    return this.#formOf(kept).steps.find(({ isOpen }) => isOpen)
  }

  isWholeAgain({ kept, wasCompleted }: InterviewContext): boolean {
    return wasCompleted && this.firstOpen(kept) === undefined && this.violated(kept).length === 0
  }

  /** The first that is open; where all is answered and something does not fit together, that. */
  route(context: InterviewContext): Partial<InterviewContext> {
    const { kept } = context
    const open = this.firstOpen(kept)
    if (open !== undefined) return { next: this.#nextOf(kept, open) }
    const violated = this.violated(kept)[0]
    if (violated === undefined) return { next: undefined }
    const complaints = context.complaints + 1
    const step = this.#lastWithin(kept, violated.linkId)
    return { next: this.#nextOf(kept, step), complaint: violated.human, complaints }
  }

  violated(kept: Kept): ReadonlyArray<PlanConstraint> {
    const ids = this.#formOf(kept).violated
    return this.#plan.constraints.filter(({ id }) => ids.includes(id))
  }

  isBeyondRepair({ complaints }: InterviewContext): boolean {
    return complaints > complaintsMax
  }

  #lastWithin(kept: Kept, linkId: string): Step | undefined {
    const index = indexOf(this.#plan)
    return this.#formOf(kept).steps.findLast(
      (step) =>
        step.asks === "answer" && (linkId === "" || step.linkId === linkId || index.isAround(linkId, step.linkId))
    )
  }

  /** Where an earlier connection ended, if that is still asked. */
  resume({ kept, linkId, at, stoodAtAnother }: InterviewContext): Partial<InterviewContext> | undefined {
    const asks = stoodAtAnother ? "another" : "answer"
    const key = keyOf(linkId, at)
    const step = this.#formOf(kept).steps.find((candidate) => candidate.asks === asks && candidate.key === key)
    return step === undefined ? undefined : { next: this.#nextOf(kept, step) }
  }

  /** At the question that was asked last, answered or not. */
  stay(context: InterviewContext): Partial<InterviewContext> {
    const stoodAtAnother = context.next?.asks === "another"
    return this.resume({ ...context, stoodAtAnother }) ?? this.resume({ ...context, stoodAtAnother: false }) ?? {}
  }

  back({ kept, linkId, at, next }: InterviewContext): Partial<InterviewContext> {
    const { steps } = this.#formOf(kept)
    const key = keyOf(linkId, at)
    const here = steps.findIndex((step) => step.key === key && step.asks === next?.asks)
    const before = steps.slice(0, Math.max(0, here)).findLast(({ asks }) => asks === "answer")
    return { next: this.#nextOf(kept, before ?? steps[Math.max(0, here)]) }
  }

  #wanted({ kept }: InterviewContext, { linkId, at: exact }: Goto): Step | undefined {
    const place = indexOf(this.#plan).find(linkId)
    if (place === undefined) return undefined
    const steps = this.#formOf(kept).steps.filter((step) => step.asks === "answer" && step.linkId === linkId)
    if (exact !== undefined) return steps.find(({ key }) => key === keyOf(linkId, exact))
    const last = steps.at(-1)
    if (last !== undefined) return steps.find(({ at }) => startsWith(at, last.at.slice(0, place.depth)))
    return place.item.kind === "group" ? this.#reopened(kept, linkId) : undefined
  }

  /** Whether there is another one, asked once more. */
  #reopened(kept: Kept, linkId: string): Step | undefined {
    const form = this.#formOf(kept)
    const { item, depth } = indexOf(this.#plan).place(linkId)
    const { loop } = item
    if (loop === undefined) return undefined
    const open = form.steps.findLast((step) => step.asks === "another" && step.linkId === linkId)
    if (open !== undefined) return open
    const last = form.told.findLast((entry) => entry.item === item)
    const at = last?.at.slice(0, depth) ?? (depth === 0 ? [] : undefined)
    const key = at === undefined ? "" : keyOf(linkId, at)
    const count = kept.loops[key]?.count
    if (at === undefined || count === undefined || count >= loop.max) return undefined
    return { asks: "another", linkId, index: loop.index, at, key, required: false, isOpen: true, count }
  }

  mayGoto(context: InterviewContext, event: InterviewEvent): boolean {
    if (event.type !== "question.goto" || context.consented === undefined) return false
    return this.#wanted(context, event) !== undefined
  }

  goto(context: InterviewContext, event: InterviewEvent): Partial<InterviewContext> {
    const step = event.type === "question.goto" ? this.#wanted(context, event) : undefined
    return { next: this.#nextOf(context.kept, step) }
  }

  /** Why an answer cannot be taken: a rule of its own question that it breaks. */
  complaintAbout({ kept, linkId, at }: InterviewContext, event: InterviewEvent): string | undefined {
    if (event.type !== "answer.given") return undefined
    if (!this.#plan.constraints.some((constraint) => constraint.linkId === linkId)) return undefined
    const record = given(linkId, at, event)
    return this.violated(withAnswer(this.#plan, kept, record)).find((constraint) => constraint.linkId === linkId)?.human
  }

  /** Whether a list has room for all that was said. */
  hasRoomFor({ kept, linkId, at }: InterviewContext, event: InterviewEvent): boolean {
    return event.type !== "answer.given" || hasRoomFor(this.#plan, kept, given(linkId, at, event))
  }

  ended(
    { kept, alerts }: InterviewContext,
    status: Extract<InterviewOutput, { type: "interview.ended" }>["status"]
  ): Extract<InterviewOutput, { type: "interview.ended" }> {
    if (status === "declined" || status === "withdrawn")
      return { type: "interview.ended", status, kept: nothingKept, alerts: [], closing: [] }
    const form = this.#formOf(kept)
    return {
      type: "interview.ended",
      status,
      kept,
      alerts: raisedAtEnd(this.#plan, alerts, form, (key) => kept.answers[key] !== undefined),
      closing: status === "stopped" ? [] : introsOf(this.#plan, form, undefined)
    }
  }
}
