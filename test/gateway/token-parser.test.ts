/** What reads a token, under tokens that nobody would think of. `TOKEN_RUNS=100000` is the long form. */
import { assert, beforeAll, describe, it } from "vitest"
import { Context, Effect, Exit, Layer, Redacted, Result, Schema } from "effect"
import fc from "fast-check"
import { AppConfig, loadSettings } from "#src/config.ts"
import { Auth, AuthError, Subject, TokenId } from "#src/gateway/auth.ts"
import { Scope } from "#src/gateway/claims.ts"
import { Counters, SecurityCounters } from "#src/registry/counters.ts"
import { nobodyInvited } from "./echo-session.ts"
import { RevocationList, Revocations } from "#src/registry/revocations.ts"
import { claimsWith, signed, signedByHand } from "#test/support/tokens.ts"

const numRuns = Number(process.env["TOKEN_RUNS"] ?? 10_000)
const settings = Result.getOrThrow(loadSettings({}))
const secret = Redacted.value(settings.tokenSecret)

const services = Layer.mergeAll(
  Layer.succeed(AppConfig, settings),
  nobodyInvited,
  Layer.sync(Counters, () => new SecurityCounters()),
  Layer.sync(Revocations, () => {
    const list = new RevocationList({ nowMs: Date.now, write: () => true })
    list.learn({ keyId: "test", nameOf: (text) => text }, [])
    return list
  })
)
let auth: Auth["Service"]
let token: string
beforeAll(async () => {
  const layer = Layer.provide(Auth.layer, services)
  auth = Context.get(await Effect.runPromise(Effect.scoped(Layer.build(layer))), Auth)
  token = await signed(secret, { sub: "patient-1" })
})

/** The error's reason, or the claims; a defect is thrown. */
const verify = async (text: string) => Effect.runPromise(Effect.result(auth.verify(text)))

/** Characters of base64url first, then those that lenient decoders pass over, then any. */
const character = fc.oneof(
  fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
  fc.constantFrom("=", "+", "/", ".", " ", "\n", "\t", "\0", "%", ","),
  fc.string({ unit: "binary", minLength: 1, maxLength: 1 })
)
const at = fc.nat(1_000)
const mutation: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc.tuple(at, character).map(
    ([n, c]) =>
      (s: string) =>
        s.slice(0, n % s.length) + c + s.slice((n % s.length) + 1)
  ),
  fc.tuple(at, character).map(
    ([n, c]) =>
      (s: string) =>
        s.slice(0, n % (s.length + 1)) + c + s.slice(n % (s.length + 1))
  ),
  at.map((n) => (s: string) => s.slice(0, n % s.length) + s.slice((n % s.length) + 1)),
  at.map((n) => (s: string) => s.slice(0, n % s.length)),
  at.map((n) => (s: string) => s.slice(n % s.length)),
  fc.tuple(at, at).map(([n, m]) => (s: string) => {
    const characters = [...s]
    const [a, b] = [n % s.length, m % s.length]
    ;[characters[a], characters[b]] = [characters[b] ?? "", characters[a] ?? ""]
    return characters.join("")
  }),
  // The last characters are where an encoding has room to play.
  character.map((c) => (s: string) => s.slice(0, -1) + c),
  fc.constantFrom<(text: string) => string>(
    (s) => s.toLowerCase(),
    (s) => `${s}.${s}`,
    (s) => s.replace(/-/g, "+").replace(/_/g, "/"),
    (s) => s.split(".").toReversed().join("."),
    (s) => ` ${s}`
  )
)

describe("a valid token", () => {
  it("verifies", async () => assert.isTrue(Result.isSuccess(await verify(token))))

  it(`changed in any way never does (${numRuns} times)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const mutated = mutations.reduce((text, mutate) => (text === "" ? text : mutate(text)), token)
        if (mutated === token) return
        const result = await verify(mutated)
        assert.isTrue(Result.isFailure(result) && result.failure instanceof AuthError)
      }),
      { numRuns }
    )
  })
})

describe("any text", () => {
  it("is refused in its own words, whatever it is", async () => {
    const part = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.base64String(),
      fc.json().map((json) => Buffer.from(json).toString("base64url"))
    )
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join("."))
    )
    await fc.assert(
      fc.asyncProperty(text, async (odd) => {
        const result = await verify(odd)
        assert.isTrue(Result.isFailure(result) && result.failure instanceof AuthError)
      }),
      { numRuns: numRuns / 5 }
    )
  })
})

describe("whatever is signed with the right secret", () => {
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.double(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("voice", "healthcare", "sawt", "1", Date.now() / 1_000, Number.MAX_VALUE, -1, "\ud800", "")
  )
  const names = ["iss", "aud", "iat", "nbf", "exp", "jti", "scope", "sub", "__proto__", "toString"] as const
  const sound = (result: Awaited<ReturnType<typeof verify>>): boolean => {
    if (Result.isFailure(result)) return result.failure instanceof AuthError
    const { id, subject, scopes, issuedAtSeconds, expiresAtMs } = result.success
    return (
      Schema.is(TokenId)(id) &&
      (subject === undefined || Schema.is(Subject)(subject)) &&
      scopes.every(Schema.is(Scope)) &&
      Number.isFinite(expiresAtMs) &&
      expiresAtMs - issuedAtSeconds * 1_000 <= 24 * 3_600_000 &&
      expiresAtMs > Date.now() - 10_000
    )
  }

  it("is refused, or gives claims that are what they should be", async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), odd, { maxKeys: 2 }), async (change) => {
        const result = await verify(signedByHand(secret, { alg: "HS256" }, claimsWith(change)))
        if (Result.isSuccess(result)) accepted++
        assert.isTrue(sound(result), JSON.stringify(change))
      }),
      { numRuns: numRuns / 5 }
    )
    assert.isAbove(accepted, 0, "nothing odd was accepted at all: the test shows nothing")
  })

  it("under any header: only HS256 is accepted", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom("kid", "typ", "crit", "b64", "jwk", "x5c"), odd),
        async (alg, more) => {
          const exit = await Effect.runPromiseExit(auth.verify(signedByHand(secret, { alg, ...more })))
          assert.isTrue(Exit.isFailure(exit) || alg === "HS256")
        }
      ),
      { numRuns: numRuns / 5 }
    )
  })
})
