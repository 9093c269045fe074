/** One session's writes: each all or nothing, sealed, numbered. */
import { Effect, Result, Schema } from "effect"
import type { Place, RecordEntry, SessionSummary } from "#schemas/record.ts"
import { limits } from "#src/limits.ts"
import type { Database, OpenDatabase } from "./database.ts"
import * as alerting from "./kept-alerts.ts"
import * as responding from "./kept-responses.ts"
import { entryJson, placeJson, placeOf, summaryJson, type Step } from "./kept-sessions.ts"
import type { Journal, Write } from "./store.ts"

const encodeEntry = Schema.encodeSync(entryJson)
const encodePlace = Schema.encodeSync(placeJson)
const encodeSummary = Schema.encodeSync(summaryJson)

export interface JournalOptions {
  readonly database: Database
  readonly id: string
  /** Entries that the log has. */
  readonly entries: number
  readonly nowMs: () => number
  readonly uptimeMs: () => number
}

export const journalOf = ({ database, id, entries, nowMs, uptimeMs }: JournalOptions): Journal => {
  let written = entries
  let erased = false

  const addEntry = ({ sql, cipher }: OpenDatabase, entry: RecordEntry): Step<void> =>
    Effect.gen(function* () {
      const number = written + 1
      const sealed = cipher.seal(encodeEntry(entry), placeOf("entry", id, number))
      yield* sql`INSERT INTO entries (session_id, number, sealed) VALUES (${id}, ${number}, ${sealed})`
      yield* sql`UPDATE sessions SET unfinished = ${entry.type === "ended" ? 0 : 1} WHERE id = ${id}`
    })
  const addMessage = ({ sql, cipher }: OpenDatabase, message: NonNullable<Write["message"]>): Step<void> =>
    Effect.gen(function* () {
      const { seq } = message
      const sealed = cipher.seal(JSON.stringify(message), placeOf("message", id, seq))
      yield* sql`INSERT INTO outbox (session_id, seq, sealed) VALUES (${id}, ${seq}, ${sealed})`
      yield* sql`UPDATE sessions SET last_seq = ${seq} WHERE id = ${id}`
      if (seq > limits.outboxMessagesMax) {
        yield* sql`DELETE FROM outbox WHERE session_id = ${id} AND seq <= ${seq - limits.outboxMessagesMax}`
      }
    })
  const setPlace = ({ sql, cipher }: OpenDatabase, place: Place | null): Step<void> => {
    const sealed = place === null ? null : cipher.seal(encodePlace(place), placeOf("place", id, 0))
    return Effect.asVoid(sql`UPDATE sessions SET place = ${sealed} WHERE id = ${id}`)
  }
  const setSummary = ({ sql, cipher }: OpenDatabase, summary: SessionSummary): Step<void> => {
    const sealed = cipher.seal(encodeSummary(summary), placeOf("summary", id, 0))
    return Effect.asVoid(sql`UPDATE sessions SET summary = ${sealed} WHERE id = ${id}`)
  }
  /** What fails here shows in the store's health, and costs nothing that the client has been promised. */
  const tidy = (step: (open: OpenDatabase) => Step<unknown>): void => {
    if (!erased) database.run(step, false)
  }

  return {
    append: ({ message, entry, place, summary, alerts = [], response }) => {
      if (erased) return Result.succeed(undefined)
      const result = database.run(
        (open) =>
          Effect.gen(function* () {
            if (entry !== undefined) yield* addEntry(open, entry)
            if (message !== undefined) yield* addMessage(open, message)
            if (place !== undefined) yield* setPlace(open, place)
            if (summary !== undefined) yield* setSummary(open, summary)
            yield* alerting.raise(open, id, alerts, nowMs())
            if (response !== undefined) yield* responding.write(open, id, response)
          }),
        // A transcript that is only a message is sent at once, and waits for no disk: thirty sessions that speak at the
        // same time would hold up each other's.
        entry !== undefined || alerts.length > 0 || response !== undefined
      )
      if (entry !== undefined && Result.isSuccess(result)) written++
      return result
    },
    describe: (summary) => tidy((open) => setSummary(open, summary)),
    acknowledge: (seq) => tidy(({ sql }) => sql`DELETE FROM outbox WHERE session_id = ${id} AND seq <= ${seq}`),
    confirm: () => tidy(({ sql }) => sql`UPDATE sessions SET token_hash_before = NULL WHERE id = ${id}`),
    park: ({ resumable, connectedMs, positionMs, summary }) =>
      tidy((open) =>
        Effect.gen(function* () {
          const { sql } = open
          yield* setSummary(open, summary)
          yield* sql`UPDATE sessions SET parked_uptime_ms = ${uptimeMs()}, connected_ms = ${Math.round(connectedMs)},
            position_ms = ${Math.round(positionMs)}, ended_at_ms = coalesce(ended_at_ms, ${resumable ? null : nowMs()}) WHERE id = ${id}`
          if (!resumable) yield* sql`DELETE FROM outbox WHERE session_id = ${id}`
        })
      ),
    erase: () => {
      if (!erased) database.run(({ sql }) => sql`DELETE FROM sessions WHERE id = ${id}`)
      erased = true
    }
  }
}
