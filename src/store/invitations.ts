/**
 * Invitations: who may visit once, for which questionnaire. A visit's token is a random secret, of which only a hash is kept;
 * whom it invites stands sealed beside it. Begun is written in the same transaction as the session, so that of any number of
 * clients with one link exactly one begins, and a restart changes nothing about it.
 */
import { Context, type Result } from "effect"
import type { Language } from "#schemas/clinic.ts"
import type { StoreError } from "#schemas/record.ts"
import type { Kept, NewSession } from "./store.ts"

export interface Invited {
  readonly subject: string
  readonly questionnaire: string
  readonly language: Language
}

export interface NewInvitation extends Invited {
  /** Not before: tokens of this subject from earlier seconds may have been taken back. */
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

export interface Invitation extends Invited {
  readonly id: string
  /** As lists and logs show it. */
  readonly subjectHash: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly begunAtMs?: number
  readonly sessionId?: string
  readonly revokedAtMs?: number
}

export interface InvitationPage {
  readonly count: number
  /** Only those that were made before this one, in the order of `createdAtMs` and `id`. */
  readonly before?: { readonly createdAtMs: number; readonly id: string }
}

/** `inv_`, 12 random bytes; a dot and 32 more make the token. */
export const invitationId = /^inv_[\w-]{16}$/
export const invitationToken = /^inv_[\w-]{16}\.[\w-]{43}$/

export class Invitations extends Context.Service<
  Invitations,
  {
    /** The token is in the answer and nowhere else. */
    readonly create: (
      invitation: NewInvitation
    ) => Result.Result<{ readonly id: string; readonly token: string }, StoreError>
    /** The youngest first. */
    readonly list: (page: InvitationPage) => Result.Result<ReadonlyArray<Invitation>, StoreError>
    /** Whose token this is; undefined: nobody's. */
    readonly find: (token: string) => Result.Result<Invitation | undefined, StoreError>
    /** Begins its session; undefined: it has been begun, taken back, or its time is over. */
    readonly begin: (id: string, session: NewSession) => Result.Result<Kept | undefined, StoreError>
    /** The invitation as it was; undefined: there is none. */
    readonly revoke: (id: string) => Result.Result<Invitation | undefined, StoreError>
    /** All of a person's that can still be used. */
    readonly revokeOf: (subject: string) => Result.Result<void, StoreError>
  }
>()("sawt/store/Invitations") {}
