import fc from "fast-check"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { limitKey } from "#src/gateway/address.ts"
import { RateLimiter } from "#src/gateway/limiter.ts"
import { connect, refused, startServer, type TestServer } from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

const limiterAt = (perMinute: number, keysMax = 100) => {
  const clock = { nowMs: 0 }
  return { clock, limiter: new RateLimiter({ perMinute, keysMax, nowMs: () => clock.nowMs }) }
}

describe("a bucket", () => {
  it("gives its tokens at once and then one per even share of the minute", () => {
    const { clock, limiter } = limiterAt(6)
    for (let i = 0; i < 6; i++) assert.isTrue(limiter.take("a").allowed)
    assert.deepInclude(limiter.take("a"), { allowed: false, remaining: 0, retryAfterSeconds: 10, resetSeconds: 60 })
    clock.nowMs = 9_999
    assert.isFalse(limiter.take("a").allowed)
    clock.nowMs = 10_000
    assert.isTrue(limiter.take("a").allowed)
    assert.isFalse(limiter.take("a").allowed)
  })

  it("in any stretch of time never gives more than it holds and what is refilled", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 200 }),
        (perMinute, steps) => {
          const { clock, limiter } = limiterAt(perMinute)
          let allowed = 0
          for (const step of steps) {
            clock.nowMs += step
            if (limiter.take("a").allowed) allowed++
          }
          assert.isAtMost(allowed, perMinute + (clock.nowMs * perMinute) / 60_000 + 1e-6)
        }
      )
    )
  })

  it("waiting as told is always enough", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 60_000 }), (perMinute, waitMs) => {
        const { clock, limiter } = limiterAt(perMinute)
        while (limiter.take("a").allowed);
        clock.nowMs += waitMs
        const decision = limiter.take("a")
        if (decision.allowed) return
        clock.nowMs += decision.retryAfterSeconds * 1_000
        assert.isTrue(limiter.take("a").allowed)
      })
    )
  })

  it("of one key does not touch another's", () => {
    const { limiter } = limiterAt(1)
    assert.isTrue(limiter.take("a").allowed)
    assert.isFalse(limiter.take("a").allowed)
    assert.isTrue(limiter.take("b").allowed)
  })
})

describe("memory", () => {
  it("holds at most its bound of keys under a flood, and forgets them when they have rested", () => {
    const { clock, limiter } = limiterAt(60, 100_000)
    for (let i = 0; i < 150_000; i++) limiter.take(`key-${i}`)
    assert.strictEqual(limiter.tracked, 100_000)
    clock.nowMs = 60_000
    assert.strictEqual(limiter.tracked, 0)
  })

  it("a flood of other keys does not free a key that keeps calling", () => {
    const { limiter } = limiterAt(1, 10)
    limiter.take("busy")
    for (let i = 0; i < 100; i++) {
      limiter.take(`other-${i}`)
      assert.isFalse(limiter.take("busy").allowed)
    }
  })
})

describe("keys", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["2001:0db8:0001:0002::", "2001:db8:1:2::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"]
  ])("%s is limited as %s", (address, key) => assert.strictEqual(limitKey(address), key))
})

describe("through the server", () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(echoLayers(newSeen()), { RATE_LIMIT_PER_MINUTE: "20", TRUSTED_PROXY_HOPS: "1" })
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

  it("only as many forwarded entries are believed as there are proxies, from the right", async () => {
    await from("192.0.2.3")
    const spoofed = await from("203.0.113.9, 192.0.2.3")
    assert.match(spoofed.headers.get("ratelimit") ?? "", /r=18/)
    assert.match((await from("no address")).headers.get("ratelimit") ?? "", /r=19/)
  })

  it("two addresses of one IPv6 /64 share a bucket", async () => {
    await from("2001:db8:9::1")
    assert.match((await from("2001:db8:9::2")).headers.get("ratelimit") ?? "", /r=18/)
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
