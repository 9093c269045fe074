/** What a verified token says of whoever presents it. */
import { Schema } from "effect"
import type { Language } from "#schemas/clinic.ts"

export const Scope = Schema.Literals(["voice", "healthcare", "clinician"])
export type Scope = typeof Scope.Type

/** What an invitation's visit is for. */
export interface InvitedTo {
  readonly id: string
  readonly questionnaire: string
  readonly language: Language
}

export interface Claims {
  readonly id: string
  readonly subject?: string
  readonly scopes: ReadonlyArray<Scope>
  readonly issuedAtSeconds: number
  readonly expiresAtMs: number
  /** It is an invitation's, for one visit. */
  readonly invitation?: InvitedTo
}
