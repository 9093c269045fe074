/** Everywhere that a machine of an interview can come to, breadth first. What counts as the same moment, the caller says. */
import { createActor } from "xstate"
import type { InterviewEvent } from "#machines/interview.ts"
import type { InterviewMachine, InterviewSnapshot } from "#machines/questionnaire.ts"

export interface Exploration {
  readonly keyOf: (snapshot: InterviewSnapshot) => string
  readonly eventsAt: (snapshot: InterviewSnapshot) => Iterable<InterviewEvent>
  /** Told of each moment that is left, once, and of each event that is tried there. */
  readonly onMoment?: (snapshot: InterviewSnapshot) => void
  readonly onEvent?: (snapshot: InterviewSnapshot, event: InterviewEvent) => void
  /** Of moments; over it the walk is cut short. */
  readonly max?: number
}

export interface Explored {
  readonly seen: ReadonlyMap<string, InterviewSnapshot>
  /** Where each moment leads, itself left out. */
  readonly edges: ReadonlyMap<string, ReadonlySet<string>>
}

/** `transition` of xstate makes an actor, with all that the machine begins with, for each step; here one is for all. */
const stepsOf = (machine: InterviewMachine) => {
  const self = createActor(machine, { input: {} })
  const nothing = () => {}
  const scope = {
    self,
    id: self.id,
    sessionId: self.sessionId,
    system: self.system,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: nothing
  }
  return (snapshot: InterviewSnapshot, event: InterviewEvent) => machine.transition(snapshot, event, scope)
}

export const explore = (
  machine: InterviewMachine,
  starts: ReadonlyArray<InterviewSnapshot>,
  { keyOf, eventsAt, onMoment, onEvent, max = Infinity }: Exploration
): Explored => {
  const step = stepsOf(machine)
  const seen = new Map(starts.map((snapshot) => [keyOf(snapshot), snapshot]))
  const edges = new Map<string, Set<string>>()
  const queue = [...starts]
  for (let at = 0; at < queue.length && queue.length < max; at++) {
    const snapshot = queue[at] as InterviewSnapshot
    const from = keyOf(snapshot)
    const targets = new Set<string>()
    edges.set(from, targets)
    onMoment?.(snapshot)
    if (snapshot.status !== "active") continue
    for (const event of eventsAt(snapshot)) {
      onEvent?.(snapshot, event)
      const next = step(snapshot, event)
      const key = keyOf(next)
      if (key !== from) targets.add(key)
      if (seen.has(key)) continue
      seen.set(key, next)
      queue.push(next)
    }
  }
  return { seen, edges }
}
