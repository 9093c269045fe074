/**
 * Tokens and the admin secret. Tokens are JWTs signed with HS256; the algorithm, issuer and audience are pinned on every
 * verification, and every claim that we issue is required back. A token's text never leaves this file.
 */
import { createHash, randomUUID, timingSafeEqual } from "node:crypto"
import { Clock, Context, Effect, Layer, Redacted, Schema } from "effect"
import { errors, jwtVerify, SignJWT } from "jose"
import { AppConfig } from "#src/config.ts"
import { Counters } from "#src/registry/counters.ts"

const issuer = "sawt"
const audience = "sawt"
const algorithm = "HS256"
const toleranceSeconds = 5

export const Scope = Schema.Literals(["voice", "healthcare", "clinician"])
export type Scope = typeof Scope.Type
const isScope = Schema.is(Scope)

export const tokenTtlSeconds = { minimum: 60, maximum: 24 * 3_600, default: 3_600 } as const

export const AuthReason = Schema.Literals([
  "missing",
  "malformed",
  "algorithm",
  "signature",
  "expired",
  "not_yet_valid",
  "issuer",
  "audience",
  "claims"
])
export type AuthReason = typeof AuthReason.Type

export class AuthError extends Schema.TaggedError<AuthError>()("AuthError", { reason: AuthReason }) {}

export interface Claims {
  readonly id: string
  readonly subject?: string
  readonly scopes: ReadonlyArray<Scope>
  readonly expiresAtMs: number
}

export interface IssuedToken {
  /** Its `jti`. */
  readonly id: string
  readonly token: string
  readonly expiresInSeconds: number
  readonly expiresAtMs: number
  readonly scope: string
}

export class Auth extends Context.Service<
  Auth,
  {
    readonly issue: (options: {
      readonly scopes: ReadonlyArray<Scope>
      readonly ttlSeconds: number
      readonly subject?: string
    }) => Effect.Effect<IssuedToken>
    readonly verify: (token: string) => Effect.Effect<Claims, AuthError>
    /** Whether an Authorization header carries the admin secret; takes the same time whatever it carries. */
    readonly isAdmin: (authorization: string | undefined) => boolean
  }
>()("sawt/gateway/Auth") {
  static readonly layer = Layer.effect(
    Auth,
    Effect.gen(function* () {
      const settings = yield* AppConfig
      const counters = yield* Counters
      const bytes = (secret: Redacted.Redacted) => new TextEncoder().encode(Redacted.value(secret))
      const signingKey = bytes(settings.tokenSecret)
      const previousKey = settings.tokenSecretPrevious && bytes(settings.tokenSecretPrevious)
      const adminDigest = digest(Redacted.value(settings.adminSecret))

      const issue: Auth["Service"]["issue"] = Effect.fn("Auth.issue")(function* (options) {
        const nowSeconds = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
        const scope = options.scopes.join(" ")
        const id = randomUUID()
        const jwt = new SignJWT({ scope })
          .setProtectedHeader({ alg: algorithm, typ: "JWT" })
          .setIssuer(issuer)
          .setAudience(audience)
          .setIssuedAt(nowSeconds)
          .setNotBefore(nowSeconds)
          .setExpirationTime(nowSeconds + options.ttlSeconds)
          .setJti(id)
        if (options.subject !== undefined) jwt.setSubject(options.subject)
        const token = yield* Effect.promise(() => jwt.sign(signingKey))
        counters.tokensIssued++
        return {
          id,
          token,
          expiresInSeconds: options.ttlSeconds,
          expiresAtMs: (nowSeconds + options.ttlSeconds) * 1_000,
          scope
        }
      })

      const verifyWith = (token: string, key: Uint8Array, nowMs: number) =>
        Effect.tryPromise({
          try: () =>
            jwtVerify(token, key, {
              algorithms: [algorithm],
              issuer,
              audience,
              clockTolerance: toleranceSeconds,
              currentDate: new Date(nowMs),
              requiredClaims: ["exp", "nbf", "iat", "jti", "scope"]
            }),
          catch: (cause) => new AuthError({ reason: reasonOf(cause) })
        })

      const verify = Effect.fn("Auth.verify")(
        function* (token: string) {
          const nowMs = yield* Clock.currentTimeMillis
          const first = verifyWith(token, signingKey, nowMs)
          const { payload } = yield* previousKey === undefined
            ? first
            : first.pipe(
                Effect.catchIf(
                  (error) => error.reason === "signature",
                  () => verifyWith(token, previousKey, nowMs)
                )
              )
          const { jti, scope, exp, iat, sub } = payload
          const sound =
            typeof jti === "string" && jti !== "" && typeof scope === "string" && exp !== undefined && iat !== undefined
          if (!sound) return yield* new AuthError({ reason: "claims" })
          if (iat > nowMs / 1_000 + toleranceSeconds) return yield* new AuthError({ reason: "not_yet_valid" })
          return {
            id: jti,
            ...(sub === undefined ? {} : { subject: sub }),
            scopes: scope.split(" ").filter(isScope),
            expiresAtMs: exp * 1_000
          } satisfies Claims
        },
        Effect.tap(() => Effect.sync(() => counters.authenticationsAccepted++)),
        Effect.tapError((error) => Effect.sync(() => counters.refuseAuthentication(error.reason)))
      )

      const isAdmin = (authorization: string | undefined): boolean =>
        timingSafeEqual(digest(bearerOf(authorization) ?? ""), adminDigest)

      return Auth.of({ issue, verify, isAdmin })
    })
  )
}

/** The credential of `Authorization: Bearer …`; the scheme is case-insensitive (RFC 9110, 11.1). */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^bearer +(\S+)$/i.exec(authorization?.trim() ?? "")?.[1]

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

const reasonOf = (cause: unknown): AuthReason => {
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
