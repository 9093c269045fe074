/** The service's trial of itself, and its profiles, on the real service. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Logger } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { layerProfiling } from "#src/telemetry/profiling.ts"
import { noPrompts } from "#test/e2e/caller.ts"
import { type ServerProcess, startServer } from "../../scripts/server-process.ts"
import { type Scrape, scraped, valueOf } from "./scraped.ts"

const watching = { ...noPrompts, CANARY_MINUTES: "60", LOG_LEVEL: "DEBUG", PROFILING: "off" }

describe("the canary", () => {
  let server: ServerProcess
  let scrape: Scrape
  beforeAll(async () => {
    server = await startServer(watching)
    await server.logged("the canary was heard and answered")
    scrape = await scraped(server.url, server.secret)
  })
  afterAll(() => server.stop())

  it("is heard and answered over the whole way, and tells how soon", () => {
    assert.strictEqual(valueOf(scrape, "sawt_canary_runs_total", { outcome: "ok" }), 1)
    assert.strictEqual(valueOf(scrape, "sawt_canary_runs_total"), 1)
    assert.strictEqual(valueOf(scrape, "sawt_canary_seconds_count", { step: "transcript" }), 1)
    assert.isAbove(valueOf(scrape, "sawt_canary_seconds_sum", { step: "speech" }), 0)
    assert.strictEqual(valueOf(scrape, "sawt_transcripts_total", { endpoint: "canary" }), 1)
  })

  it("is nobody: it takes no slot, stands in no list and is not counted as a person", async () => {
    assert.strictEqual(valueOf(scrape, "sawt_sessions_started_total", { endpoint: "canary" }), 1)
    for (const endpoint of ["basic", "secure", "healthcare"])
      for (const name of ["sawt_sessions_started_total", "sawt_sessions_ended_total", "sawt_transcripts_total"])
        assert.strictEqual(valueOf(scrape, name, { endpoint }), 0, `${name} ${endpoint}`)
    assert.strictEqual(valueOf(scrape, "sawt_slots_open"), 0)
    const headers = { authorization: `Bearer ${server.secret}` }
    const listed = (await (await fetch(`${server.url}/admin/sessions`, { headers })).json()) as { sessions: unknown }
    assert.deepEqual(listed.sessions, [])
  })

  it("is not ended by SIGUSR2, which writes nothing where profiles are off", async () => {
    server.process.kill("SIGUSR2")
    await server.logged("SIGUSR2 writes profiles only with PROFILING=on")
    assert.notInclude(readdirSync(server.dataDir), "profiles")
  })
})

describe("SIGUSR2", () => {
  it("writes a CPU profile and a heap snapshot, for the owner alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-profiles-"))
    try {
      const { promise: done, resolve } = Promise.withResolvers<void>()
      const logger = Logger.make(({ message }) => {
        if (JSON.stringify(message).includes("profiles are written")) resolve()
      })
      const layer = layerProfiling({ folder, enabled: true, cpuSeconds: 0.2 }).pipe(
        Layer.provide(Logger.layer([logger]))
      )
      await Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            yield* Layer.build(layer)
            process.kill(process.pid, "SIGUSR2")
            yield* Effect.promise(() => done)
          })
        )
      )
      const files = readdirSync(folder).toSorted()
      assert.deepEqual(
        files.map((name) => name.replace(/^.*\./, "")),
        ["cpuprofile", "heapsnapshot"]
      )
      for (const name of files) {
        assert.strictEqual(statSync(join(folder, name)).mode & 0o777, 0o600)
        assert.isAbove(statSync(join(folder, name)).size, 1_000)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
