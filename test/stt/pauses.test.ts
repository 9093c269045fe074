import { Context, Effect, Exit, References, Scope } from "effect"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import type { Host } from "#src/host/host.ts"
import { hostPolicy, startHost, whenReady } from "#src/host/start.ts"
import { Pool } from "#src/stt/pool.ts"
import { embeddedSttModelPath, type HeardSoFar, Stt, SttError, type Transcript, type Utterance } from "#src/stt/stt.ts"
import { readSamples } from "./recordings.ts"

const quiet = Context.make(References.MinimumLogLevel, "None")
const samples = readSamples("long-1-00000004.wav")
const words = "نعم اثنان ثلاثة لا توقف"
const grammar = words.split(" ")
/** Within the pause after the second word. */
const pauseAt = 16 * 3_600

let scope: Scope.Closeable
let host: Host
let stt: Stt["Service"]
beforeEach(async () => {
  scope = Scope.makeUnsafe()
  host = Effect.runSyncWith(quiet)(
    Scope.provide(
      startHost("stt", { modelPath: embeddedSttModelPath, idleRecognizersMax: 4 }, { ...hostPolicy, backoffMs: 1 }),
      scope
    )
  )
  await Effect.runPromise(whenReady(host))
  stt = Stt.overPool(new Pool([{ host, model: "tiny" }]), Effect.runForkWith(quiet))
})
afterEach(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const kill = (): void => {
  const status = host.status()
  if (status._tag === "Ready") process.kill(status.pid, "SIGKILL")
}
const open = (pieceSamples = 512, until = pauseAt): Utterance => {
  const utterance = stt.open({ alternatives: 0, grammar })
  push(utterance, 0, until, pieceSamples)
  return utterance
}
const push = (utterance: Utterance, from: number, until: number, pieceSamples = 512): void => {
  for (let at = from; at < until; at += pieceSamples)
    utterance.push(samples.subarray(at, Math.min(until, at + pieceSamples)))
}
const peeked = (utterance: Utterance) => new Promise<HeardSoFar | undefined>((resolve) => utterance.peek(resolve))
const concluded = (utterance: Utterance, accept: (transcript: Transcript) => boolean) =>
  new Promise<boolean>((resolve) => utterance.conclude(accept, resolve))
const finished = (utterance: Utterance) => Effect.runPromise(utterance.finish)
const rest = (utterance: Utterance): Promise<Transcript> => {
  push(utterance, pauseAt, samples.length)
  return finished(utterance)
}

describe("an utterance in progress", () => {
  it("tells what is heard of exactly what was pushed, whatever pieces it came in", async () => {
    const heard = await Promise.all([160, 512, 16_000].map((pieceSamples) => peeked(open(pieceSamples))))
    for (const one of heard) assert.deepStrictEqual(one, { text: "نعم اثنان", unknownWords: 0 })
    assert.include(await peeked(open(512, 16_000 * 2)), { text: "نعم" })
  })

  it("answers in order, and its transcript is the same as if nobody had asked", async () => {
    const plain = await rest(open())
    assert.strictEqual(plain.text, words)
    const utterance = stt.open({ alternatives: 0, grammar })
    const order: Array<number> = []
    for (let at = 0; at < pauseAt; at += 4_000) {
      push(utterance, at, Math.min(pauseAt, at + 4_000))
      utterance.peek(() => void order.push(at))
    }
    assert.deepStrictEqual(await rest(utterance), plain)
    assert.deepStrictEqual(
      order,
      order.toSorted((a, b) => a - b)
    )
    assert.lengthOf(order, Math.ceil(pauseAt / 4_000))
  })

  it("is over with a transcript that is accepted: that of what was pushed, and nothing more is taken", async () => {
    const short = await finished(open())
    const utterance = open()
    const offered: Array<Transcript> = []
    assert.isTrue(await concluded(utterance, (transcript) => offered.push(transcript) === 1))
    assert.deepStrictEqual(offered, [short])
    push(utterance, pauseAt, samples.length)
    assert.deepStrictEqual(await finished(utterance), short)
    assert.isUndefined(await peeked(utterance))
    assert.isFalse(await concluded(utterance, () => true))
  })

  it("goes on as if nobody had asked when the transcript is not accepted, and no partial goes back", async () => {
    const plain = await rest(open())
    const partials: Array<string> = []
    const utterance = stt.open({ alternatives: 0, grammar, onPartial: (text) => partials.push(text) })
    push(utterance, 0, pauseAt)
    assert.isFalse(await concluded(utterance, () => false))
    assert.isFalse(await concluded(utterance, () => false))
    assert.deepStrictEqual(await rest(utterance), plain)
    partials.forEach((text, i) => assert.isFalse(i > 0 && partials[i - 1]?.startsWith(text) === true, text))
  })

  it("is asked again when its host dies before the answer", async () => {
    const utterance = open()
    kill()
    assert.include(await peeked(utterance), { text: "نعم اثنان" })
    const accepted = concluded(utterance, ({ text, replayed }) => text === "نعم اثنان" && replayed)
    kill()
    assert.isTrue(await accepted)
    assert.include(await finished(utterance), { text: "نعم اثنان", replayed: true })
  })

  it("that ends while it is being concluded has that transcript, accepted or not", async () => {
    const utterance = open()
    const accepted = concluded(utterance, () => false)
    assert.include(await finished(utterance), { text: "نعم اثنان" })
    assert.isTrue(await accepted)
  })

  it("leaves nobody without an answer when it is dropped", async () => {
    const utterance = open()
    const answers = [peeked(utterance), concluded(utterance, () => true)] as const
    utterance.cancel()
    const [heard, accepted] = await Promise.all(answers)
    assert.isTrue(heard === undefined || heard.text === "نعم اثنان")
    assert.isFalse(accepted)
    assert.instanceOf(await Effect.runPromise(Effect.flip(utterance.finish)), SttError)
  })
})
