/** Whose request it is, whatever its headers say: nobody escapes the count, and nobody is counted for another. */
import { once } from "node:events"
import { type ClientRequest, type IncomingMessage, request } from "node:http"
import fc from "fast-check"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { clientAddress, limitKey } from "#src/gateway/address.ts"
import { startServer, type TestServer } from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"
import { standingStore } from "./limit-stores.ts"

describe("the key of an address", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["2001:0db8:0001:0002::", "2001:db8:1:2::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4::/64"]
  ])("%s is limited as %s", (address, key) => assert.strictEqual(limitKey(address), key))
})

const peer = "198.51.100.7"
const addressOf = (forwarded: string | undefined, hops: number, remoteAddress: string | undefined = peer) =>
  clientAddress(
    {
      headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
      socket: { remoteAddress } as IncomingMessage["socket"]
    },
    hops
  )

describe("the address of a client", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    [" 192.0.2.1:50123 ", "192.0.2.1"],
    ["2001:DB8::1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["[::ffff:192.0.2.1]:443", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"]
  ])("%s from our proxy is %s", (entry, address) => assert.strictEqual(addressOf(entry, 1), address))

  it.each([
    "",
    "unknown",
    "_hidden",
    "192.0.2.999",
    "192.0.2.1.5",
    "0x7f.1",
    "1",
    "2001:db8::1::2",
    "<script>",
    "[]",
    "[192.0.2.1"
  ])("%j is none: the peer counts", (entry) => assert.strictEqual(addressOf(entry, 1), peer))

  it("is the peer's where there is no header, no proxy, or fewer entries than proxies", () => {
    assert.strictEqual(addressOf(undefined, 1), peer)
    assert.strictEqual(addressOf("192.0.2.1", 0), peer)
    assert.strictEqual(addressOf("192.0.2.1", 2), peer)
    assert.strictEqual(addressOf(undefined, 0, "::ffff:192.0.2.1"), "192.0.2.1")
    assert.strictEqual(addressOf(undefined, 0, undefined as never), peer)
  })

  it("does not move, whatever a client writes before what our proxies do", () =>
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(1, 2, 3), (forged, hops) => {
        const written = ["192.0.2.1", "203.0.113.1", "203.0.113.2"].slice(0, hops)
        assert.strictEqual(addressOf([forged, ...written].join(", "), hops), "192.0.2.1")
      })
    ))
})

/** What a client may send on to escape, or to spoil it for `victim`. */
const victim = "203.0.113.66"
const forgeries: ReadonlyArray<ReadonlyArray<string>> = [
  [victim],
  [`${victim}, ${victim}, ${victim}`],
  [victim, victim],
  [`[${victim}]:80`],
  [`::ffff:${victim}`],
  ["2001:db8::1", "2001:db8:1::1"],
  ["garbage"],
  [", ,,"],
  [""],
  ["127.0.0.1"],
  ["0.0.0.0, 255.255.255.255, ::"],
  [`${"1.1.1.1, ".repeat(800)}${victim}`],
  ["\u00ff\u00fe"]
]
const perMinute = 200

describe.each([0, 1, 2])("with %d trusted proxies", (hops) => {
  let server: TestServer
  beforeAll(async () => {
    const env = { RATE_LIMIT_PER_MINUTE: String(perMinute), TRUSTED_PROXY_HOPS: String(hops) }
    server = await startServer(echoLayers(newSeen()), env, { limitStore: standingStore })
  })
  afterAll(() => server.close())

  /** Requests that are left to whoever sent this one: through our proxies, or from an address of the loopback. */
  const leftFor = async (client: string, forged: ReadonlyArray<string> = []): Promise<number> => {
    const written = hops === 0 ? [] : [[client, "10.0.0.1"].slice(0, hops).join(", ")]
    const headers = ["Host", "service", ...[...forged, ...written].flatMap((line) => ["X-Forwarded-For", line])]
    const from = hops === 0 && client === victim ? { localAddress: "127.0.0.66" } : {}
    const asked: ClientRequest = request({
      host: "127.0.0.1",
      port: server.port,
      path: "/",
      headers,
      agent: false,
      ...from
    })
    asked.end()
    const [response] = (await once(asked, "response")) as [IncomingMessage]
    response.resume()
    return Number(/r=(\d+)/.exec(String(response.headers.ratelimit))?.[1])
  }

  it("a forged X-Forwarded-For is counted for who sent it, and for nobody else", async () => {
    let left = perMinute
    for (const forged of forgeries)
      assert.strictEqual(await leftFor("192.0.2.1", forged), --left, JSON.stringify(forged))
    assert.strictEqual(await leftFor("192.0.2.1"), --left)
    assert.strictEqual(await leftFor(victim), perMinute - 1)
  })
})

describe("IPv6 through a proxy", () => {
  it("is counted by /64, however it is written", async () => {
    const env = { RATE_LIMIT_PER_MINUTE: "20", TRUSTED_PROXY_HOPS: "1" }
    const server = await startServer(echoLayers(newSeen()), env, { limitStore: standingStore })
    const leftFor = async (forwarded: string) =>
      (await fetch(server.url, { headers: { "x-forwarded-for": forwarded } })).headers.get("ratelimit")?.slice(5, 9)
    try {
      const written = ["2001:db8:9::1", "2001:DB8:9:0:ffff::2", "[2001:db8:9::3]:50000", "2001:0db8:0009::4"]
      const left: Array<string | undefined> = []
      for (const address of written) left.push(await leftFor(address))
      assert.deepStrictEqual(left, ["r=19", "r=18", "r=17", "r=16"])
      assert.strictEqual(await leftFor("2001:db8:9:1::1"), "r=19")
    } finally {
      await server.close()
    }
  })
})
