/** A signature is verified once; everything else about a token is looked at each time. */
import { describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Result } from "effect"
import { TestClock } from "effect/testing"
import { assert } from "vitest"
import { AppConfig, loadSettings } from "#src/config.ts"
import { Auth } from "#src/gateway/auth.ts"
import type { Claims } from "#src/gateway/claims.ts"
import { VerifiedTokens } from "#src/gateway/verified-tokens.ts"
import { Counters, SecurityCounters } from "#src/registry/counters.ts"
import { RevocationList, Revocations } from "#src/registry/revocations.ts"
import { signed } from "#test/support/tokens.ts"
import { nobodyInvited } from "./echo-session.ts"

const settings = Result.getOrThrow(loadSettings({}))
const secret = Redacted.value(settings.tokenSecret)
const counters = new SecurityCounters()
const nowSeconds = 1_800_000_000
const revocations = new RevocationList({ nowMs: () => nowSeconds * 1_000, write: () => true })
revocations.learn({ keyId: "test", nameOf: (text) => text }, [])

const auth = Auth.layer.pipe(
  Layer.provide(
    Layer.mergeAll(
      Layer.succeed(AppConfig, settings),
      nobodyInvited,
      Layer.succeed(Counters, counters),
      Layer.succeed(Revocations, revocations)
    )
  )
)
const times = { iat: nowSeconds, nbf: nowSeconds, exp: nowSeconds + 60 }
const outcome = (token: string) =>
  Effect.gen(function* () {
    const read = yield* Effect.result((yield* Auth).verify(token))
    return Result.isSuccess(read) ? "accepted" : read.failure.reason
  })

describe("a token that has been verified before", () => {
  it.effect("is accepted again, and runs out when it does", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(nowSeconds * 1_000)
      const token = yield* Effect.promise(() => signed(secret, times))
      for (const seconds of [0, 30, 64]) {
        yield* TestClock.setTime((nowSeconds + seconds) * 1_000)
        assert.strictEqual(yield* outcome(token), "accepted")
      }
      yield* TestClock.setTime((nowSeconds + 65) * 1_000)
      assert.strictEqual(yield* outcome(token), "expired")
    }).pipe(Effect.provide(auth))
  )

  it.effect("is not valid before its time, should the clock be set back", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(nowSeconds * 1_000)
      const token = yield* Effect.promise(() => signed(secret, times))
      assert.strictEqual(yield* outcome(token), "accepted")
      yield* TestClock.setTime((nowSeconds - 6) * 1_000)
      assert.strictEqual(yield* outcome(token), "not_yet_valid")
    }).pipe(Effect.provide(auth))
  )

  it.effect("is refused from the moment that it is revoked", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(nowSeconds * 1_000)
      const token = yield* Effect.promise(() => signed(secret, { ...times, jti: "one" }))
      assert.strictEqual(yield* outcome(token), "accepted")
      revocations.revoke({ tokenId: "one" })
      assert.strictEqual(yield* outcome(token), "revoked")
    }).pipe(Effect.provide(auth))
  )

  it.effect("vouches for no other text", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(nowSeconds * 1_000)
      const token = yield* Effect.promise(() => signed(secret, times))
      assert.strictEqual(yield* outcome(token), "accepted")
      const [header, payload, signature] = token.split(".")
      const other = yield* Effect.promise(() => signed(secret, { ...times, scope: "clinician" }))
      assert.strictEqual(yield* outcome([header, other.split(".")[1], signature].join(".")), "signature")
      assert.strictEqual(yield* outcome([header, payload, other.split(".")[2]].join(".")), "signature")
    }).pipe(Effect.provide(auth))
  )
})

describe("a token that this process has issued", () => {
  const issued = Effect.gen(function* () {
    yield* TestClock.setTime(nowSeconds * 1_000)
    const scopes = ["voice", "healthcare"] as const
    return (yield* (yield* Auth).issue({ scopes, subject: "patient-7", ttlSeconds: 60 })).token
  })

  it.effect("needs no signature verified, and claims what it claims anywhere else", () =>
    Effect.gen(function* () {
      const token = yield* issued
      // Verifying a signature takes a promise.
      const here = Effect.runSyncWith(yield* Effect.context<never>())((yield* Auth).verify(token))
      const elsewhere = yield* Effect.provide(
        Effect.flatMap(Auth, ({ verify }) => verify(token)),
        Layer.fresh(auth)
      )
      assert.deepStrictEqual(here, elsewhere)
    }).pipe(Effect.provide(auth))
  )

  it.effect("runs out, and is refused once it is revoked", () =>
    Effect.gen(function* () {
      const token = yield* issued
      yield* TestClock.setTime((nowSeconds + 65) * 1_000)
      assert.strictEqual(yield* outcome(token), "expired")
      const revoked = yield* issued
      revocations.revoke({ tokenId: (yield* (yield* Auth).verify(revoked)).id })
      assert.strictEqual(yield* outcome(revoked), "revoked")
    }).pipe(Effect.provide(auth))
  )
})

describe("the memory of verified tokens", () => {
  const claims = (id: string): Claims => ({ id, scopes: ["voice"], issuedAtSeconds: 0, expiresAtMs: 0 })

  it("forgets the one that came first at its bound", () => {
    const verified = new VerifiedTokens(2)
    for (const name of ["a", "b", "c"]) verified.add(name, claims(name))
    assert.strictEqual(verified.size, 2)
    assert.deepStrictEqual(
      ["a", "b", "c"].map((name) => verified.claimsOf(name)?.id),
      [undefined, "b", "c"]
    )
  })

  it("remembers nothing when it may not", () => {
    const verified = new VerifiedTokens(0)
    verified.add("a", claims("a"))
    assert.strictEqual(verified.claimsOf("a"), undefined)
  })
})
