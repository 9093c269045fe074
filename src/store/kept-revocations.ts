/** The rows of revoked tokens. What has been revoked stands in memory; the rows are for the next run. */
import { Effect } from "effect"
import type { NamedRevocation, Naming, RevocationList } from "#src/registry/revocations.ts"
import type { OpenDatabase } from "./database.ts"
import type { Step } from "./kept-sessions.ts"

interface RevocationRow {
  readonly name: string
  readonly through_s: number
  readonly forget_at_ms: number
}

const put = ({ sql }: OpenDatabase, revocations: ReadonlyArray<NamedRevocation>): Step<void> =>
  Effect.forEach(
    revocations,
    ({ name, throughSeconds, forgetAtMs }) =>
      sql`INSERT INTO revocations (name, through_s, forget_at_ms) VALUES (${name}, ${throughSeconds}, ${forgetAtMs})
        ON CONFLICT (name) DO UPDATE SET through_s = max(through_s, excluded.through_s),
        forget_at_ms = max(forget_at_ms, excluded.forget_at_ms)`,
    { discard: true }
  )

/** The file has been opened: what stands in it is learned, and what it lacks is written, should it be another file. */
export const reconcile = (open: OpenDatabase, list: RevocationList): Step<void> =>
  Effect.gen(function* () {
    const rows = yield* open.sql<RevocationRow>`SELECT name, through_s, forget_at_ms FROM revocations`
    list.learn(
      open.cipher,
      rows.map((row) => ({ name: row.name, throughSeconds: row.through_s, forgetAtMs: row.forget_at_ms }))
    )
    const inFile = new Map(rows.map((row) => [row.name, row.through_s]))
    const lacking = list.named(open.cipher).filter(({ name, throughSeconds }) => inFile.get(name) !== throughSeconds)
    yield* put(open, lacking)
    list.written(open.cipher)
  })

/** Gives the key by which they were named, for `RevocationList.written` once they are on disk. */
export const write = (open: OpenDatabase, list: RevocationList): Step<Naming> =>
  Effect.as(put(open, list.pending(open.cipher)), open.cipher)

/** Lets go of what concerns no token any more. */
export const forget = ({ sql }: OpenDatabase, list: RevocationList, nowMs: number): Step<void> =>
  Effect.gen(function* () {
    yield* sql`DELETE FROM revocations WHERE forget_at_ms <= ${nowMs}`
    list.forget(nowMs)
  })
