/** One session's writes: each all or nothing, sealed, numbered. */
import { Effect, Result, Schema } from "effect"
import { type Place, type RecordEntry, type SessionSummary, StoreError } from "#schemas/record.ts"
import { limits } from "#src/limits.ts"
import type { Database, OpenDatabase } from "./database.ts"
import { responseIdOf } from "./clinic.ts"
import { eraseSession } from "./erasing.ts"
import * as alerting from "./kept-alerts.ts"
import { type Event, queue } from "./kept-deliveries.ts"
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
  /** Whether anybody is told of what is raised and completed; and called when there is somebody to be told. */
  readonly announces: boolean
  readonly announced: () => void
}

const noSession = new StoreError({ reason: "gone", message: "This session was erased: nothing more is kept of it." })

export const journalOf = (options: JournalOptions): Journal => {
  const { database, id, entries, nowMs, uptimeMs, announces, announced } = options
  let written = entries
  let erased = false

  const addEntry = ({ sql, cipher }: OpenDatabase, entry: RecordEntry): Step<void> =>
    Effect.gen(function* () {
      const number = written + 1
      const sealed = cipher.seal(encodeEntry(entry), placeOf("entry", id, number))
      yield* sql`INSERT INTO entries (session_id, number, sealed) VALUES (${id}, ${number}, ${sealed})`
      yield* sql`UPDATE sessions SET logged = 1, unfinished = ${entry.type === "ended" ? 0 : 1} WHERE id = ${id}`
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
  /** Alerts and response, and what is to be told of them. True: there is something. */
  const report = (open: OpenDatabase, { alerts = [], response }: Write): Step<boolean> =>
    Effect.gen(function* () {
      const raised = yield* alerting.raise(open, id, alerts, nowMs())
      const events: Array<Event> = raised.map((about) => ({ type: "alert.raised", about, version: 1 }))
      if (response !== undefined) {
        const version = yield* responding.write(open, id, response)
        events.push({ type: "response.completed", about: responseIdOf(id), version })
      }
      if (announces) yield* Effect.forEach(events, (event) => queue(open, event, nowMs()), { discard: true })
      return announces && events.length > 0
    })
  const isThere = ({ sql }: OpenDatabase): Step<boolean> =>
    Effect.map(sql`SELECT 1 FROM sessions WHERE id = ${id}`, (rows) => rows.length > 0)
  /** What fails here shows in the store's health, and costs nothing that the client has been promised. */
  const tidy = (step: (open: OpenDatabase) => Step<unknown>): void => {
    if (!erased) database.run(step, false)
  }

  return {
    append: (write) => {
      const { message, entry, place, summary, alerts = [], response } = write
      if (erased) return Result.succeed(undefined)
      const result = database.run(
        (open) =>
          Effect.gen(function* () {
            if (!(yield* isThere(open))) return "no session"
            if (entry !== undefined) yield* addEntry(open, entry)
            if (message !== undefined) yield* addMessage(open, message)
            if (place !== undefined) yield* setPlace(open, place)
            if (summary !== undefined) yield* setSummary(open, summary)
            return (yield* report(open, write)) ? "to be told" : "written"
          }),
        // A transcript that is only a message is sent at once, and waits for no disk: thirty sessions that speak at the
        // same time would hold up each other's.
        entry !== undefined || alerts.length > 0 || response !== undefined
      )
      if (Result.isFailure(result)) return Result.fail(result.failure)
      if (result.success === "no session") return Result.fail(noSession)
      if (entry !== undefined) written++
      if (result.success === "to be told") announced()
      return Result.succeed(undefined)
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
      const result = erased ? Result.succeed(undefined) : database.run((open) => eraseSession(open, id))
      if (Result.isFailure(result)) return result
      erased = true
      database.shed()
      return result
    }
  }
}
