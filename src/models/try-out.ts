/** Loads a model as the service does, in a host of its own, where it must do for real what it is for; then lets it go. */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Effect, Schedule } from "effect"
import type { HostError } from "#schemas/host.ts"
import { type ModelEntry, ModelError } from "#schemas/models.ts"
import type { Host } from "#src/host/host.ts"
import { startHost, whenReady } from "#src/host/start.ts"
import { embeddedVadModelPath } from "#src/vad/vad.ts"

export interface Tried {
  readonly model: string
  readonly backend: string
  readonly loadMs: number
  readonly memoryBytes: number
}

const optionsFor = ({ kind }: ModelEntry, folder: string): object => {
  switch (kind) {
    case "stt":
      return { modelPath: folder, idleRecognizersMax: 1 }
    case "tts":
      return { voicePath: join(folder, readdirSync(folder).find((name) => name.endsWith(".onnx")) ?? "voice.onnx") }
    case "vad":
      return { modelPath: embeddedVadModelPath }
  }
}

const hostKinds = { stt: "stt", tts: "piper", vad: "vad" } as const

const failed = (model: string) => (error: HostError) =>
  new ModelError({ reason: "not_proved", message: `${model} is there but does not work: ${error.message}` })

/** Told with its first beat. */
const memoryOf = (host: Host): Effect.Effect<number> =>
  Effect.sync(() => host.figures().serving?.memoryBytes ?? 0).pipe(
    Effect.repeat({ schedule: Schedule.spaced("50 millis"), times: 100, until: (bytes) => bytes > 0 })
  )

/** Recognition hears a recorded word, detection speech in it, a voice says something. */
export const tryOut = (model: ModelEntry, folder: string): Effect.Effect<Tried, ModelError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const startedMs = performance.now()
      const host = yield* startHost(hostKinds[model.kind], optionsFor(model, folder))
      const { backend } = yield* Effect.mapError(whenReady(host), failed(model.name))
      const loadMs = Math.round(performance.now() - startedMs)
      return { model: model.name, backend, loadMs, memoryBytes: yield* memoryOf(host) }
    })
  )
