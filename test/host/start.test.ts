import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { getPriority } from "node:os"
import { fileURLToPath } from "node:url"
import { Effect, Exit, Fiber, References, Scope } from "effect"
import { assert, describe, it } from "vitest"
import type { HostError } from "#schemas/host.ts"
import type { Host, HostStatus } from "#src/host/host.ts"
import { type HostPolicy, hostPolicy, startHost, startSharedHost, whenReady } from "#src/host/start.ts"
import { embeddedSttModelPath } from "#src/stt/stt.ts"
import { embeddedVadModelPath } from "#src/vad/vad.ts"

const vadOptions = { modelPath: embeddedVadModelPath }
const sttOptions = { modelPath: embeddedSttModelPath, idleRecognizersMax: 2 }
const quick: HostPolicy = { ...hostPolicy, backoffMs: 1 }

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect).pipe(Effect.provideService(References.MinimumLogLevel, "None")))

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** All states from now until one that `last` accepts. */
const statesUntil = (host: Host, last: (status: HostStatus) => boolean): Effect.Effect<ReadonlyArray<HostStatus>> =>
  Effect.callback((resume) => {
    const seen: Array<HostStatus> = []
    const stop = host.onStatus((status) => {
      seen.push(status)
      if (!last(status)) return
      stop()
      resume(Effect.succeed(seen))
    })
    return Effect.sync(stop)
  })

/** Ends of streams, to be waited for. */
const openStream = (host: Host, params: object = {}) => {
  const ended = Promise.withResolvers<HostError | undefined>()
  const stream = host.open(params, { message: () => {}, binary: () => {}, closed: ended.resolve })
  return { stream, ended: Effect.promise(() => ended.promise) }
}

describe("a model host", () => {
  it("starts in the background, and tells when it is ready", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions)
        assert.deepInclude(host.status(), { _tag: "Loading", attempt: 1 })
        const ready = yield* whenReady(host)
        assert.strictEqual(ready.backend, "silero-vad v6")
        assert.strictEqual(ready.info.frameSamples, 512)
        assert.deepStrictEqual(host.status(), ready)
      })
    ))

  it("gives way to the server with all its threads", () =>
    run(
      Effect.gen(function* () {
        const { pid } = yield* whenReady(yield* startHost("stt", sttOptions))
        // The 19th field of a thread's line; the name before it may hold spaces.
        const niceOf = (thread: string) =>
          Number(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8").split(") ")[1]?.split(" ")[16])
        const threads = readdirSync(`/proc/${pid}/task`)
        assert.isAbove(threads.length, 1)
        assert.deepStrictEqual([...new Set(threads.map(niceOf))], [Math.min(19, getPriority() + 10)])
      })
    ))

  it("does not try a missing model again, and names no path", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", { modelPath: "/nowhere/model.onnx" }, quick)
        const states = yield* statesUntil(host, (status) => status._tag === "Failed")
        assert.strictEqual(states.length, 1)
        const error = yield* Effect.flip(whenReady(host))
        assert.strictEqual(error.reason, "missing")
        assert.notInclude(error.message, "/")
      })
    ))

  it("is tried three times when it does not get ready, then fails with the reason", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions, { ...quick, readyTimeoutMs: 1 })
        const states = yield* statesUntil(host, (status) => status._tag === "Failed")
        assert.deepStrictEqual(
          states.map((status) => (status._tag === "Loading" ? status.attempt : status._tag)),
          [2, 3, "Failed"]
        )
        assert.strictEqual((yield* Effect.flip(whenReady(host))).reason, "timeout")
      })
    ))

  it("is replaced after kill -9; open streams and requests end with `crash`, and the next ones work", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("stt", sttOptions, quick)
        const { pid } = yield* whenReady(host)
        const { ended } = openStream(host, { alternatives: 0, partials: false })
        process.kill(pid, "SIGSTOP")
        const request = yield* Effect.forkChild(Effect.flip(host.request({ missingWords: [] })), {
          startImmediately: true
        })
        const states = yield* Effect.forkChild(
          statesUntil(host, (status) => status._tag === "Ready"),
          { startImmediately: true }
        )
        process.kill(pid, "SIGKILL")
        assert.strictEqual((yield* ended)?.reason, "crash")
        assert.strictEqual(host.status()._tag, "Recovering", "the state is known before the streams are")
        assert.strictEqual((yield* Fiber.join(request)).reason, "crash")
        const [recovering, ready] = yield* Fiber.join(states)
        assert.deepInclude(recovering, { _tag: "Recovering", attempt: 2 })
        assert.strictEqual(ready?._tag, "Ready")
        assert.notStrictEqual((yield* whenReady(host)).pid, pid)
        assert.deepStrictEqual(yield* host.request({ missingWords: ["xyz"] }), ["xyz"])
      })
    ))

  it("answers an open while it is not there with `unavailable`, later and not at once", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", vadOptions)
        let open = true
        const ended = new Promise<HostError | undefined>((resolve) =>
          host.open(
            {},
            {
              message: () => {},
              binary: () => {},
              closed: (error) => {
                open = false
                resolve(error)
              }
            }
          )
        )
        assert.isTrue(open)
        assert.strictEqual((yield* Effect.promise(() => ended))?.reason, "unavailable")
        assert.strictEqual((yield* Effect.flip(host.request({}))).reason, "unavailable")
      })
    ))

  it("is gone when its scope has closed, and its streams know", async () => {
    const scope = Effect.runSync(Scope.make())
    const host = await Effect.runPromise(Scope.provide(startHost("vad", vadOptions), scope))
    const { pid } = await Effect.runPromise(whenReady(host))
    const { ended } = openStream(host)
    await Effect.runPromise(Scope.close(scope, Exit.void))
    assert.isFalse(isAlive(pid))
    assert.strictEqual((await Effect.runPromise(ended))?.reason, "unavailable")
    assert.strictEqual(host.status()._tag, "Failed")
  })

  it("is killed when it does not leave by itself", async () => {
    const pid = await run(
      Effect.gen(function* () {
        const ready = yield* whenReady(yield* startHost("vad", vadOptions))
        process.kill(ready.pid, "SIGSTOP")
        return ready.pid
      })
    )
    assert.isFalse(isAlive(pid))
  })

  it("survives the signals that a terminal or a service manager sends to the whole group", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("stt", sttOptions)
        const { pid } = yield* whenReady(host)
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.kill(pid, signal)
        assert.deepStrictEqual(yield* host.request({ missingWords: ["xyz"] }), ["xyz"])
      })
    ))

  it("serves several kinds in one process when asked to", () =>
    run(
      Effect.gen(function* () {
        const hosts = yield* startSharedHost([
          { kind: "stt", options: sttOptions },
          { kind: "vad", options: vadOptions }
        ])
        const states = yield* Effect.forEach(hosts, whenReady)
        assert.deepStrictEqual(
          states.map((state) => state.backend),
          ["vosk vosk-model-tiny-ar", "silero-vad v6"]
        )
        assert.strictEqual(states[0]?.pid, states[1]?.pid)
      })
    ))

  it.runIf(existsSync("/proc/self/environ"))("has none of the service's environment, so none of its secrets", () =>
    run(
      Effect.gen(function* () {
        const { pid } = yield* whenReady(yield* startHost("vad", vadOptions))
        assert.match(
          readFileSync(`/proc/${pid}/environ`, "utf8"),
          /^UV_THREADPOOL_SIZE=\d+\0NODE_COMPILE_CACHE=[^\0]+\/compiled\0(OPENBLAS_CORETYPE=\w+\0)?$/
        )
      })
    )
  )

  it("leaves when the server is killed", async () => {
    const program = fileURLToPath(new URL("./parent-program.ts", import.meta.url))
    const parent = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] })
    const [line] = (await once(parent.stdout, "data")) as [Buffer]
    const pid = Number(line.toString())
    assert.isTrue(isAlive(pid))
    parent.kill("SIGKILL")
    await once(parent, "exit")
    // Nobody is left to be told by; the test's own time-out bounds this.
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5))
  })
})
