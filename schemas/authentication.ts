/** What can be wrong with a token that was read. */
import { Schema } from "effect"

export const AuthReason = Schema.Literals([
  "missing",
  "malformed",
  "algorithm",
  "signature",
  "expired",
  "not_yet_valid",
  "issuer",
  "audience",
  "claims",
  /** Longer than we issue any: its revocation would be forgotten before it runs out. */
  "lifetime",
  /** It looks like one of ours, and nobody was invited with it. */
  "invitation",
  "revoked",
  /** It may have been revoked: what earlier runs revoked cannot be read now. */
  "unverifiable"
])
export type AuthReason = typeof AuthReason.Type
