/** The studio's side for designers through a running server: who may, what is told, and that no answer is in any of it. */
import { createWebSocketReceiver, type StatelyInspectionEvent } from "@statelyai/inspect"
import { createInspectorServer } from "@statelyai/inspect/server"
import { Schema } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { InspectionEvent } from "#schemas/inspection.ts"
import { Runs, RunSteps } from "#schemas/studio.ts"
import { readWav } from "#src/audio/wav.ts"
import { type Caller, interviewed, noPrompts } from "#test/e2e/caller.ts"
import { linkIds } from "#test/e2e/questionnaire-file.ts"
import { freePort, startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { forward } from "../../scripts/studio-inspect.ts"

let server: ServerProcess
beforeAll(async () => (server = await startServer(noPrompts)))
afterAll(() => server.stop())

const ask = (path: string, init: RequestInit = {}) =>
  fetch(server.url + path, {
    ...init,
    headers: { authorization: `Bearer ${server.secret}`, "content-type": "application/json" }
  })
const post = (body: unknown) => ask("/admin/studio/try", { method: "POST", body: JSON.stringify(body) })
const codeOf = async (response: Response) =>
  ((await response.json()) as { readonly error: { readonly code: string } }).error.code

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(InspectionEvent), { onExcessProperty: "error" })
const decodeRuns = Schema.decodeUnknownSync(Runs, { onExcessProperty: "error" })
const decodeSteps = Schema.decodeUnknownSync(RunSteps, { onExcessProperty: "error" })

/** The events of a session as they come. */
class Watching {
  readonly events: Array<InspectionEvent> = []
  text = ""
  readonly #abort = new AbortController()
  readonly done: Promise<void>
  readonly #waiting = new Set<() => void>()

  private constructor(response: Response, abort: AbortController) {
    this.#abort = abort
    this.done = this.#read(response)
  }

  static async of(id: string): Promise<Watching> {
    const abort = new AbortController()
    const response = await ask(`/admin/studio/sessions/${id}/events`, { signal: abort.signal })
    assert.strictEqual(response.status, 200)
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/)
    return new Watching(response, abort)
  }

  async #read(response: Response): Promise<void> {
    let rest = ""
    for await (const part of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      this.text += part
      const lines = (rest + part).split("\n\n")
      rest = lines.pop() ?? ""
      this.events.push(...lines.filter((line) => line.startsWith("data: ")).map((line) => decode(line.slice(6))))
      for (const check of this.#waiting) check()
    }
  }

  until(wanted: (event: InspectionEvent) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!this.events.some(wanted)) return
        this.#waiting.delete(check)
        resolve()
      }
      this.#waiting.add(check)
      check()
    })
  }

  stop(): Promise<void> {
    this.#abort.abort()
    return this.done.catch(() => {})
  }
}

const idOf = (caller: Caller): string => caller.of("session.ready")[0]?.session_id ?? ""

/** Texts that must be nowhere: what the person typed, and every display and option of what was answered. */
const secrets = ["canary-typed-word", "أكثر من نصف الأيام", "أَكْثَرَ", "patient-7"]
const assertSilent = (text: string) => {
  for (const secret of secrets) assert.notInclude(text, secret)
}

/** Consents, and answers the first two questions. */
const answered = async (): Promise<Caller> => {
  const caller = await interviewed(server)
  await caller.ask({ type: "consent.give", version: "1" })
  for (const [index, linkId] of linkIds.slice(0, 2).entries()) {
    const question = await caller.until((message) => message.type === "question.asked" && message.index === index + 1)
    const code = question.type === "question.asked" ? (question.options[2]?.code ?? "") : ""
    await caller.ask({ type: "answer.select", link_id: linkId, code })
  }
  await caller.until((message) => message.type === "question.asked" && message.index === 3)
  return caller
}

describe("watching a live session", () => {
  it("tells actors, events and states from now on, and not a word of what is said", async () => {
    const caller = await answered()
    const watching = await Watching.of(idOf(caller))
    await watching.until(({ type }) => type === "@xstate.actor")
    await caller.ask({ type: "text.input", text: "canary-typed-word" })
    const code = caller.of("question.asked").at(-1)?.options[2]?.code ?? ""
    await caller.ask({ type: "answer.select", link_id: linkIds[2] ?? "", code })
    const isAt = (event: InspectionEvent, state: string) =>
      event.type === "@xstate.snapshot" && JSON.stringify(event.snapshot.value).includes(`"${state}"`)
    await watching.until((event) => isAt(event, "q4"))

    const actors = watching.events.filter((event) => event.type === "@xstate.actor")
    const names = actors.map(({ name }) => name)
    assert.includeMembers(names, ["session", "interview"])
    const interview = actors.find(({ name }) => name === "interview")
    const session = actors.find(({ name }) => name === "session")
    assert.strictEqual(interview?.parentId, session?.sessionId)
    const { states } = JSON.parse(interview?.definition ?? "{}") as {
      states: Record<string, { meta?: { linkId: string } }>
    }
    assert.strictEqual(states["q4"]?.meta?.linkId, linkIds[3])
    assert.deepInclude(session?.snapshot.value as object, { dialogue: "interviewing", attention: "attentive" })
    const types = watching.events.flatMap((event) => (event.type === "@xstate.event" ? [event.event.type] : []))
    assert.includeMembers(types, ["interview.event", "answer.given", "answer.stored", "prompt.requested"])
    assertSilent(watching.text)

    await caller.end()
    await watching.done
  })

  it("ends when the designer looks away, and another may look", async () => {
    const caller = await answered()
    const first = await Watching.of(idOf(caller))
    const second = await Watching.of(idOf(caller))
    await first.stop()
    await caller.ask({ type: "question.repeat" })
    await second.until(({ type }) => type === "@xstate.event")
    await second.stop()
    caller.terminate()
  })

  it("is refused where there is no such session, and to whoever is no admin", async () => {
    assert.strictEqual(await codeOf(await ask("/admin/studio/sessions/nobody/events")), "not_found")
    assert.strictEqual((await fetch(`${server.url}/admin/studio/sessions/nobody/events`)).status, 401)
  })
})

describe("stepping through a kept session", () => {
  it("tells what happened about which question and where it stood, and no answer", async () => {
    const caller = await answered()
    const id = idOf(caller)
    await caller.ask({ type: "question.back" })
    await caller.end()
    const listed = await (await ask("/admin/studio/runs")).text()
    const { runs } = decodeRuns(JSON.parse(listed))
    const listedRun = runs.find((run) => run.id === id)
    assert.strictEqual(listedRun?.questionnaire?.id, "phq-9")
    assert.isAtLeast(listedRun?.entries ?? 0, 3)
    assert.isNotNull(listedRun?.ended_at ?? null)

    const text = await (await ask(`/admin/studio/runs/${id}`)).text()
    const { steps: all, language } = decodeSteps(JSON.parse(text))
    // What was left unfinished may have been given up by now, which is one more step.
    const steps = all.slice(0, 3)
    assert.strictEqual(language, "ar")
    assert.deepEqual(
      steps.map(({ type, link_id, node }) => [type, link_id, node]),
      [
        ["consent", undefined, linkIds[0]],
        ["answer", linkIds[0], linkIds[1]],
        ["answer", linkIds[1], linkIds[2]]
      ]
    )
    assert.deepEqual(
      steps.map(({ state }) => state.split(".")[0]),
      ["q1", "q2", "q3"]
    )
    for (const body of [listed, text]) {
      assertSilent(body)
      assert.notMatch(body, /"(value|display|answer|code)":/)
    }
    assert.strictEqual(await codeOf(await ask("/admin/studio/runs/nobody")), "not_found")
  })
})

describe("trying and listening", () => {
  it("refuses what is not there, too much, and what has no place, in words", async () => {
    assert.strictEqual(await codeOf(await post({ questionnaire: "none", inputs: [] })), "not_found")
    assert.strictEqual(
      await codeOf(await post({ questionnaire: "phq-9", inputs: [{ text: "x", heard: 2 }] })),
      "invalid_message"
    )
    assert.strictEqual(await codeOf(await post({ questionnaire: "phq-9", inputs: [], more: 1 })), "invalid_message")
    const long = Array.from({ length: 400 }, () => ({ text: "x".repeat(400) }))
    assert.strictEqual(await codeOf(await post({ questionnaire: "phq-9", inputs: long })), "message_too_large")
    assert.strictEqual((await post({ questionnaire: "phq-9", inputs: [{ text: "نعم" }] })).status, 200)
  })

  it("gives a prompt's sound as a file, and speaks no text but a questionnaire's own", async () => {
    const listed = await ask("/admin/studio/prompts?questionnaire=gad-7&language=en")
    const { prompts } = (await listed.json()) as {
      prompts: ReadonlyArray<{ key: string; link_id?: string; about: string }>
    }
    const question = prompts.find(({ about }) => about === "question")
    const response = await ask(`/admin/studio/speech?questionnaire=gad-7&language=en&prompt=${question?.key}`)
    assert.strictEqual(response.headers.get("content-type"), "audio/wav")
    const { samples, sampleRateHz } = readWav(new Uint8Array(await response.arrayBuffer()))
    assert.isAbove(samples.length, sampleRateHz)
    assert.isAbove(
      samples.reduce((most, sample) => Math.max(most, sample), 0),
      1_000
    )
    for (const key of ["x", encodeURIComponent("any text at all")]) {
      assert.strictEqual(await codeOf(await ask(`/admin/studio/speech?questionnaire=gad-7&prompt=${key}`)), "not_found")
    }
  })
})

describe("npm run studio:inspect", () => {
  it("brings a live session to whoever receives from Stately's inspector server", async () => {
    const port = await freePort()
    const relay = createInspectorServer({ port, autoOpen: false })
    const to = `ws://localhost:${port}`
    const caller = await interviewed(server)
    const session = idOf(caller)
    const received: Array<StatelyInspectionEvent> = []
    let wake = () => {}
    createWebSocketReceiver({ server: to }).subscribe((event) => {
      received.push(event)
      wake()
    })
    const until = async (wanted: (event: StatelyInspectionEvent) => boolean) => {
      while (!received.some(wanted)) await new Promise<void>((resolve) => (wake = resolve))
    }
    const forwarding = forward({ server: server.url, secret: server.secret, session, to })
    await until((event) => event.type === "@xstate.actor" && event.name === "interview")
    await caller.ask({ type: "consent.give", version: "1" })
    await until((event) => event.type === "@xstate.snapshot" && JSON.stringify(event.snapshot).includes('"q1"'))
    await caller.end()
    await forwarding
    relay.stop()
  })

  it("says why it cannot", async () => {
    const options = { server: server.url, secret: server.secret, session: "nobody", to: "ws://127.0.0.1:9" }
    const reasonOf = async (change: Partial<typeof options>) =>
      forward({ ...options, ...change }).then(
        () => "",
        (error: unknown) => (error instanceof Error ? error.message : "")
      )
    assert.match(await reasonOf({}), /nothing listens on ws:\/\/127\.0\.0\.1:9/)
    const port = await freePort()
    const relay = createInspectorServer({ port, autoOpen: false })
    assert.match(await reasonOf({ to: `ws://localhost:${port}` }), /^404: No session/)
    relay.stop()
  })
})
