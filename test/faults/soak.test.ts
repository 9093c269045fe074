/** Sessions that come and go, politely and not, leave nothing behind. Long forms: `npm run test:soak`, `test:disconnects`. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type ServerProcess, startServer } from "../../scripts/server-process.ts"
import { noPrompts, tokenOf } from "#test/e2e/caller.ts"
import { harmDone, speakAmid } from "./bystanders.ts"
import { disconnect, phases } from "./disconnects.ts"
import { type Counts, countsAtRest } from "./footprint.ts"
import { soak } from "./soak.ts"

const clients = 300

const assertNothingKept = (before: Counts | undefined, after: Counts | undefined): void => {
  assert.strictEqual(after?.sessions, 0)
  assert.isAtMost(after?.descriptors ?? NaN, before?.descriptors ?? NaN)
}

describe("a server with many sessions", () => {
  let server: ServerProcess
  let token: string
  beforeAll(async () => {
    server = await startServer({ ...noPrompts, RATE_LIMIT_PER_MINUTE: "100000", MAX_CONCURRENT_SESSIONS: "40" })
    token = await tokenOf(server, "voice healthcare")
  })
  afterAll(() => server.stop())

  it("hears every one of thirty that speak, ten at a time, and has no slot or descriptor taken after", async () => {
    const readings: Array<Counts> = []
    const unheard = await soak({
      server,
      token,
      sessions: 30,
      concurrent: 10,
      pauseAt: [10],
      onPause: async () => void readings.push(await countsAtRest(server))
    })
    assert.deepStrictEqual(unheard, [])
    assertNothingKept(readings[0], readings[1])
  })

  it("keeps nothing of clients that leave anywhere in the protocol by any way, and others hear no difference", async () => {
    const where = { server: server.url, token }
    await disconnect(where, { count: 30, width: 10, seed: 2 })
    const before = await countsAtRest(server)
    const leaving = disconnect(where, { count: clients, width: 16, seed: 1 })
    const bystanders = { server, token, sessions: 2 }
    const speakers = await speakAmid(bystanders, leaving)
    const { byPhase, held, refused } = await leaving
    assert.hasAllKeys(byPhase, Object.keys(phases))
    assert.deepStrictEqual({ held, refused }, { held: {}, refused: {} })
    assert.deepStrictEqual(await harmDone(bystanders, speakers), [])
    assertNothingKept(before, await countsAtRest(server))
  })
})
