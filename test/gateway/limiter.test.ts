/** How often a client may ask (R3.4): by itself in virtual time, and through the real server. */
import { it as effectIt } from "@effect/vitest"
import { Effect, Fiber, Layer, Result } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig, loadSettings } from "#src/config.ts"
import { BucketStore } from "#src/gateway/bucket-store.ts"
import { type LimitStore, Limiters } from "#src/gateway/limiter.ts"
import { limits } from "#src/limits.ts"
import { Counters, SecurityCounters } from "#src/registry/counters.ts"
import { connect, refused, startServer, type TestServer } from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"
import { standingStore, storeAt } from "./limit-stores.ts"

const limitersAt = (perMinute: number, makeStore?: () => Effect.Effect<LimitStore>) => {
  const settings = Result.getOrThrow(loadSettings({ RATE_LIMIT_PER_MINUTE: String(perMinute) }))
  return Limiters.layer(makeStore).pipe(
    Layer.provide([
      Layer.succeed(AppConfig, settings),
      Layer.sync(Counters, () => new SecurityCounters()),
      Layer.succeed(Audit, { record: () => {}, health: () => assert.fail("not asked for") })
    ])
  )
}
/** Headers of what was let in, or the refusal. */
const ask = (address: string) => Effect.flatMap(Limiters, ({ countAddress }) => Effect.result(countAddress(address)))
const allowed = (address: string, times = 1) =>
  Effect.map(
    Effect.all(Array.from({ length: times }, () => ask(address))),
    (all) => all.filter(Result.isSuccess).length
  )

describe("an address", () => {
  effectIt.effect(
    "may ask sixty times at once, not sixty-one; after Retry-After once more, and after a minute sixty times",
    () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* allowed("192.0.2.1", 60), 60)
        const over = yield* ask("192.0.2.1")
        assert.isTrue(Result.isFailure(over))
        if (Result.isSuccess(over)) return
        assert.deepInclude(over.failure, { code: "rate_limited" })
        assert.deepStrictEqual(over.failure.headers, {
          ratelimit: '"ip";r=0;t=60',
          "ratelimit-policy": '"ip";q=60;w=60',
          "retry-after": "1"
        })
        yield* TestClock.adjust("999 millis")
        assert.strictEqual(yield* allowed("192.0.2.1"), 0)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* allowed("192.0.2.1", 2), 1)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* allowed("192.0.2.1", 70), 60)
      }).pipe(Effect.provide(limitersAt(60)))
  )

  effectIt.effect("is told how many are left, and when all are there again", () =>
    Effect.gen(function* () {
      const left = () => Effect.map(ask("192.0.2.1"), (answer) => Result.getOrThrow(answer)["ratelimit"])
      assert.strictEqual(yield* left(), '"ip";r=5;t=10')
      assert.strictEqual(yield* left(), '"ip";r=4;t=20')
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* left(), '"ip";r=3;t=21')
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* left(), '"ip";r=3;t=30')
    }).pipe(Effect.provide(limitersAt(6)))
  )

  for (const perMinute of [1, 7, 60, 97, 1_000]) {
    effectIt.effect(`that waits as told is let in, at ${perMinute} a minute and whenever it is refused`, () =>
      Effect.gen(function* () {
        for (let round = 0; round < 20; round++) {
          let over = yield* ask("a")
          while (Result.isSuccess(over)) over = yield* ask("a")
          yield* TestClock.adjust(Number(over.failure.headers["retry-after"]) * 1_000)
          assert.isTrue(Result.isSuccess(yield* ask("a")))
          yield* TestClock.adjust(round * 37)
        }
      }).pipe(Effect.provide(limitersAt(perMinute)))
    )
  }

  effectIt.effect("uses up nothing of another's, nor of a subject of the same name", () =>
    Effect.gen(function* () {
      yield* allowed("a", 2)
      assert.strictEqual(yield* allowed("a"), 0)
      assert.strictEqual(yield* allowed("b"), 1)
      const { countSubject } = yield* Limiters
      const claims = { id: "1", subject: "a", scopes: [], issuedAtSeconds: 0, expiresAtMs: 0 }
      assert.strictEqual((yield* countSubject(claims, "b"))["ratelimit-policy"], '"sub";q=2;w=60')
    }).pipe(Effect.provide(limitersAt(2)))
  )

  effectIt.effect("that is charged for more than it has is refused until that is paid back", () =>
    Effect.gen(function* () {
      const { chargeAddress } = yield* Limiters
      yield* allowed("a")
      yield* chargeAddress("a", 10)
      const over = yield* ask("a")
      assert.strictEqual(Result.isFailure(over) && over.failure.headers["retry-after"], "60")
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(yield* allowed("a", 2), 1)
    }).pipe(Effect.provide(limitersAt(6)))
  )
})

describe("a store that is down", () => {
  const broken: LimitStore = {
    ...new BucketStore({ keysMax: 1, nowMs: () => 0 }),
    tokenBucket: () =>
      Effect.fail(
        new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message: "down" }) })
      )
  }

  const codeOf = (answer: Result.Result<unknown, { readonly code: string }>) =>
    Result.isFailure(answer) ? answer.failure.code : "let in"

  effectIt.effect("refuses, whether it fails or only does not answer", () =>
    Effect.gen(function* () {
      const failing = yield* Effect.provide(
        ask("a"),
        limitersAt(60, () => Effect.succeed(broken))
      )
      assert.strictEqual(codeOf(failing), "storage_unavailable")
      const silent = { ...broken, tokenBucket: () => Effect.never }
      const waiting = yield* Effect.forkChild(
        Effect.provide(
          ask("a"),
          limitersAt(60, () => Effect.succeed(silent))
        )
      )
      yield* TestClock.adjust(limits.limitStoreTimeoutMs)
      assert.strictEqual(codeOf(yield* Fiber.join(waiting)), "storage_unavailable")
    })
  )

  it("lets no upgrade and no token through, and leaves the probes alone", async () => {
    const server = await startServer(echoLayers(newSeen()), {}, { limitStore: () => Effect.succeed(broken) })
    try {
      const headers = { authorization: `Bearer ${server.adminSecret}` }
      const token = await server.token()
      const upgrades = [await refused(`${server.wsUrl}/ws`), await refused(`${server.wsUrl}/ws/secure`, { token })]
      for (const { status, body, headers } of upgrades) {
        assert.deepStrictEqual([status, body.error.code, headers["retry-after"]], [503, "storage_unavailable", "5"])
      }
      for (const path of ["/auth/token", "/admission?path=/ws", "/admin/health"]) {
        const response = await fetch(server.url + path, { headers })
        assert.strictEqual(response.status, 503, path)
        assert.strictEqual(response.headers.get("retry-after"), "5")
      }
      for (const path of ["/health", "/livez", "/readyz"]) {
        assert.strictEqual((await fetch(server.url + path)).status, 200, path)
      }
    } finally {
      await server.close()
    }
  })
})

describe("the real server", () => {
  it("answers sixty requests at once and not the sixty-first; after Retry-After exactly one", async () => {
    const clock = { nowMs: 1 }
    const env = { RATE_LIMIT_PER_MINUTE: "60" }
    const server = await startServer(echoLayers(newSeen()), env, { limitStore: storeAt(clock) })
    try {
      const burst = (count: number) => Promise.all(Array.from({ length: count }, () => fetch(`${server.url}/nothing`)))
      const statuses = async (count: number) => (await burst(count)).map(({ status }) => status)
      const first = await burst(61)
      const over = first.filter(({ status }) => status === 429)
      assert.lengthOf(over, 1)
      assert.lengthOf(
        first.filter(({ status }) => status === 404),
        60
      )
      assert.deepStrictEqual(
        first.map(({ headers }) => Number(/r=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1])).sort((a, b) => a - b),
        [0, ...Array.from({ length: 60 }, (_, left) => left)]
      )
      assert.strictEqual(over[0]?.headers.get("ratelimit"), '"ip";r=0;t=60')
      clock.nowMs += Number(over[0]?.headers.get("retry-after")) * 1_000 - 1
      assert.deepStrictEqual(await statuses(1), [429])
      clock.nowMs += 1
      assert.deepStrictEqual((await statuses(3)).sort(), [404, 429, 429])
      const upgrade = await refused(`${server.wsUrl}/ws`)
      assert.deepStrictEqual([upgrade.status, upgrade.headers["retry-after"]], [429, "1"])
    } finally {
      await server.close()
    }
  })
})

describe("through the server", () => {
  let server: TestServer
  beforeAll(async () => {
    const env = { RATE_LIMIT_PER_MINUTE: "20", TRUSTED_PROXY_HOPS: "1" }
    server = await startServer(echoLayers(newSeen()), env, { limitStore: standingStore })
  })
  afterAll(() => server.close())
  const from = (forwarded: string, path = "/", headers: Record<string, string> = {}) =>
    fetch(server.url + path, { headers: { "x-forwarded-for": forwarded, ...headers } })

  it("answers carry RateLimit, and over it are 429 with Retry-After", async () => {
    const first = await from("192.0.2.1")
    assert.strictEqual(first.headers.get("ratelimit"), '"ip";r=19;t=3')
    assert.strictEqual(first.headers.get("ratelimit-policy"), '"ip";q=20;w=60')
    for (let i = 0; i < 19; i++) await from("192.0.2.1", "/nothing")
    const over = await from("192.0.2.1")
    assert.strictEqual(over.status, 429)
    assert.strictEqual(over.headers.get("retry-after"), "3")
    assert.strictEqual(((await over.json()) as { error: { code: string } }).error.code, "rate_limited")
  })

  it("probes are not counted, and answer over the limit too", async () => {
    for (let i = 0; i < 25; i++) await from("192.0.2.2", i % 2 === 0 ? "/health" : "/livez")
    const response = await from("192.0.2.2", "/readyz")
    assert.strictEqual(response.status, 200)
    assert.isNull(response.headers.get("ratelimit"))
    assert.strictEqual((await from("192.0.2.2")).headers.get("ratelimit"), '"ip";r=19;t=3')
  })

  it("wrong admin secrets use the limit up ten times as fast", async () => {
    const guess = () => from("192.0.2.4", "/auth/token", { authorization: "Bearer wrong" })
    const statuses = [await guess(), await guess(), await guess()].map((response) => response.status)
    assert.deepStrictEqual(statuses, [401, 401, 429])
  })

  it("upgrades with a token count against its subject, those without against the address", async () => {
    const headers = { "x-forwarded-for": "192.0.2.5" }
    for (let i = 0; i < 20; i++) await connect(`${server.wsUrl}/ws/secure`, { headers })
    assert.strictEqual((await refused(`${server.wsUrl}/ws`, { headers })).status, 429)
    const token = await server.token(["clinician"], "patient-a")
    for (let i = 0; i < 20; i++) {
      assert.strictEqual((await refused(`${server.wsUrl}/ws/secure`, { headers, token })).status, 403)
    }
    const over = await refused(`${server.wsUrl}/ws/secure`, { headers, token })
    assert.strictEqual(over.status, 429)
    assert.match(String(over.headers.ratelimit), /^"sub";r=0;t=60$/)
    const other = await server.token(["clinician"], "patient-b")
    assert.strictEqual((await refused(`${server.wsUrl}/ws/secure`, { headers, token: other })).status, 403)
  })
})
