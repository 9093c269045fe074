/**
 * What a JWT says, if jose verifies it under one of our keys: HS256, issuer and audience are pinned, every claim that we
 * issue is required back, and only the one canonical text of a token is accepted. What its claims must be is `auth.ts`'s
 * matter; why jose and not a cheaper HMAC of our own: decision 023.
 */
import { webcrypto } from "node:crypto"
import { errors, jwtVerify, type JWTPayload, SignJWT } from "jose"
import { Effect, Redacted, Result } from "effect"
import { limits } from "#src/limits.ts"

const issuer = "sawt"
const audience = "sawt"
const algorithm = "HS256"
/** Characters; as the wire's `session.refresh` has it. */
const lengthMax = 4_096

export type JwtFault =
  "malformed" | "algorithm" | "signature" | "expired" | "not_yet_valid" | "issuer" | "audience" | "claims"

export type JwtKey = webcrypto.CryptoKey

/** Imported once: jose would do it for each token. */
export const jwtKey = (secret: Redacted.Redacted): Effect.Effect<JwtKey> =>
  Effect.promise(() =>
    webcrypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(Redacted.value(secret)),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign", "verify"]
    )
  )

export interface JwtTimes {
  readonly issuedAtSeconds: number
  readonly expiresAtSeconds: number
}

export const signJwt = (key: JwtKey, payload: JWTPayload, times: JwtTimes): Promise<string> =>
  new SignJWT(payload)
    .setProtectedHeader({ alg: algorithm, typ: "JWT" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(times.issuedAtSeconds)
    .setNotBefore(times.issuedAtSeconds)
    .setExpirationTime(times.expiresAtSeconds)
    .sign(key)

/** The first of `keys` that signed it. */
export const readJwt = async (
  token: string,
  [key, ...others]: readonly [JwtKey, ...Array<JwtKey>],
  nowMs: number
): Promise<Result.Result<JWTPayload, JwtFault>> => {
  const signature = token.length <= lengthMax ? /^[\w-]+\.[\w-]+\.([\w-]*)$/.exec(token)?.[1] : undefined
  if (signature === undefined) return Result.fail("malformed")
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer,
      audience,
      clockTolerance: limits.clockToleranceSeconds,
      currentDate: new Date(nowMs),
      requiredClaims: ["exp", "nbf", "iat", "jti", "scope"]
    })
    // Decoders pass over unused bits, so that many texts would stand for one signature.
    const isCanonical = Buffer.from(signature, "base64url").toString("base64url") === signature
    return isCanonical ? Result.succeed(payload) : Result.fail("signature")
  } catch (cause) {
    const fault = faultOf(cause)
    const [next, ...rest] = others
    return fault === "signature" && next !== undefined ? readJwt(token, [next, ...rest], nowMs) : Result.fail(fault)
  }
}

const faultOf = (cause: unknown): JwtFault => {
  if (cause instanceof errors.JWTExpired) return "expired"
  if (cause instanceof errors.JOSEAlgNotAllowed) return "algorithm"
  if (cause instanceof errors.JWSSignatureVerificationFailed) return "signature"
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.claim === "nbf" && cause.reason === "check_failed") return "not_yet_valid"
    if (cause.claim === "iss") return "issuer"
    if (cause.claim === "aud") return "audience"
    return "claims"
  }
  return "malformed"
}
