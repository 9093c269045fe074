/** What breaks below a session - a model host killed by the system, a model that cannot load - and what its caller sees. */
import { readFileSync } from "node:fs"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ServerMessage } from "#schemas/wire.ts"
import { joined } from "#src/audio/pcm.ts"
import { reported } from "#test/faults/hosts.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, interviewed, noPrompts, silence, spoken } from "./caller.ts"

/** The prompt that follows this message has been spoken to its end. */
const prompted = async (caller: Caller, message: ServerMessage): Promise<void> => {
  const follows = (other: ServerMessage) => caller.messages.indexOf(other) > caller.messages.indexOf(message)
  const begin = await caller.until((other) => other.type === "audio.begin" && follows(other))
  await caller.until((other) => other.type === "audio.end" && begin.type === "audio.begin" && other.id === begin.id)
}

/** What only this host's process has open. */
const opened = { stt: "libvosk", vad: "onnxruntime", tts: undefined } as const
type Model = keyof typeof opened

/** The processes of a model, oldest first. */
const pidsOf = ({ process: { pid } }: ServerProcess, model: Model): ReadonlyArray<number> => {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")
  const mapsOf = (child: string) => readFileSync(`/proc/${child}/maps`, "utf8")
  const wanted = opened[model]
  return children
    .filter((child) =>
      wanted === undefined ? !/libvosk|onnxruntime/.test(mapsOf(child)) : mapsOf(child).includes(wanted)
    )
    .map(Number)
}

/** A word, with what the signals do in the middle of it: after its first partial, before its end. */
const saidThrough = async (caller: Caller, pid: number, ...signals: ReadonlyArray<NodeJS.Signals>): Promise<void> => {
  const word = readSamples(clipOf("previous").file)
  await caller.play(joined(silence(200), word.slice(0, 12_000)))
  await caller.until(({ type }) => type === "transcript.partial")
  for (const signal of signals) process.kill(pid, signal)
  await caller.play(joined(word.slice(12_000), silence(900)))
  await caller.until(({ type }) => type === "transcript.final")
}

/** The word as it was said, once, and no error; and the session hears the next. */
const assertUnharmed = async (caller: Caller): Promise<void> => {
  const [final] = caller.of("transcript.final")
  assert.include(final, { text: clipOf("previous").text, replayed: true, degraded: false })
  await caller.play(spoken("yes"))
  await caller.count("transcript.final", 2)
  await caller.end()
  assert.deepStrictEqual(caller.finals, [clipOf("previous").text, clipOf("yes").text])
  assert.isEmpty(caller.of("error"))
}

describe("a model host that is killed", () => {
  let server: ServerProcess
  beforeAll(async () => (server = await startServer(noPrompts)))
  afterAll(() => server.stop())

  const only = (model: Model): number => {
    const [pid, ...others] = pidsOf(server, model)
    assert.isEmpty(others, `hosts of ${model}`)
    return pid ?? assert.fail(`no host of ${model}`)
  }
  const kill = (model: Model): boolean => process.kill(only(model), "SIGKILL")
  const recovered = (model: Model) => reported(server, ({ models }) => models[model].status === "ready")

  it.each([[["SIGKILL"]], [["SIGSTOP", "SIGKILL"]]] as const)(
    "by %s in mid-utterance costs nothing that was said",
    async (signals) => {
      await recovered("stt")
      const caller = await Caller.started(server.url)
      await saidThrough(caller, only("stt"), ...signals)
      await assertUnharmed(caller)
    }
  )

  it("in an interview costs no answer: it is recorded as it was said, and not asked again", async () => {
    await recovered("stt")
    const caller = await interviewed(server)
    const question = await caller.ask({ type: "consent.give", version: "1" })
    assert.strictEqual(question.type, "question.asked")
    await prompted(caller, question)
    await caller.play(joined(silence(200), readSamples(clipOf("three").file)))
    await caller.until(({ type }) => type === "speech.started")
    kill("stt")
    await caller.play(silence(900))
    const recorded = await caller.until(({ type }) => type === "answer.recorded")
    assert.include(recorded, { display: "تقريباً كل يوم", via: "voice" })
    assert.include(caller.of("transcript.final")[0], { replayed: true })
    await caller.end()
    assert.isEmpty(caller.of("question.reprompt"))
    assert.isEmpty(caller.of("error"))
  })

  it("of the detector delays a session and loses nothing of what was said", async () => {
    const caller = await Caller.started(server.url)
    await caller.play(joined(spoken("yes"), silence(200), readSamples(clipOf("three").file).slice(0, 9_000)))
    await caller.count("transcript.final", 1)
    kill("vad")
    await caller.play(joined(readSamples(clipOf("three").file).slice(9_000), silence(900)))
    await caller.count("transcript.final", 2)
    await caller.play(spoken("nine"))
    await caller.count("transcript.final", 3)
    await caller.end()
    assert.deepStrictEqual(
      caller.finals,
      ["yes", "three", "nine"].map((word) => clipOf(word).text)
    )
    await recovered("vad")
  })

  it("of the voice delays a prompt until it is back, and the next is spoken too", async () => {
    const caller = await Caller.started(server.url)
    kill("tts")
    await reported(server, ({ models }) => models.tts.status === "recovering")
    assert.strictEqual((await caller.ask({ type: "speech.say", text: "أهلا وسهلا." })).type, "audio.begin")
    await recovered("tts")
    assert.strictEqual((await caller.ask({ type: "speech.say", text: "شكرا." })).type, "audio.begin")
    await caller.end()
  })
})

describe("speech that no host survives", () => {
  let server: ServerProcess
  beforeAll(async () => (server = await startServer(noPrompts)))
  afterAll(() => server.stop())

  it("sends the person to touch, in words, and asks again by voice once it hears", async () => {
    await reported(server, ({ models }) => models.tts.status === "ready")
    const caller = await interviewed(server)
    await prompted(caller, await caller.ask({ type: "consent.give", version: "1" }))
    await caller.play(joined(silence(200), readSamples(clipOf("three").file).slice(0, 9_000)))
    await caller.until(({ type }) => type === "speech.started")
    const readies = () =>
      caller.of("models.changed").filter(({ model, status }) => model === "stt" && status === "ready")
    for (let kills = 0; kills < 3; kills++) {
      await caller.until(() => readies().length === kills)
      process.kill(pidsOf(server, "stt")[0] ?? 0, "SIGKILL")
    }
    await caller.play(silence(900))
    assert.include(await caller.until(({ type }) => type === "error"), { code: "stt_unavailable", retryable: true })
    const spokenAs = (text: string) => (m: ServerMessage) => m.type === "audio.begin" && m.text.includes(text)
    await caller.until(spokenAs("لا يمكنني السماع الآن"))
    const again = await caller.until(spokenAs("يمكنني السماع من جديد"))
    assert.include(caller.of("models.changed")[0], { model: "stt", status: "recovering" })
    assert.include(caller.of("models.changed").at(-1), { model: "stt", status: "ready" })
    assert.isEmpty(caller.of("question.reprompt"))
    assert.lengthOf(caller.of("question.asked"), 1)

    await caller.until((m) => m.type === "audio.end" && again.type === "audio.begin" && m.id === again.id)
    await caller.play(spoken("three"))
    assert.include(await caller.until(({ type }) => type === "answer.recorded"), { via: "voice" })
    await caller.end()
  })
})

describe("one of two speech hosts that is killed", () => {
  let server: ServerProcess
  beforeAll(async () => (server = await startServer({ ...noPrompts, STT_HOSTS: "2" })))
  afterAll(() => server.stop())

  it("in mid-utterance costs nothing that was said: the other hears it", async () => {
    const ready = () => server.log().split("host: 'stt'").length - 1
    while (ready() < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    const caller = await Caller.started(server.url)
    // Of two that hear nothing, the first is asked.
    await saidThrough(caller, pidsOf(server, "stt")[0] ?? 0, "SIGKILL")
    await assertUnharmed(caller)
  })
})

describe("a configured speech model that is not there", () => {
  let server: ServerProcess
  beforeAll(async () => {
    server = await startServer({ ...noPrompts, VOSK_MODEL_PATH: "/nope/vosk-model-ar-mgb2-0.4" })
  })
  afterAll(() => server.stop())

  it("is stood in for by the embedded one: the start says so, and health and transcripts say degraded", async () => {
    const { status, models } = await reported(server, ({ models }) => /ar-mgb2/.test(models.stt.reason ?? ""))
    assert.strictEqual(status, "degraded")
    assert.include(models.stt, { status: "ready", degraded: true })
    assert.include(models.stt.reason, "vosk-model-ar-mgb2-0.4")
    assert.notInclude(models.stt.reason, "/nope")
    assert.include(server.log(), "the configured speech model cannot serve")

    const caller = await Caller.started(server.url)
    await caller.play(spoken("yes"))
    const final = await caller.until(({ type }) => type === "transcript.final")
    assert.include(final, { text: clipOf("yes").text, degraded: true, model: "vosk-model-tiny-ar" })
    await caller.end()
  })
})
