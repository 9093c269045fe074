import { copyFileSync, mkdtempSync, rmSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, References, type Scope } from "effect"
import { assert, describe, it } from "vitest"
import type { HostError } from "#schemas/host.ts"
import { hostPolicy, startHost, whenReady } from "#src/host/start.ts"
import { embeddedVadModelPath, Vad, vadFrameSamples } from "#src/vad/vad.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect).pipe(Effect.provideService(References.MinimumLogLevel, "None")))

const samples = readSamples(clipOf("yes").file)
const frames = Math.floor(samples.length / vadFrameSamples)

const detect = (vad: Vad["Service"]): Effect.Effect<ReadonlyArray<number>, HostError> =>
  Effect.callback((resume) => {
    const values: Array<number> = []
    const stream = vad.open({
      probabilities: (more) => {
        values.push(...more)
        if (values.length === frames) resume(Effect.succeed(values))
      },
      failed: (error) => resume(Effect.fail(error))
    })
    for (let frame = 0; frame < frames; frame++) {
      stream.push(samples.subarray(frame * vadFrameSamples, (frame + 1) * vadFrameSamples))
    }
    return Effect.sync(stream.close)
  })

describe("Vad over its host", () => {
  it("hears speech; a stream open when the host dies fails, and the next one starts anew", () =>
    run(
      Effect.gen(function* () {
        const host = yield* startHost("vad", { modelPath: embeddedVadModelPath }, { ...hostPolicy, backoffMs: 1 })
        const vad = Vad.overHost(host)
        assert.strictEqual(vad.health().status, "loading")
        const { pid } = yield* whenReady(host)
        assert.deepInclude(vad.health(), { status: "ready", backend: "silero-vad v6" })
        const before = yield* detect(vad)
        assert.isAbove(Math.max(...before), 0.9)

        const failed = Promise.withResolvers<HostError>()
        vad.open({ probabilities: () => {}, failed: failed.resolve })
        process.kill(pid, "SIGKILL")
        assert.strictEqual((yield* Effect.promise(() => failed.promise)).reason, "crash")
        assert.strictEqual(vad.health().status, "recovering")
        yield* whenReady(host)
        assert.deepStrictEqual(yield* detect(vad), before)
      })
    ))

  it("says that a model file is corrupt", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-"))
    const modelPath = join(folder, "model.onnx")
    copyFileSync(embeddedVadModelPath, modelPath)
    truncateSync(modelPath, 600_000)
    const error = await run(Effect.flatMap(startHost("vad", { modelPath }), (host) => Effect.flip(whenReady(host))))
    rmSync(folder, { recursive: true })
    assert.strictEqual(error.reason, "corrupt")
  })
})
