import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Fiber, References, type Scope } from "effect"
import { assert, describe, it } from "vitest"
import type { HostError } from "#schemas/host.ts"
import { type Host, hostHealth, type HostStatus } from "#src/host/host.ts"
import { type HostPolicy, hostPolicy, startHost, whenReady } from "#src/host/start.ts"
import { embeddedSttModelPath } from "#src/stt/stt.ts"
import { embeddedVadModelPath, vadFrameSamples } from "#src/vad/vad.ts"

const vadOptions = { modelPath: embeddedVadModelPath }
const sttOptions = { modelPath: embeddedSttModelPath, idleRecognizersMax: 2 }
const quick: HostPolicy = { ...hostPolicy, backoffMs: 1, relookMs: 100, restMs: 1 }

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect).pipe(Effect.provideService(References.MinimumLogLevel, "None")))

/** All states from now until one that `last` accepts. */
const watch = (host: Host, last: (status: HostStatus) => boolean) => {
  const seen: Array<HostStatus> = []
  const done = new Promise<ReadonlyArray<HostStatus>>((resolve) => {
    const stop = host.onStatus((status) => {
      seen.push(status)
      if (!last(status)) return
      stop()
      resolve(seen)
    })
  })
  return Effect.promise(() => done)
}
const tags = (states: ReadonlyArray<HostStatus>) => states.map(({ _tag }) => _tag)
const isReady = ({ _tag }: HostStatus) => _tag === "Ready"
const isFailed = ({ _tag }: HostStatus) => _tag === "Failed"
const pidOf = (host: Host) => {
  const status = host.status()
  return "pid" in status ? status.pid : 0
}

const openStream = (host: Host, params: object = {}) => {
  const ended = Promise.withResolvers<HostError | undefined>()
  let heard = Promise.withResolvers<void>()
  const stream = host.open(params, {
    message: () => {},
    binary: () => heard.resolve(),
    closed: ended.resolve
  })
  /** One frame of silence, and the detector's answer. */
  const answered = Effect.promise(() => {
    heard = Promise.withResolvers()
    stream.sendBinary(new Uint8Array(vadFrameSamples * 2))
    return heard.promise
  })
  return { stream, answered, ended: Effect.promise(() => ended.promise) }
}

const holdLoop = (durationMs: number) => {
  const endMs = performance.now() + durationMs
  while (performance.now() < endMs);
}

/** A model of one's own, to be broken and repaired. */
const ownModel = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-host-"))
    const modelPath = join(folder, "model.onnx")
    copyFileSync(embeddedVadModelPath, modelPath)
    return { folder, modelPath }
  }),
  ({ folder }) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

describe("a model host that runs", () => {
  it("is replaced at once after SIGSEGV, without a wait", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions, { ...quick, backoffMs: 3_600_000 })
        const { pid } = yield* whenReady(host)
        const states = watch(host, isReady)
        process.kill(pid, "SIGSEGV")
        assert.deepStrictEqual(tags(yield* states), ["Recovering", "Ready"])
        assert.notStrictEqual(pidOf(host), pid)
      })
    ))

  it("is suspect when it hangs, then killed and replaced; its streams and requests end with `timeout`", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("stt", sttOptions, quick)
        const { pid } = yield* whenReady(host)
        const { ended } = openStream(host, { alternatives: 0, partials: false })
        const request = yield* Effect.forkChild(Effect.flip(host.request({ missingWords: [] })), {
          startImmediately: true
        })
        const states = watch(host, isReady)
        process.kill(pid, "SIGSTOP")
        assert.strictEqual((yield* ended)?.reason, "timeout")
        const seen = yield* states
        assert.deepStrictEqual(tags(seen), ["Suspect", "Recovering", "Ready"])
        assert.deepInclude(hostHealth(seen[0] as HostStatus, ""), { status: "recovering", cause: "timeout" })
        assert.strictEqual((yield* Fiber.join(request)).reason, "timeout")
      })
    ))

  it("goes on when it answers in time after all, once its probe has passed", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions, { ...quick, lostBeats: 1_000 })
        const { pid } = yield* whenReady(host)
        const suspected = watch(host, ({ _tag }) => _tag === "Suspect")
        process.kill(pid, "SIGSTOP")
        yield* suspected
        const recovered = watch(host, isReady)
        process.kill(pid, "SIGCONT")
        assert.deepStrictEqual(tags(yield* recovered), ["Ready"])
        assert.strictEqual(pidOf(host), pid)
      })
    ))

  it("is not thought dead because this process was blocked", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions, { ...quick, beatMs: 50, suspectBeats: 4, lostBeats: 20 })
        const { pid } = yield* whenReady(host)
        const { answered, stream } = openStream(host)
        let changes = 0
        host.onStatus(() => changes++)
        for (let i = 0; i < 3; i++) {
          yield* answered
          holdLoop(500)
        }
        yield* answered
        assert.strictEqual(changes, 0)
        assert.strictEqual(pidOf(host), pid)
        stream.close()
      })
    ))

  it("is killed when it owes a request an answer for too long", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("stt", sttOptions, {
          ...quick,
          beatMs: 20,
          requestTimeoutMs: 40,
          lostBeats: 1_000
        })
        const { pid } = yield* whenReady(host)
        process.kill(pid, "SIGSTOP")
        assert.strictEqual((yield* Effect.flip(host.request({ missingWords: [] }))).reason, "timeout")
        yield* whenReady(host)
        assert.deepStrictEqual(yield* host.request({ missingWords: ["xyz"] }), ["xyz"])
      })
    ))

  it("is killed when it owes a stream an answer for too long", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions, {
          ...quick,
          beatMs: 20,
          answerTimeoutMs: 60,
          lostBeats: 1_000
        })
        const { pid } = yield* whenReady(host)
        const { stream, ended } = openStream(host)
        process.kill(pid, "SIGSTOP")
        stream.sendBinary(new Uint8Array(vadFrameSamples * 2))
        assert.strictEqual((yield* ended)?.reason, "timeout")
      })
    ))

  it("is killed over its memory ceiling", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions, {
          ...quick,
          growthBytesMax: -1,
          endsMax: 0,
          restMs: 3_600_000
        })
        yield* whenReady(host)
        const states = yield* watch(host, isFailed)
        const last = states.at(-1)
        assert.strictEqual(last?._tag === "Failed" && last.error.reason, "out_of_memory")
      })
    ))

  it("rests when it ends too often, and is tried again by itself", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions, { ...quick, endsMax: 1 })
        for (const expected of [
          ["Recovering", "Ready"],
          ["Failed", "Ready"]
        ]) {
          const { pid } = yield* whenReady(host)
          const states = watch(host, isReady)
          process.kill(pid, "SIGKILL")
          assert.deepStrictEqual(tags(yield* states), expected)
        }
      })
    ))

  it("fails with the reason when its model is gone or broken, and recovers by itself when it is repaired", () =>
    run(
      Effect.gen(function* () {
        const { modelPath } = yield* ownModel
        const host = yield* startHost("vad", { modelPath }, quick)
        yield* whenReady(host)
        for (const [reason, damage] of [
          ["missing", () => rmSync(modelPath)],
          ["corrupt", () => (copyFileSync(embeddedVadModelPath, modelPath), truncateSync(modelPath, 10_000))]
        ] as const) {
          damage()
          const failed = watch(host, isFailed)
          process.kill(pidOf(host), "SIGKILL")
          const last = (yield* failed).at(-1) as HostStatus
          assert.deepInclude(hostHealth(last, ""), { status: "failed", cause: reason })
          const recovered = watch(host, isReady)
          copyFileSync(embeddedVadModelPath, `${modelPath}.new`)
          writeFileSync(modelPath, "")
          copyFileSync(`${modelPath}.new`, modelPath)
          yield* recovered
        }
      })
    ))
})

describe("recycling", () => {
  it("cuts no stream and leaves no gap: old streams end on the old process, new ones begin on its replacement", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions, { ...quick, streamsMax: 1, recycleEveryMs: 3_600_000 })
        const { pid } = yield* whenReady(host)
        const states = new Set<HostStatus["_tag"]>()
        host.onStatus(({ _tag }) => states.add(_tag))
        const first = openStream(host)
        const second = openStream(host)
        while (pidOf(host) === pid) yield* first.answered
        const third = openStream(host)
        yield* Effect.all([first.answered, second.answered, third.answered])
        assert.isEmpty([...states])
        first.stream.close()
        second.stream.close()
        while (isAlive(pid)) yield* third.answered
        assert.strictEqual(host.status()._tag, "Ready")
      })
    ))
})

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
