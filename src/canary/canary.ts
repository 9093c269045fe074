/**
 * A trial of the whole way, every so often, so that operators hear of a fault before a person does: somebody says one
 * known word, at the pace of speech, and the service is asked to say one. In a session like any other, from `session.start`
 * to the first frame of sound, but without a socket: it takes no slot, counts against no rate and is in no list of
 * sessions, and all that is measured of it stands under `endpoint="canary"`.
 *
 * A trial that fails ends within its time-outs and says at which step; the next one comes as planned.
 */
import { randomBytes } from "node:crypto"
import { Deferred, Duration, Effect, Exit, Layer, Schedule, Schema } from "effect"
import type { ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { probeWord, readProbeClip } from "#src/host/probe-clip.ts"
import type { HealthListener, ModelHealth } from "#src/models.ts"
import { type Admission, type Connection, type SessionHandle, Sessions } from "#src/session/contract.ts"
import { Stt } from "#src/stt/stt.ts"
import type { canaryFaults } from "#src/telemetry/metric-table.ts"
import { Metrics } from "#src/telemetry/metrics.ts"
import { Tts } from "#src/tts/tts.ts"

/** Of 16 kHz s16le. */
const frameMs = 20
const frameBytes = 32 * frameMs
const readyWithin = "5 seconds"
/** Includes the silence that ends an utterance, and a host that is replaced meanwhile. */
const heardWithin = "10 seconds"
const answeredWithin = "10 seconds"

type CanaryFault = (typeof canaryFaults)[number]
class CanaryError extends Schema.TaggedError<CanaryError>()("CanaryError", { step: Schema.String }) {}
const failing = (step: CanaryFault) => new CanaryError({ step })

/** What is awaited of the session, each once. */
const awaited = () => ({
  ready: Deferred.makeUnsafe<void, CanaryError>(),
  final: Deferred.makeUnsafe<ServerMessageOf<"transcript.final">, CanaryError>(),
  sound: Deferred.makeUnsafe<void, CanaryError>()
})
type Awaited = ReturnType<typeof awaited>

const receive = (message: ServerMessage, { ready, final, sound }: Awaited): void => {
  if (message.type === "session.ready") Deferred.doneUnsafe(ready, Exit.void)
  if (message.type === "transcript.final") Deferred.doneUnsafe(final, Exit.succeed(message))
  if (message.type !== "error") return
  // Whatever is said no to, is what is being waited for: the steps come one after another.
  Deferred.doneUnsafe(ready, Exit.fail(failing("not_ready")))
  Deferred.doneUnsafe(final, Exit.fail(failing("not_heard")))
  Deferred.doneUnsafe(sound, Exit.fail(failing("not_answered")))
}

const connectionOf = (waits: Awaited): Connection => ({
  send: (message) => receive(message, waits),
  sendAudio: () => {
    Deferred.doneUnsafe(waits.sound, Exit.void)
    return 0
  },
  bufferedBytes: () => 0,
  pauseReading: () => {},
  resumeReading: () => {},
  close: () => {}
})

const admission = (): Admission => ({
  endpoint: "basic",
  protocol: "sawt.v1",
  scopes: [],
  clientAddress: "canary",
  traceId: randomBytes(16).toString("hex"),
  synthetic: true
})

/** The word, and then nothing for as long as somebody listens. */
const say = Effect.fnUntraced(function* (session: SessionHandle, clip: Uint8Array, said: () => void) {
  for (let at = 0; at < clip.length; at += frameBytes) {
    session.receiveAudio(clip.subarray(at, at + frameBytes))
    yield* Effect.sleep(frameMs)
  }
  said()
  const nothing = new Uint8Array(frameBytes)
  yield* Effect.sync(() => session.receiveAudio(nothing)).pipe(Effect.repeat(Schedule.spaced(frameMs)))
})

/** One trial. Fails with the step that did. */
const tryOut = Effect.gen(function* () {
  const sessions = yield* Sessions
  const metrics = yield* Metrics
  const clip = yield* Effect.try({ try: readProbeClip, catch: () => failing("no_clip") })
  const waits = awaited()
  const within = <A>(step: CanaryFault, duration: Duration.Input, wait: Deferred.Deferred<A, CanaryError>) =>
    Effect.timeoutOrElse(Deferred.await(wait), { duration, orElse: () => Effect.fail(failing(step)) })

  const session = yield* sessions.open(admission(), connectionOf(waits))
  session.receive({ type: "session.start", mode: "live", partials: false })
  yield* within("not_ready", readyWithin, waits.ready)

  let saidAtMs = 0
  const saying = say(session, clip, () => {
    saidAtMs = performance.now()
  })
  const { text } = yield* Effect.raceFirst(
    within("not_heard", heardWithin, waits.final),
    Effect.andThen(saying, Effect.never)
  )
  metrics.observe("sawt_canary_seconds", (performance.now() - saidAtMs) / 1_000, { step: "transcript" })
  if (text !== probeWord) return yield* failing("misheard")

  const askedAtMs = performance.now()
  session.receive({ type: "speech.say", text: probeWord })
  yield* within("not_answered", answeredWithin, waits.sound)
  metrics.observe("sawt_canary_seconds", (performance.now() - askedAtMs) / 1_000, { step: "speech" })
  yield* session.end
}).pipe(Effect.scoped)

/** One trial, counted and told; never fails. */
export const runCanary = Effect.gen(function* () {
  const metrics = yield* Metrics
  const exit = yield* Effect.exit(tryOut)
  if (Exit.isSuccess(exit)) {
    metrics.count("sawt_canary_runs_total", { outcome: "ok" })
    return yield* Effect.logDebug("the canary was heard and answered")
  }
  if (Exit.hasInterrupts(exit)) return yield* Effect.interrupt
  const error = Exit.findErrorOption(exit)
  const outcome = error._tag === "Some" ? (error.value.step as CanaryFault) : "broken"
  metrics.count("sawt_canary_runs_total", { outcome })
  yield* Effect.logWarning("the canary failed: the whole way from speech to speech was tried", { outcome })
})

interface Watched {
  readonly health: () => ModelHealth
  readonly onHealth: (listener: HealthListener) => () => void
}
/** Ready, or not to be expected. */
const settled = ({ health, onHealth }: Watched): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const look = () => {
      const { status } = health()
      if (status === "ready" || status === "failed") resume(Effect.void)
    }
    look()
    return Effect.sync(onHealth(look))
  })

/** The first trial comes as soon as the models are there or have failed, or when the time for the second has come. */
export const layerCanary = (everyMinutes: number): Layer.Layer<never, never, Sessions | Stt | Tts> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      if (everyMinutes === 0) return
      const [stt, tts] = [yield* Stt, yield* Tts]
      const every = Duration.minutes(everyMinutes)
      yield* Effect.all([settled(stt), settled(tts)]).pipe(
        Effect.timeoutOption(every),
        Effect.andThen(Effect.repeat(runCanary, Schedule.spaced(every))),
        Effect.forkScoped
      )
    })
  )
