/**
 * Interviews that nobody ended: the person hung up, or did not come back in time. What was answered becomes a response as
 * it stands, and a safety question that was left open is raised, as it would have been by saying "stop" (R7.9). Found in
 * the store and not in memory, so that a server that falls loses none of them.
 */
import { Effect, Result } from "effect"
import { contextOf } from "#machines/interview-setup.ts"
import { Router } from "#machines/routing.ts"
import type { AuditEvent } from "#schemas/audit.ts"
import { inLanguage } from "#src/questionnaire/load.ts"
import type { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { responseIdOf } from "#src/store/clinic.ts"
import type { Store, Unfinished } from "#src/store/store.ts"
import { keptOf } from "./kept.ts"
import { resultOf } from "./results.ts"

export interface Concluding {
  readonly store: Store["Service"]
  readonly questionnaires: Questionnaires["Service"]
  readonly record: (event: AuditEvent) => void
  readonly nowMs: () => number
}

const conclude = Effect.fnUntraced(function* (
  { questionnaires, record, nowMs }: Concluding,
  { id, subject, entries, questionnaire, journal }: Unfinished
) {
  const loaded = yield* questionnaires.ofSource(questionnaire)
  const agreed = entries.findLast((entry) => entry.type === "consent")?.language
  const held = inLanguage(loaded, agreed)
  const router = new Router(held.plan, held.evaluate)
  const context = contextOf(held.plan, { record: { entries } })
  const isWhole = router.firstOpen(context.kept) === undefined && router.violated(context.kept).length === 0
  const status = !isWhole ? "stopped" : context.wasCompleted ? "amended" : "completed"
  const ended = router.ended(context, status)
  const about = subject === undefined ? {} : { subject }
  const response = resultOf(held, ended, { responseId: responseIdOf(id), authoredAtMs: nowMs(), ...about })
  const written = journal.append({
    ...keptOf(held.plan, ended, nowMs()),
    ...(response === undefined ? {} : { response })
  })
  if (Result.isFailure(written)) return
  const { id: name, version } = held.plan
  record({
    event: "questionnaire.ended",
    session_id: id,
    questionnaire: name,
    questionnaire_version: version,
    status,
    ...about
  })
})

/** Brings all that are found when it runs to their end. */
export const concluderOf = (concluding: Concluding): Effect.Effect<void> => {
  /** One that cannot be brought to its end is told once, and tried again: another version may be able to. */
  const told = new Set<string>()
  const refused = (id: string) => {
    if (told.has(id)) return Effect.void
    told.add(id)
    return Effect.logError("An interview that was left has no response: its questionnaire is refused", { session: id })
  }
  return Effect.gen(function* () {
    const found = concluding.store.unfinished()
    if (Result.isFailure(found)) return
    yield* Effect.forEach(
      found.success,
      (session) => conclude(concluding, session).pipe(Effect.catch(() => refused(session.id))),
      { discard: true }
    )
  })
}
