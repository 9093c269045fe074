/** The rows of invitations. Each function is one transaction's work. */
import { randomBytes, timingSafeEqual } from "node:crypto"
import { Effect, Schema } from "effect"
import { Language } from "#schemas/clinic.ts"
import { hashOf, shortNameOf } from "./cipher.ts"
import type { OpenDatabase } from "./database.ts"
import type { Invitation, InvitationPage, NewInvitation } from "./invitations.ts"
import { begin as beginSession, type Step } from "./kept-sessions.ts"
import type { NewSession } from "./store.ts"

const invitedJson = Schema.fromJsonString(
  Schema.Struct({ subject: Schema.String, questionnaire: Schema.String, language: Language })
)
const encode = Schema.encodeSync(invitedJson)
const decode = Schema.decodeUnknownSync(invitedJson)
/** Where a sealed row belongs. */
export const placeOf = (id: string): string => `invitation ${id}`

interface InvitationRow {
  readonly id: string
  readonly secret_hash: string
  readonly subject_name: string
  readonly sealed: Uint8Array
  readonly created_at_ms: number
  readonly expires_at_ms: number
  readonly begun_at_ms: number | null
  readonly session_id: string | null
  readonly revoked_at_ms: number | null
}

const invitationOf = ({ cipher }: OpenDatabase, row: InvitationRow): Invitation => ({
  id: row.id,
  ...decode(cipher.open(row.sealed, placeOf(row.id))),
  subjectHash: shortNameOf(row.subject_name),
  createdAtMs: row.created_at_ms,
  expiresAtMs: row.expires_at_ms,
  ...(row.begun_at_ms === null ? {} : { begunAtMs: row.begun_at_ms }),
  ...(row.session_id === null ? {} : { sessionId: row.session_id }),
  ...(row.revoked_at_ms === null ? {} : { revokedAtMs: row.revoked_at_ms })
})

export const create = (
  { sql, cipher }: OpenDatabase,
  { createdAtMs, expiresAtMs, ...invited }: NewInvitation
): Step<{ readonly id: string; readonly token: string }> =>
  Effect.gen(function* () {
    const id = `inv_${randomBytes(12).toString("base64url")}`
    const secret = randomBytes(32).toString("base64url")
    const sealed = cipher.seal(encode(invited), placeOf(id))
    yield* sql`INSERT INTO invitations (id, secret_hash, subject_name, sealed, created_at_ms, expires_at_ms)
      VALUES (${id}, ${hashOf(secret)}, ${cipher.nameOf(invited.subject)}, ${sealed}, ${createdAtMs}, ${expiresAtMs})`
    return { id, token: `${id}.${secret}` }
  })

export const list = (open: OpenDatabase, { count, before }: InvitationPage): Step<ReadonlyArray<Invitation>> =>
  Effect.map(
    before === undefined
      ? open.sql<InvitationRow>`SELECT * FROM invitations ORDER BY created_at_ms DESC, id DESC LIMIT ${count}`
      : open.sql<InvitationRow>`SELECT * FROM invitations
          WHERE (created_at_ms, id) < (${before.createdAtMs}, ${before.id})
          ORDER BY created_at_ms DESC, id DESC LIMIT ${count}`,
    (rows) => rows.map((row) => invitationOf(open, row))
  )

const rowOf = ({ sql }: OpenDatabase, id: string): Step<InvitationRow | undefined> =>
  Effect.map(sql<InvitationRow>`SELECT * FROM invitations WHERE id = ${id}`, ([row]) => row)

export const find = (open: OpenDatabase, token: string): Step<Invitation | undefined> =>
  Effect.gen(function* () {
    const at = token.indexOf(".")
    const row = yield* rowOf(open, token.slice(0, at))
    if (row === undefined) return undefined
    const isIts = timingSafeEqual(Buffer.from(hashOf(token.slice(at + 1))), Buffer.from(row.secret_hash))
    return isIts ? invitationOf(open, row) : undefined
  })

/** Gives the session's resume token. */
export const begin = (open: OpenDatabase, id: string, session: NewSession, nowMs: number): Step<string | undefined> =>
  Effect.gen(function* () {
    const begun = yield* open.sql`UPDATE invitations SET begun_at_ms = ${nowMs}, session_id = ${session.id}
      WHERE id = ${id} AND begun_at_ms IS NULL AND revoked_at_ms IS NULL AND expires_at_ms > ${nowMs} RETURNING id`
    return begun.length === 0 ? undefined : yield* beginSession(open, session, nowMs)
  })

export const revoke = (open: OpenDatabase, id: string, nowMs: number): Step<Invitation | undefined> =>
  Effect.gen(function* () {
    const row = yield* rowOf(open, id)
    if (row === undefined) return undefined
    yield* open.sql`UPDATE invitations SET revoked_at_ms = coalesce(revoked_at_ms, ${nowMs}) WHERE id = ${id}`
    return invitationOf(open, row)
  })

export const revokeOf = ({ sql, cipher }: OpenDatabase, subject: string, nowMs: number): Step<void> =>
  Effect.asVoid(sql`UPDATE invitations SET revoked_at_ms = ${nowMs}
    WHERE subject_name = ${cipher.nameOf(subject)} AND revoked_at_ms IS NULL`)

/** Lets go of those that have been over for so long, used or not: a token without a row opens nothing either. */
export const forget = ({ sql }: OpenDatabase, overBeforeMs: number): Step<void> =>
  Effect.asVoid(sql`DELETE FROM invitations
    WHERE max(expires_at_ms, coalesce(begun_at_ms, 0)) < ${overBeforeMs}
    OR (revoked_at_ms IS NOT NULL AND revoked_at_ms < ${overBeforeMs})`)
