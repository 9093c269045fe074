/** Opens sessions of vosk-server's protocol, and bounds how long each may last. */
import { Deferred, Effect, Layer } from "effect"
import type { EndReason } from "#machines/session-events.ts"
import { limits } from "#src/limits.ts"
import { Store } from "#src/store/store.ts"
import { Stt } from "#src/stt/stt.ts"
import { Turns } from "#src/telemetry/turns.ts"
import { Vad } from "#src/vad/vad.ts"
import { type Admission, Recognitions } from "./contract.ts"
import { Recognition } from "./recognition.ts"
import { recordedAdmission } from "./recorded.ts"
import type { SessionsOptions } from "./sessions.ts"

export const recognitionsLayer = ({ idleSeconds, maxMinutes, voskSampleRateHz = 8_000 }: SessionsOptions) =>
  Layer.effect(
    Recognitions,
    Effect.gen(function* () {
      const stt = yield* Stt
      const vad = yield* Vad
      const store = yield* Store
      const turns = yield* Turns
      const log = Effect.runForkWith(yield* Effect.context<never>())
      const running = new Set<Recognition>()
      let drained: Deferred.Deferred<void> | undefined

      const leaveAfter = (recognition: Recognition, reason: EndReason, ms: number) =>
        Effect.sleep(ms).pipe(Effect.andThen(Effect.sync(() => recognition.leave(reason))), Effect.forkScoped)
      const minutesOf = ({ endpoint }: Admission) =>
        endpoint === "basic" ? Math.min(maxMinutes, limits.basicMinutesMax) : maxMinutes
      const idleMs = idleSeconds * 1_000
      const leaveWhenIdle = (recognition: Recognition): Effect.Effect<void> =>
        Effect.suspend(() => {
          const leftMs = idleMs - recognition.idleMs
          if (leftMs <= 0) return Effect.sync(() => recognition.leave("idle_timeout"))
          return Effect.andThen(Effect.sleep(leftMs), leaveWhenIdle(recognition))
        })

      return Recognitions.of({
        open: Effect.fnUntraced(function* (admission, connection) {
          const recognition: Recognition = new Recognition({
            admission,
            connection,
            stt,
            vad,
            sampleRateHz: voskSampleRateHz,
            nowMs: Date.now,
            onNotice: (notice) => log(Effect.logWarning(notice)),
            onEnded: (reason) => {
              record.close(reason)
              running.delete(recognition)
              if (running.size === 0 && drained !== undefined) Deferred.doneUnsafe(drained, Effect.void)
            }
          })
          // Where its utterances begin and end libvosk alone knows: there are no turns in it.
          const recorded = { id: recognition.id, mode: "file", positionMs: 0, audioGaps: 0 } as const
          const record = turns.record(recordedAdmission(admission, store.subjectHash), () => recorded)
          running.add(recognition)
          yield* Effect.addFinalizer(() => Effect.sync(() => recognition.leave("ended")))
          yield* leaveAfter(recognition, "duration_exceeded", minutesOf(admission) * 60_000)
          if (admission.tokenExpiresAtMs !== undefined) {
            yield* leaveAfter(recognition, "token_expired", Math.max(0, admission.tokenExpiresAtMs - Date.now()))
          }
          yield* Effect.forkScoped(leaveWhenIdle(recognition))
          return recognition
        }),
        drain: Effect.fnUntraced(function* (withinMs) {
          if (withinMs > 0 && running.size > 0) {
            drained = Deferred.makeUnsafe<void>()
            yield* Deferred.await(drained).pipe(Effect.timeoutOption(withinMs))
          }
          for (const recognition of running) recognition.leave("draining")
        })
      })
    })
  )
