/**
 * Tokens and the admin secret. A token's signature, algorithm, issuer and audience are `jwt.ts`'s matter; here every claim
 * that we issue is required back, and what has been revoked is refused.
 */
import { createHash, randomUUID, timingSafeEqual } from "node:crypto"
import { Clock, Context, Effect, Layer, Redacted, Result, Schema } from "effect"
import type { JWTPayload } from "jose"
import { AuthReason } from "#schemas/authentication.ts"
import { hasHiddenCharacters } from "#schemas/text.ts"
import { AppConfig } from "#src/config.ts"
import { limits } from "#src/limits.ts"
import { Counters } from "#src/registry/counters.ts"
import { Revocations } from "#src/registry/revocations.ts"
import { invitationToken, Invitations } from "#src/store/invitations.ts"
import { type Claims, Scope } from "./claims.ts"
import { claimsOfInvitation } from "./invited.ts"
import { type JwtKey, jwtKey, readJwt, signJwt } from "./jwt.ts"
import { VerifiedTokens } from "./verified-tokens.ts"

const toleranceSeconds = limits.clockToleranceSeconds

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

export class AuthError extends Schema.TaggedError<AuthError>()("AuthError", { reason: AuthReason }) {}

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
    /** The same for whoever reads metrics: `METRICS_TOKEN`, or the admin secret. */
    readonly mayScrape: (authorization: string | undefined) => boolean
  }
>()("sawt/gateway/Auth") {
  static readonly layer = Layer.effect(
    Auth,
    Effect.gen(function* () {
      const settings = yield* AppConfig
      const counters = yield* Counters
      const revocations = yield* Revocations
      const invitations = yield* Invitations
      const signingKey = yield* jwtKey(settings.tokenSecret)
      const previous = settings.tokenSecretPrevious
      const keys: readonly [JwtKey, ...Array<JwtKey>] =
        previous === undefined ? [signingKey] : [signingKey, yield* jwtKey(previous)]
      const adminDigest = digest(Redacted.value(settings.adminSecret))

      const verified = new VerifiedTokens(limits.verifiedTokensMax)
      const issue: Auth["Service"]["issue"] = Effect.fn("Auth.issue")(function* (options) {
        const { scopes, subject, ttlSeconds } = options
        const nowSeconds = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
        const issuedAtSeconds = Math.max(nowSeconds, revocations.issuableFromSeconds(subject))
        const scope = scopes.join(" ")
        const id = randomUUID()
        const payload = { scope, jti: id, ...(subject === undefined ? {} : { sub: subject }) }
        const expiresAtSeconds = issuedAtSeconds + ttlSeconds
        const token = yield* Effect.promise(() => signJwt(signingKey, payload, { issuedAtSeconds, expiresAtSeconds }))
        counters.tokensIssued++
        const expiresAtMs = expiresAtSeconds * 1_000
        verified.add(token, { id, ...(subject === undefined ? {} : { subject }), scopes, issuedAtSeconds, expiresAtMs })
        return { id, token, expiresInSeconds: ttlSeconds, expiresAtMs, scope }
      })

      const read = async (token: string, nowMs: number): Promise<Result.Result<Claims, AuthReason>> => {
        const claims = Result.flatMap(await readJwt(token, keys, nowMs), (payload) => claimsOf(payload, nowMs))
        if (Result.isSuccess(claims)) verified.add(token, claims.success)
        return claims
      }
      const claimsIn = (token: string, nowMs: number): Effect.Effect<Result.Result<Claims, AuthReason>> => {
        const known = verified.claimsOf(token)
        if (known !== undefined) return Effect.succeed(stillInForce(known, nowMs))
        return invitationToken.test(token)
          ? Effect.succeed(claimsOfInvitation(invitations.find(token), nowMs))
          : Effect.promise(() => read(token, nowMs))
      }
      const verify: Auth["Service"]["verify"] = Effect.fnUntraced(function* (token) {
        const nowMs = yield* Clock.currentTimeMillis
        const claims = Result.flatMap(yield* claimsIn(token, nowMs), (claimed) => {
          const verdict = revocations.verdict(claimed)
          return verdict === "valid" ? Result.succeed(claimed) : Result.fail(faultOfVerdict[verdict])
        })
        if (Result.isSuccess(claims)) {
          counters.authenticationsAccepted++
          return claims.success
        }
        counters.refuseAuthentication(claims.failure)
        return yield* new AuthError({ reason: claims.failure })
      })

      const holds = (authorization: string | undefined, secret: Buffer): boolean =>
        timingSafeEqual(digest(bearerOf(authorization) ?? ""), secret)
      const isAdmin: Auth["Service"]["isAdmin"] = (authorization) => holds(authorization, adminDigest)
      const scraperDigest = settings.metricsToken && digest(Redacted.value(settings.metricsToken))
      const mayScrape: Auth["Service"]["mayScrape"] = (authorization) =>
        isAdmin(authorization) || (scraperDigest !== undefined && holds(authorization, scraperDigest))

      return Auth.of({ issue, verify, isAdmin, mayScrape })
    })
  )
}

/** The credential of `Authorization: Bearer …`; the scheme is case-insensitive (RFC 9110, 11.1). */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^bearer +(\S+)$/i.exec(authorization?.trim() ?? "")?.[1]

/** What jose has not looked at. Values of claims that nobody issued are no claims. */
const claimsOf = ({ jti, scope, exp, iat, sub }: JWTPayload, nowMs: number): Result.Result<Claims, AuthReason> => {
  if (!isTokenId(jti) || typeof scope !== "string" || exp === undefined || iat === undefined)
    return Result.fail("claims")
  if (sub !== undefined && !isSubject(sub)) return Result.fail("claims")
  if (iat > nowMs / 1_000 + toleranceSeconds) return Result.fail("not_yet_valid")
  if (exp - iat > tokenTtlSeconds.maximum) return Result.fail("lifetime")
  return Result.succeed({
    id: jti,
    ...(sub === undefined ? {} : { subject: sub }),
    scopes: scope.split(" ").filter(isScope),
    issuedAtSeconds: iat,
    expiresAtMs: exp * 1_000
  })
}

/** What time may have changed about a token since jose looked at it. */
const stillInForce = (claims: Claims, nowMs: number): Result.Result<Claims, AuthReason> => {
  const nowSeconds = Math.floor(nowMs / 1_000)
  if (claims.expiresAtMs <= (nowSeconds - toleranceSeconds) * 1_000) return Result.fail("expired")
  if (claims.issuedAtSeconds > nowSeconds + toleranceSeconds) return Result.fail("not_yet_valid")
  return Result.succeed(claims)
}

const faultOfVerdict = { revoked: "revoked", unknown: "unverifiable" } as const satisfies Record<string, AuthReason>

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()
