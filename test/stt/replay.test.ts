import { Context, Effect, Exit, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { hostsPerUtteranceMax, hostWaitMs, mayStandIn } from "#src/fallbacks.ts"
import type { Host, HostStatus } from "#src/host/host.ts"
import { hostPolicy, startHost, whenReady } from "#src/host/start.ts"
import { Pool } from "#src/stt/pool.ts"
import { embeddedSttModelPath, Stt, type UtteranceOptions } from "#src/stt/stt.ts"
import { clipOf, readSamples } from "./recordings.ts"

const samples = readSamples("long-1-00000004.wav")
const words = "نعم اثنان ثلاثة لا توقف"
const half = samples.length >> 1
/** So long that a host which dies is not back within a test. */
const never = 600_000
const quiet = Context.make(References.MinimumLogLevel, "None")
const vocabulary = new Set(words.split(" "))

let scope: Scope.Closeable
beforeEach(() => {
  scope = Scope.makeUnsafe()
})
afterEach(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const start = (backoffMs: number, modelPath = embeddedSttModelPath): Host =>
  startHost("stt", { modelPath, idleRecognizersMax: 2 }, { ...hostPolicy, backoffMs, backoffMsMax: never }).pipe(
    Scope.provide(scope),
    Effect.runSyncWith(quiet)
  )
const started = async (backoffMs: number): Promise<Host> => {
  const host = start(backoffMs)
  await Effect.runPromise(whenReady(host))
  return host
}
const kill = (host: Host, ...signals: ReadonlyArray<NodeJS.Signals>): void => {
  const status = host.status()
  if (status._tag === "Ready") for (const signal of signals) process.kill(status.pid, signal)
}
const becomes = (host: Host, tag: HostStatus["_tag"]): Promise<void> =>
  new Promise((resolve) => {
    const told = () => host.status()._tag === tag && resolve()
    host.onStatus(told)
    told()
  })
const poolOf = (first: Host, second?: Host): Pool => {
  const hosts = second === undefined ? [] : [{ host: second, model: "second" }]
  return new Pool([{ host: first, model: "first" }, ...hosts])
}
const withStandIn = (configured: Host, standIn: Host): Pool =>
  new Pool([{ host: configured, model: "large" }], { host: standIn, model: "small", vocabulary })

/** The first half has been pushed, and some of it decoded and shown. */
const halfHeard = async (pool: Pool, options: Partial<UtteranceOptions> = {}) => {
  const partials: Array<string> = []
  const decoded: Array<number> = []
  const shown = Promise.withResolvers<void>()
  const utterance = Stt.overPool(pool, Effect.runForkWith(quiet)).open({
    alternatives: 0,
    onPartial: (text) => {
      partials.push(text)
      if (text !== "") shown.resolve()
    },
    onProgress: (count) => decoded.push(count),
    ...options
  })
  for (let at = 0; at < half; at += 512) utterance.push(samples.subarray(at, Math.min(half, at + 512)))
  await shown.promise
  const finish = () => {
    utterance.push(samples.subarray(half))
    return Effect.runPromise(utterance.finish)
  }
  return { utterance, partials, decoded, finish }
}
const assertNeverBack = (partials: ReadonlyArray<string>): void =>
  partials.forEach((text, i) => {
    const before = partials[i - 1]
    if (before !== undefined) assert.isFalse(before.startsWith(text), `${text} after ${before}`)
  })

describe("an utterance whose host dies", () => {
  it.each([[["SIGKILL"]], [["SIGSTOP", "SIGKILL"]]] as const)(
    "by %s is heard again by the one that follows: the same words and times, once, and no partial goes back",
    async (signals) => {
      const host = await started(1)
      const undisturbed = await (await halfHeard(poolOf(host))).finish()
      const { partials, decoded, finish } = await halfHeard(poolOf(host))
      kill(host, ...signals)
      const transcript = await finish()
      assert.strictEqual(transcript.text, words)
      assert.deepStrictEqual(transcript, { ...undisturbed, replayed: true })
      assertNeverBack(partials)
      assert.strictEqual(partials.at(-1), words)
      assert.deepStrictEqual(
        decoded,
        decoded.toSorted((a, b) => a - b)
      )
    }
  )

  it("after its last sample is heard again all the same", async () => {
    const host = await started(1)
    const { finish } = await halfHeard(poolOf(host))
    const transcript = finish()
    kill(host, "SIGKILL")
    assert.include(await transcript, { text: words, replayed: true })
  })

  it("is heard by the second one", async () => {
    const [first, second] = await Promise.all([started(never), started(never)])
    const { partials, finish } = await halfHeard(poolOf(first, second))
    kill(first, "SIGKILL")
    assert.include(await finish(), { text: words, model: "second", replayed: true, degraded: false })
    assertNeverBack(partials)
  })

  it("is given up with the host's own fault when it has cost three of them", async () => {
    const host = await started(1)
    let lost = 0
    const { finish } = await halfHeard(poolOf(host), { onFailed: () => lost++ })
    let killed = 0
    const killNext = () => {
      if (host.status()._tag !== "Ready") return
      killed++
      setImmediate(() => kill(host, "SIGKILL"))
    }
    host.onStatus(killNext)
    killNext()
    const error = await finish().then(
      () => undefined,
      (thrown: unknown) => thrown
    )
    assert.include(error, { _tag: "SttError", reason: "crash" })
    assert.deepStrictEqual([killed, lost], [hostsPerUtteranceMax, 1])
  })
})

describe("an utterance whose host does not answer", () => {
  it("moves to another that is ready, before the silent one is dead", async () => {
    const [first, second] = await Promise.all([started(never), started(never)])
    /** The state that a supervisor gives to a host whose heartbeat fails. */
    const told = new Set<(status: HostStatus) => void>()
    let isSilent = false
    const status = (): HostStatus => (isSilent ? { _tag: "Loading", sinceMs: 0, attempt: 1 } : first.status())
    const suspect: Host = {
      kind: first.kind,
      figures: () => first.figures(),
      status,
      onStatus: (listener) => (told.add(listener), () => void told.delete(listener)),
      open: (...args) => first.open(...args),
      request: (body) => first.request(body)
    }
    const { finish } = await halfHeard(poolOf(suspect, second))
    kill(first, "SIGSTOP")
    isSilent = true
    for (const tell of told) tell(status())
    assert.include(await finish(), { text: words, model: "second", replayed: true })
    assert.isEmpty(told)
    kill(first, "SIGKILL")
  })

  it("says so when none has come for eight seconds", () =>
    Effect.gen(function* () {
      const host = start(never)
      yield* whenReady(host)
      kill(host, "SIGKILL")
      yield* Effect.promise(() => becomes(host, "Recovering"))
      const utterance = Stt.overPool(poolOf(host), Effect.runForkWith(yield* Effect.context<never>())).open({
        alternatives: 0
      })
      yield* TestClock.adjust(hostWaitMs)
      const { reason, message } = yield* Effect.flip(utterance.finish)
      assert.strictEqual(reason, "unavailable")
      assert.include(message, `${hostWaitMs} ms`)
    }).pipe(Effect.provide(TestClock.layer()), Effect.runPromise))

  it("says so at once when its model can never serve", async () => {
    const host = start(1, "/nowhere/vosk-model-ar")
    await becomes(host, "Failed")
    const lost = Promise.withResolvers<void>()
    const stt = Stt.overHost(host, "gone")
    const utterance = stt.open({ alternatives: 0, onFailed: lost.resolve })
    await lost.promise
    assert.strictEqual((await Effect.runPromise(Effect.flip(utterance.finish))).reason, "unavailable")
  })
})

describe("the pool", () => {
  it("shares utterances out: a host that dies costs only its own", async () => {
    const [first, second] = await Promise.all([started(never), started(never)])
    const pool = poolOf(first, second)
    const utterances = [await halfHeard(pool), await halfHeard(pool), await halfHeard(pool), await halfHeard(pool)]
    kill(first, "SIGKILL")
    await becomes(first, "Recovering")
    const transcripts = await Promise.all(utterances.map(({ finish }) => finish()))
    assert.deepStrictEqual(
      transcripts.map(({ model, replayed }) => [model, replayed]),
      [
        ["second", true],
        ["second", false],
        ["second", true],
        ["second", false]
      ]
    )
  })
})

describe("the embedded model", () => {
  it("stands in at once for a question whose words it all knows, and says degraded", async () => {
    const [configured, standIn] = await Promise.all([started(never), started(1)])
    const { finish } = await halfHeard(withStandIn(configured, standIn), { grammar: [...vocabulary] })
    kill(configured, "SIGKILL")
    assert.include(await finish(), { text: words, model: "small", degraded: true, replayed: true })
  })

  it("does not hear free speech while the configured one comes back", async () => {
    const [configured, standIn] = await Promise.all([started(1), started(1)])
    const { finish } = await halfHeard(withStandIn(configured, standIn))
    kill(configured, "SIGKILL")
    assert.include(await finish(), { text: words, model: "large", degraded: false, replayed: true })
  })

  it("leaves a question to touch and text that has one word it does not know", async () => {
    const [configured, standIn] = [start(1, "/nowhere/vosk-model-ar"), await started(1)]
    await becomes(configured, "Failed")
    const stt = Stt.overPool(withStandIn(configured, standIn), Effect.runForkWith(quiet))
    const asked = stt.open({ alternatives: 0, grammar: ["نعم", "ليس سرطان"] })
    assert.strictEqual((await Effect.runPromise(Effect.flip(asked.finish))).reason, "unavailable")
    const free = stt.open({ alternatives: 0 })
    free.push(readSamples(clipOf("yes").file))
    assert.include(await Effect.runPromise(free.finish), { text: "نعم", degraded: true, replayed: false })
  })

  it("hears free speech while every host of the configured model loads or has failed", () => {
    const loading: HostStatus = { _tag: "Loading", sinceMs: 0, attempt: 1 }
    const ready: HostStatus = { _tag: "Ready", sinceMs: 0, pid: 1, backend: "", info: {} }
    assert.isTrue(mayStandIn(undefined, vocabulary, [loading, loading]))
    assert.isFalse(mayStandIn(undefined, vocabulary, [loading, ready]))
    assert.isTrue(mayStandIn(["نعم لا", " ثلاثة"], vocabulary, [ready]))
    assert.isFalse(mayStandIn(["نعم", "نعم سرطان"], vocabulary, [loading]))
  })
})
