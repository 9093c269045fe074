/** The load tool as an operator runs it, against the running service. */
import { execFile } from "node:child_process"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { noPrompts } from "../e2e/caller.ts"
import { sleep } from "../faults/hosts.ts"

let server: ServerProcess
beforeAll(async () => (server = await startServer(noPrompts)))
afterAll(() => server.stop())

const program = join(import.meta.dirname, "../../bench/load.ts")
const run = (...options: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const env = { ...process.env, LOAD_SECRET: server.secret }
    const child = execFile(process.execPath, [program, "--url", server.url, ...options], { env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr })
    )
  })

const sessionsOf = async ({ url, secret: admin }: ServerProcess): Promise<number> => {
  const response = await fetch(`${url}/admin/health`, { headers: { authorization: `Bearer ${admin}` } })
  return ((await response.json()) as { readonly slots: { readonly open: number } }).slots.open
}

interface Report {
  readonly finals: number
  readonly failed: number
  readonly waitsMs: Readonly<
    Record<string, { readonly count: number; readonly p50: number; readonly buckets: ReadonlyArray<[number, number]> }>
  >
}
const secret = ["--secret-env", "LOAD_SECRET", "--json"]
const reportOf = async (...options: ReadonlyArray<string>): Promise<Report> => {
  const { code, stdout, stderr } = await run(...secret, ...options)
  assert.strictEqual(code, 0, stderr)
  return JSON.parse(stdout) as Report
}

describe("npm run load", () => {
  it("counts the waits of all that a stall of the server delays, not only of the first", async () => {
    const paused = (async () => {
      while ((await sessionsOf(server)) < 2) await sleep(50)
      await sleep(500)
      server.process.kill("SIGSTOP")
      await sleep(2_500)
      server.process.kill("SIGCONT")
    })()
    const { waitsMs } = await reportOf("--scenario", "idle", "--sessions", "2", "--ramp", "0", "--seconds", "5")
    await paused
    const { count, buckets } = waitsMs["ping → pong"] ?? { count: 0, buckets: [] }
    const slow = buckets.filter(([upToMs]) => upToMs > 400).reduce((sum, [, pings]) => sum + pings, 0)
    assert.isAtLeast(count, 6)
    // A tool that waits for the one before would have found one slow ping in each session.
    assert.isAtLeast(slow, 4)
  })

  it("dictates by schedule and tells how long finals took, and files as fast as they are taken", async () => {
    const live = await reportOf("--scenario", "dictation", "--sessions", "3", "--seconds", "7", "--real-time")
    assert.isAtLeast(live.finals, 3)
    const finals = live.waitsMs["end of speech → final"]
    assert.strictEqual(finals?.count, live.finals)
    assert.isAbove(finals?.p50 ?? 0, 100)
    const files = await reportOf("--scenario", "dictation", "--sessions", "2", "--seconds", "6")
    assert.strictEqual(files.waitsMs["whole file"]?.count, 2)
  })

  it("says what failed, with exit code 1, and what is allowed, with 2", async () => {
    const { code, stderr } = await run("--scenario", "idle", "--sessions", "3", "--seconds", "2")
    assert.strictEqual(code, 1)
    assert.match(stderr, /1 x .*(429|503)/)
    const wrong = await run("--scenario", "idling")
    assert.strictEqual(wrong.code, 2)
    assert.match(wrong.stderr, /questionnaire, dictation, idle/)
  })
})
