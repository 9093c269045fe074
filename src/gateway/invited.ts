/**
 * An invitation's token as a client's credential. It allows the healthcare socket and nothing else, as the person that was
 * invited. Until its visit has begun it lasts as long as the invitation; a visit that has begun lasts as long as any token may.
 */
import { Result } from "effect"
import type { AuthReason } from "#schemas/authentication.ts"
import type { StoreError } from "#schemas/record.ts"
import { limits } from "#src/limits.ts"
import type { Invitation } from "#src/store/invitations.ts"
import type { Claims } from "./claims.ts"

export const claimsOfInvitation = (
  found: Result.Result<Invitation | undefined, StoreError>,
  nowMs: number
): Result.Result<Claims, AuthReason> => {
  if (Result.isFailure(found)) return Result.fail("unverifiable")
  const invitation = found.success
  if (invitation === undefined) return Result.fail("invitation")
  const { id, subject, questionnaire, language, createdAtMs, begunAtMs, expiresAtMs, revokedAtMs } = invitation
  if (revokedAtMs !== undefined) return Result.fail("revoked")
  const visitMs = limits.tokenSecondsMax * 1_000
  if ((begunAtMs === undefined ? expiresAtMs : begunAtMs + visitMs) <= nowMs) return Result.fail("expired")
  return Result.succeed({
    id,
    subject,
    scopes: ["healthcare"],
    issuedAtSeconds: Math.floor(createdAtMs / 1_000),
    expiresAtMs: (begunAtMs ?? nowMs) + visitMs,
    invitation: { id, questionnaire, language }
  })
}
