/** The examples as somebody else would run them: processes of their own against a running service. */
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { noPrompts, tokenOf } from "#test/e2e/caller.ts"
import { clipOf } from "#test/stt/recordings.ts"
import { buildClient } from "../../scripts/client-build.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { itInPython } from "./python.ts"

const repository = join(import.meta.dirname, "../..")
const inRepository = (path: string) => join(repository, path)
const run = promisify(execFile)
const { file, text } = clipOf("previous")
const recording = inRepository(`test/fixtures/ar-commands/${file}`)

/** A project of its own, with the built client among its packages. */
const project = mkdtempSync(join(tmpdir(), "sawt-project-"))
const installed = join(project, "node_modules/sawt-client")

let server: ServerProcess
beforeAll(async () => {
  mkdirSync(join(project, "node_modules"))
  buildClient(installed)
  server = await startServer(noPrompts)
})
afterAll(async () => {
  await server.stop()
  rmSync(project, { recursive: true })
})

describe("the examples", () => {
  it("docs/client.md: the code of the page hears a recording and lets the service speak, with the built client", async () => {
    const [, code] = /```js\n([\s\S]*?)```/.exec(readFileSync(inRepository("docs/client.md"), "utf8")) ?? []
    assert.strictEqual(code, readFileSync(inRepository("examples/node.mjs"), "utf8"))
    assert.isAtMost(code?.split("\n").filter((line) => line.trim() !== "").length ?? 0, 20)
    const script = join(project, "example.mjs")
    writeFileSync(script, code ?? "")
    const env = { ...process.env, SAWT_URL: server.url }
    const { stdout } = await run(process.execPath, [script, recording], { cwd: project, env })
    assert.match(stdout, new RegExp(`^\\d+ ms: ${text}$`, "m"))
    assert.match(stdout, /^spoken: [5-9]\d\d ms, \d{5} bytes$/m)
  })

  itInPython("examples/transcribe.py needs nothing but websockets, with a token and without", async (python) => {
    const script = inRepository("examples/transcribe.py")
    const env = { PATH: process.env.PATH, PYTHONIOENCODING: "utf8", SAWT_TOKEN: await tokenOf(server, "voice") }
    const [open, secure] = await Promise.all([
      run(python, [script, recording, server.url], { env: { ...env, SAWT_TOKEN: "" } }),
      run(python, [script, recording, server.url], { env })
    ])
    for (const { stdout } of [open, secure]) assert.match(stdout, new RegExp(`^\\d+ ${text}$`, "m"))
  })

  it("examples/admin.sh asks for health, a token, an invitation, the sessions and the results", async () => {
    const env = { ...process.env, VOICE_SERVICE_SECRET: server.secret }
    const { stdout } = await run(inRepository("examples/admin.sh"), [server.url], { env })
    const [health, link, sessions, responses] = stdout.trim().split("\n")
    assert.include(["healthy", "degraded"], JSON.parse(health ?? "").status)
    assert.match(link ?? "", /\/talk#inv_/)
    assert.deepInclude(JSON.parse(sessions ?? ""), { sessions: [], complete: true })
    assert.deepInclude(JSON.parse(responses ?? ""), { resourceType: "Bundle", type: "searchset" })
  })
})

describe("the built client", () => {
  const compiler = inRepository("node_modules/typescript/bin/tsc")
  const compile = async (name: string, skipLibCheck: boolean, code: string) => {
    const path = join(project, name)
    writeFileSync(path, code)
    const strict = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--allowImportingTsExtensions"]
    const target = ["--target", "es2024", "--module", "nodenext", "--lib", "es2024,dom,dom.iterable,dom.asynciterable"]
    const flags = [...strict, ...target, "--skipLibCheck", String(skipLibCheck)]
    await run(process.execPath, [compiler, ...flags, path], { cwd: project }).catch(({ stdout }) => assert.fail(stdout))
  }

  it("has whole types of its own, without any other package", () =>
    compile(
      "consumer.mts",
      false,
      `import { connect, type ServerMessageOf } from "sawt-client"
      import { Microphone, Speaker } from "sawt-client/voice"
      const session = await connect({ server: "https://voice.example", questionnaire: "phq-9", token: async () => "t" })
      session.on("question.asked", ({ options }) => options.map(({ code }) => session.request({ type: "answer.select", link_id: "1", code })))
      const final: ServerMessageOf<"transcript.final"> = await session.next("transcript.final")
      // @ts-expect-error no message has this type
      session.on("transcript.finale", () => {})
      await Speaker.open(session)
      await Microphone.open(session)
      export const text: string = final.text`
    ))

  it("has the types of messages that the schemas have, no more and no less", () =>
    compile(
      "same.ts",
      true,
      `import type * as Built from "./node_modules/sawt-client/wire.js"
      import type * as Own from ${JSON.stringify(inRepository("schemas/wire.ts"))}
      type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
      export const same: [
        Same<Built.ServerMessage, Own.ServerMessage>,
        Same<Built.ClientMessage, Own.ClientMessage>,
        Same<Built.SessionStart, Own.SessionStart>,
        Same<Built.LeadingState, Own.LeadingState>
      ] = [true, true, true, true]`
    ))
})
