/**
 * Tokens and the admin secret. Tokens are JWTs signed with HS256; the algorithm, issuer and audience are pinned on every
 * verification, every claim that we issue is required back, and what has been revoked is refused. Only the one canonical
 * text of a token is accepted, and it never leaves this file.
 */
import { createHash, randomUUID, timingSafeEqual } from "node:crypto"
import { Clock, Context, Effect, Layer, Redacted, Result, Schema } from "effect"
import { errors, jwtVerify, type JWTPayload, SignJWT } from "jose"
import { hasHiddenCharacters } from "#schemas/text.ts"
import { AppConfig } from "#src/config.ts"
import { limits } from "#src/limits.ts"
import { Counters } from "#src/registry/counters.ts"
import { Revocations } from "#src/registry/revocations.ts"
import { invitationToken, Invitations } from "#src/store/invitations.ts"
import { claimsOfInvitation, type InvitedTo } from "./invited.ts"

const issuer = "sawt"
const audience = "sawt"
const algorithm = "HS256"
const toleranceSeconds = limits.clockToleranceSeconds
/** As the wire's `session.refresh` has it. */
const tokenLengthMax = 4_096

export const Scope = Schema.Literals(["voice", "healthcare", "clinician"])
export type Scope = typeof Scope.Type
const isScope = Schema.is(Scope)

/** A patient's reference, as the operator chose it. */
export const Subject = Schema.String.check(
  Schema.isMaxLength(200),
  Schema.isPattern(/^\S(?:.*\S)?$/su, { expected: "a reference without blanks around it" }),
  Schema.makeFilter((subject: string) => !hasHiddenCharacters(subject), {
    expected: "a reference without control characters"
  })
)
const isSubject = Schema.is(Subject)
export const TokenId = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]{1,128}$/, { expected: "a token's id (`jti`)" })
)
const isTokenId = Schema.is(TokenId)

export const tokenTtlSeconds = { minimum: 60, maximum: limits.tokenSecondsMax, default: 3_600 } as const

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

export class AuthError extends Schema.TaggedError<AuthError>()("AuthError", { reason: AuthReason }) {}

export interface Claims {
  readonly id: string
  readonly subject?: string
  readonly scopes: ReadonlyArray<Scope>
  readonly issuedAtSeconds: number
  readonly expiresAtMs: number
  /** It is an invitation's, for one visit. */
  readonly invitation?: InvitedTo
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
      const revocations = yield* Revocations
      const invitations = yield* Invitations
      const bytes = (secret: Redacted.Redacted) => new TextEncoder().encode(Redacted.value(secret))
      const signingKey = bytes(settings.tokenSecret)
      const previousKey = settings.tokenSecretPrevious && bytes(settings.tokenSecretPrevious)
      const adminDigest = digest(Redacted.value(settings.adminSecret))

      const issue: Auth["Service"]["issue"] = Effect.fn("Auth.issue")(function* (options) {
        const { scopes, subject, ttlSeconds } = options
        const nowSeconds = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
        const issuedAtSeconds = Math.max(nowSeconds, revocations.issuableFromSeconds(subject))
        const scope = scopes.join(" ")
        const id = randomUUID()
        const jwt = new SignJWT({ scope })
          .setProtectedHeader({ alg: algorithm, typ: "JWT" })
          .setIssuer(issuer)
          .setAudience(audience)
          .setIssuedAt(issuedAtSeconds)
          .setNotBefore(issuedAtSeconds)
          .setExpirationTime(issuedAtSeconds + ttlSeconds)
          .setJti(id)
        if (subject !== undefined) jwt.setSubject(subject)
        const token = yield* Effect.promise(() => jwt.sign(signingKey))
        counters.tokensIssued++
        return {
          id,
          token,
          expiresInSeconds: ttlSeconds,
          expiresAtMs: (issuedAtSeconds + ttlSeconds) * 1_000,
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

      const jwtClaims = Effect.fnUntraced(function* (token: string, nowMs: number) {
        if (!isCanonical(token)) return yield* new AuthError({ reason: "malformed" })
        const first = verifyWith(token, signingKey, nowMs)
        const { payload } = yield* previousKey === undefined
          ? first
          : first.pipe(
              Effect.catchIf(
                (error) => error.reason === "signature",
                () => verifyWith(token, previousKey, nowMs)
              )
            )
        return yield* Effect.fromResult(claimsOf(payload, nowMs))
      })

      const verify = Effect.fn("Auth.verify")(
        function* (token: string) {
          const nowMs = yield* Clock.currentTimeMillis
          const claims = invitationToken.test(token)
            ? yield* Effect.fromResult(claimsOfInvitation(invitations.find(token), nowMs)).pipe(
                Effect.mapError((reason) => new AuthError({ reason }))
              )
            : yield* jwtClaims(token, nowMs)
          const verdict = revocations.verdict(claims)
          if (verdict === "valid") return claims
          return yield* new AuthError({ reason: verdict === "revoked" ? "revoked" : "unverifiable" })
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

/**
 * Three parts of base64url, the last one as an encoder would write it: decoders pass over padding, white space and unused
 * bits, so that many texts would stand for one signature.
 */
const isCanonical = (token: string): boolean => {
  const signature = token.length <= tokenLengthMax ? /^[\w-]+\.[\w-]+\.([\w-]*)$/.exec(token)?.[1] : undefined
  return signature !== undefined && Buffer.from(signature, "base64url").toString("base64url") === signature
}

/** What jose has not looked at. Values of claims that nobody issued are no claims. */
const claimsOf = ({ jti, scope, exp, iat, sub }: JWTPayload, nowMs: number): Result.Result<Claims, AuthError> => {
  const refused = (reason: AuthReason) => Result.fail(new AuthError({ reason }))
  if (!isTokenId(jti) || typeof scope !== "string" || exp === undefined || iat === undefined) return refused("claims")
  if (sub !== undefined && !isSubject(sub)) return refused("claims")
  if (iat > nowMs / 1_000 + toleranceSeconds) return refused("not_yet_valid")
  if (exp - iat > tokenTtlSeconds.maximum) return refused("lifetime")
  return Result.succeed({
    id: jti,
    ...(sub === undefined ? {} : { subject: sub }),
    scopes: scope.split(" ").filter(isScope),
    issuedAtSeconds: iat,
    expiresAtMs: exp * 1_000
  })
}

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
