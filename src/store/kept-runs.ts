/** Sessions as a designer steps through them: which there are, and the log of one. */
import { Effect } from "effect"
import type { OpenDatabase } from "./database.ts"
import { log, type Step, summaryOf } from "./kept-sessions.ts"
import type { KeptRun, RunLog } from "./store.ts"

interface RunRow {
  readonly id: string
  readonly begun_at_ms: number
  readonly ended_at_ms: number | null
  readonly summary: Uint8Array | null
  readonly entries: number
}

/** The youngest first. Those of which nothing was recorded are not here. */
export const runs = (open: OpenDatabase, count: number): Step<ReadonlyArray<KeptRun>> =>
  Effect.map(
    open.sql<RunRow>`SELECT s.id, s.begun_at_ms, s.ended_at_ms, s.summary, count(e.number) AS entries
      FROM sessions s JOIN entries e ON e.session_id = s.id WHERE s.questionnaire_hash IS NOT NULL
      GROUP BY s.id ORDER BY s.begun_at_ms DESC, s.id DESC LIMIT ${count}`,
    (rows) =>
      rows.map((row) => {
        const held = summaryOf(open, row)?.questionnaire
        return {
          id: row.id,
          ...(held === undefined ? {} : { questionnaire: { id: held.id, version: held.version } }),
          startedAtMs: row.begun_at_ms,
          ...(row.ended_at_ms === null ? {} : { endedAtMs: row.ended_at_ms }),
          entries: row.entries
        }
      })
  )

export const run = (open: OpenDatabase, id: string): Step<RunLog | undefined> =>
  Effect.gen(function* () {
    const [row] = yield* open.sql<{ readonly source: string }>`SELECT q.source FROM sessions s
      JOIN questionnaires q ON q.hash = s.questionnaire_hash WHERE s.id = ${id}`
    if (row === undefined) return undefined
    return { questionnaire: row.source, entries: yield* log(open, id) }
  })
