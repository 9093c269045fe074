/**
 * Walks a questionnaire's machine wherever it can go. Two moments count as one when they stand at the same question, wait
 * for the same, and whatever still depends on earlier answers would go the same way: so every branch is walked, and not
 * every combination of answers that makes no difference.
 */
import { initialTransition, type AnyStateNode, type TransitionDefinition } from "xstate"
import { isMet } from "#machines/condition.ts"
import { formOf } from "#machines/form.ts"
import { repromptsMax } from "#machines/interview-setup.ts"
import type { InterviewEvent } from "#machines/interview.ts"
import { type InterviewMachine, interviewMachine, type InterviewSnapshot } from "#machines/questionnaire.ts"
import { mayBeSeveral, type Plan, type PlanItem, type PlanQuestion, type PlanTest } from "#machines/plan.ts"
import type { RecordedAnswer } from "#schemas/record.ts"
import { answerWith, valueFault } from "#src/questionnaire/values.ts"
import { explore } from "./explore.ts"
import { randomOf, randomValue, telling } from "./fill.ts"

export interface Walked {
  readonly machine: InterviewMachine
  readonly seen: ReadonlyMap<string, InterviewSnapshot>
  readonly edges: ReadonlyMap<string, ReadonlySet<string>>
  /** Leaf states by their ids. */
  readonly reached: ReadonlySet<string>
  readonly leaves: ReadonlyArray<string>
  readonly taken: ReadonlySet<string>
  readonly transitions: ReadonlyArray<string>
}

const nameOf = (definition: TransitionDefinition<never, never>): string => {
  const { source, eventType, target, guard } = definition as unknown as {
    readonly source: AnyStateNode
    readonly eventType: string
    readonly target?: ReadonlyArray<AnyStateNode>
    readonly guard?: unknown
  }
  const guarded = typeof guard === "string" ? ` if ${guard}` : ""
  return `${source.id} on ${eventType}${guarded} -> ${(target ?? []).map(({ id }) => id).join()}`
}

/** Every item that a condition may enable, with its tests, in order. */
const conditional = (
  items: ReadonlyArray<PlanItem>
): ReadonlyArray<{ linkId: string; tests: ReadonlyArray<PlanTest> }> =>
  items.flatMap(({ linkId, enableWhen, items: inner }) => [
    ...(enableWhen === undefined ? [] : [{ linkId, tests: enableWhen.tests }]),
    ...conditional(inner)
  ])

const positions = (items: ReadonlyArray<PlanItem>, into = new Map<string, number>()): Map<string, number> => {
  for (const item of items) {
    into.set(item.linkId, into.size)
    positions(item.items, into)
  }
  return into
}

const events = (snapshot: InterviewSnapshot): ReadonlySet<string> => {
  const nodes = (snapshot as unknown as { readonly _nodes: ReadonlyArray<AnyStateNode> })._nodes
  return new Set(nodes.flatMap((node) => node.ownEvents as ReadonlyArray<string>))
}

/** Computed values are not needed here: nothing that is shipped depends on one. */
export const walk = (plan: Plan, statesMax = 20_000): Walked => {
  const machine = interviewMachine(plan)
  const hints = telling(plan)
  const conditions = conditional(plan.items)
  const order = positions(plan.items)

  /** One answer for each way that a condition may go. */
  const valuesOf = (question: PlanQuestion) => {
    const plain = randomValue(question, randomOf(1))
    const wanted = (hints.get(question.linkId) ?? []).map((value) =>
      question.chooseMax !== undefined && typeof value === "string" ? [value] : value
    )
    const others =
      question.itemType === "boolean" ? [true, false] : question.options.slice(0, 2).map(({ code }) => code)
    const all = wanted.length === 0 ? [plain] : [...wanted, plain, ...(question.chooseMax === undefined ? others : [])]
    return [
      ...new Map(
        all.filter((value) => valueFault(question, value) === undefined).map((value) => [JSON.stringify(value), value])
      ).values()
    ]
  }
  const answers = new Map(plan.questions.map((question) => [question.linkId, valuesOf(question)]))

  const samples = (type: string, snapshot: InterviewSnapshot): ReadonlyArray<InterviewEvent> => {
    const { linkId } = snapshot.context
    switch (type) {
      case "*":
        return [{ type: "stop.request" }]
      case "answer.given": {
        const question = plan.questions.find((candidate) => candidate.linkId === linkId)
        if (question === undefined) return []
        return (answers.get(linkId) ?? []).flatMap((value, index): ReadonlyArray<InterviewEvent> => {
          const given = { type: "answer.given" as const, linkId, answer: answerWith(question, value, plan.language) }
          const touched = { ...given, via: "touch" as const, sure: true }
          const heard = { ...given, via: "voice" as const }
          return index > 0
            ? [touched]
            : [
                // The first is kept of moments that count as one: what was spoken is read back at the end.
                { ...heard, sure: true },
                touched,
                { ...heard, sure: false },
                ...(mayBeSeveral(question) ? [{ ...heard, sure: false, isPartial: true as const }] : []),
                { ...heard, sure: false, isDistressed: true }
              ]
        })
      }
      case "answer.stored":
      case "answer.store.failed":
        return [{ type, linkId }]
      case "question.goto":
        return [plan.questions[0]?.linkId, linkId].flatMap((wanted) =>
          wanted === undefined || wanted === "" ? [] : { type, linkId: wanted }
        )
      case "answer.unmatched":
        return [{ type, reason: "no_match" }]
      case "consent.given":
      case "consent.withdrawn":
      case "initial.kept":
        return [{ type, via: "touch" }]
      default:
        return [{ type } as InterviewEvent]
    }
  }

  const keyOf = (snapshot: InterviewSnapshot): string => {
    const { context, value, status } = snapshot
    const { kept, next } = context
    const counted = formOf(plan, kept).steps.filter(({ asks, key }) => asks === "answer" && key in kept.answers)
    if (snapshot.matches("reviewing" as never)) {
      const attempt = Math.min(context.attempt, repromptsMax + 1)
      return JSON.stringify([value, context.group, counted.length, attempt, context.reviewed])
    }
    // After the end, only what can be done at each question is of interest.
    if (context.wasCompleted) {
      const { linkId, isOver, reviewed } = context
      const isAnswered = Object.values(kept.answers).some((one) => one.linkId === linkId)
      return JSON.stringify([value, status, linkId, next?.asks, isOver, isAnswered, reviewed === "done"])
    }
    const here = order.get(context.linkId) ?? -1
    const open = formOf(plan, kept).steps.find((step) => step.isOpen)
    const undecided = conditions
      .filter(({ linkId }) => (order.get(linkId) ?? 0) > here)
      .flatMap(({ tests }) =>
        tests.map((test) => {
          const all = Object.values(kept.answers).filter(({ linkId }: RecordedAnswer) => linkId === test.question)
          return isMet(
            test,
            all.map(({ answer }) => answer)
          )
        })
      )
    const nth = (at: ReadonlyArray<number> | undefined) => (at ?? []).map((index) => Math.min(index, 1))
    /** Whoever went back to a question is asked it as at first; where all goes on from does not matter to it. */
    const isFront = open?.linkId === context.linkId || context.linkId === ""
    if (!isFront) return JSON.stringify([value, status, context.linkId, nth(context.at), next?.asks, "back"])
    return JSON.stringify([
      value,
      status,
      context.linkId,
      nth(context.at),
      next?.asks,
      Math.min(next?.count ?? 0, 2),
      Math.min(context.attempt, repromptsMax + 1),
      context.pending !== undefined && (hints.has(context.linkId) ? context.pending.answer.value : true),
      context.unheard && (snapshot.hasTag("listening") || snapshot.hasTag("consenting")),
      undecided
    ])
  }

  const [first] = initialTransition(machine, {})
  const reached = new Set<string>()
  const taken = new Set<string>()
  const { seen, edges } = explore(machine, [first], {
    keyOf,
    eventsAt: (snapshot) => [...events(snapshot)].flatMap((type) => samples(type, snapshot)),
    onMoment: (snapshot) => {
      for (const node of (snapshot as unknown as { readonly _nodes: ReadonlyArray<AnyStateNode> })._nodes) {
        if (node.type === "atomic" || node.type === "final") reached.add(node.id)
      }
    },
    onEvent: (snapshot, event) => {
      for (const definition of machine.getTransitionData(snapshot, event)) taken.add(nameOf(definition as never))
    },
    max: statesMax
  })

  const leaves: Array<string> = []
  const transitions: Array<string> = []
  const collect = (node: AnyStateNode): void => {
    const children = Object.values(node.states) as ReadonlyArray<AnyStateNode>
    if (children.length === 0) leaves.push(node.id)
    for (const definitions of node.transitions.values())
      transitions.push(...definitions.map((one) => nameOf(one as never)))
    for (const child of children) collect(child)
  }
  collect(machine.root)
  return { machine, seen, edges, reached, leaves, taken, transitions: [...new Set(transitions)] }
}

/** Moments from which the end can be reached. */
export const finishing = ({ seen, edges }: Walked): ReadonlySet<string> => {
  const back = new Map<string, Array<string>>()
  for (const [from, targets] of edges) for (const to of targets) back.set(to, [...(back.get(to) ?? []), from])
  const found = new Set(
    [...seen].filter(([, snapshot]) => snapshot.hasTag("completed") || snapshot.matches("parked")).map(([key]) => key)
  )
  const queue = [...found]
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    for (const from of back.get(key) ?? []) {
      if (found.has(from)) continue
      found.add(from)
      queue.push(from)
    }
  }
  return found
}
