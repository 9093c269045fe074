/** Opens sessions: one machine for all of them, and for each the services that perform what it decides. */
import { Deferred, Effect, Layer, Schedule, Scope } from "effect"
import { randomUUID } from "node:crypto"
import type { Prompt } from "#machines/session-events.ts"
import { sessionMachine } from "#machines/session.ts"
import { Audit } from "#src/audit/audit.ts"
import { errorName } from "#src/error-name.ts"
import { limits } from "#src/limits.ts"
import type { ModelHealth } from "#src/models.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { Invitations } from "#src/store/invitations.ts"
import { Store } from "#src/store/store.ts"
import { Stt } from "#src/stt/stt.ts"
import { Metrics } from "#src/telemetry/metrics.ts"
import { inTrace, tellTurn } from "#src/telemetry/turn-log.ts"
import { Turns } from "#src/telemetry/turns.ts"
import { Tts } from "#src/tts/tts.ts"
import { Vad } from "#src/vad/vad.ts"
import { concluderOf } from "./concluding.ts"
import { loggedConnection, makeLogContent } from "./content-log.ts"
import { Sessions, type Admission } from "./contract.ts"
import { countedConnection, declareQuestions, metricEndpointOf } from "./counted.ts"
import { fromEffect } from "./effect-actor.ts"
import { inspected } from "./inspection.ts"
import { fixedPrompts } from "./interview.ts"
import { mannerOf } from "./manner.ts"
import { makePrepare } from "./prepare.ts"
import { recordedAdmission } from "./recorded.ts"
import { SessionToken } from "./session-token.ts"
import { Session } from "./session.ts"

export interface SessionsOptions {
  readonly idleSeconds: number
  readonly maxMinutes: number
  /** For so long a session may be taken up again; absent: not told. */
  readonly resumeWindowSeconds?: number
  /** `HELPLINE_TEXT`. */
  readonly helplineText?: string
  /** Absent: what people say is not logged. */
  readonly logContent?: boolean
  /** Of a vosk-server client's audio, where it does not say; absent: vosk-server's own default, that of telephones. */
  readonly voskSampleRateHz?: number
}

/** How soon what was left for good becomes a response, and what was left open an alert. */
const concludeInterval = "5 seconds"
/** A person who has said nothing for this long is asked again. */
const noSpeechMs = 8_000

export const sessionsLayer = (options: SessionsOptions) =>
  Layer.effect(
    Sessions,
    Effect.gen(function* () {
      const stt = yield* Stt
      const vad = yield* Vad
      const tts = yield* Tts
      const store = yield* Store
      const invitations = yield* Invitations
      const audit = yield* Audit
      const metrics = yield* Metrics
      const turns = yield* Turns
      const questionnaires = yield* Questionnaires
      declareQuestions(
        metrics,
        questionnaires.all.map(({ plan }) => plan)
      )
      /** By the actor system that each session is the root of: what performs for it, and the scope that it owns. */
      const open = new WeakMap<object, { readonly session: Session; readonly scope: Scope.Scope }>()
      const performer = (system: object) => {
        const found = open.get(system)
        if (found === undefined) throw new Error("an actor outlived its session")
        return found
      }

      const told = {
        ...(options.helplineText === undefined ? {} : { helpline: options.helplineText }),
        resumeMinutes: Math.floor((options.resumeWindowSeconds ?? 0) / 60)
      }
      const minutesOf = ({ endpoint }: Admission) =>
        endpoint === "basic" ? Math.min(options.maxMinutes, limits.basicMinutesMax) : options.maxMinutes

      const running = new Map<string, Session>()
      let drained: Deferred.Deferred<void> | undefined
      const prepare = makePrepare({
        stt,
        vad,
        tts,
        store,
        invitations,
        questionnaires,
        scope: yield* Effect.scope,
        idleSeconds: options.idleSeconds,
        minutesOf,
        replace: Effect.fnUntraced(function* (id) {
          for (let live = running.get(id); live !== undefined; live = running.get(id)) {
            yield* live.leave("session_replaced")
          }
        }),
        claim: (id, session) => {
          running.delete(session.id)
          session.id = id
          running.set(id, session)
        }
      })
      const ended = (session: Session) => {
        open.delete(session.actor.system)
        running.delete(session.id)
        if (running.size === 0 && drained !== undefined) Deferred.doneUnsafe(drained, Effect.void)
      }

      const context = yield* Effect.context<never>()
      const log = Effect.runForkWith(context)
      const logContentOf = options.logContent === true ? makeLogContent(log) : undefined
      if (logContentOf !== undefined) {
        yield* Effect.logWarning("LOG_CONTENT is on: at DEBUG this log holds what people say and answer")
      }
      const stopTelling = turns.onTurn((turn) => {
        const told = tellTurn(turn)
        if (told !== undefined) log(told)
      })
      yield* Effect.addFinalizer(() => Effect.sync(stopTelling))
      const machine = sessionMachine.provide({
        actors: {
          prepare: fromEffect(context, (_: unknown, system) => {
            const { session, scope } = performer(system)
            const start = session.start ?? { type: "session.start" as const }
            return prepare(session, start, scope).pipe(
              Effect.tapError((error) => Effect.sync(() => session.startRefused(error, start.ref)))
            )
          }),
          speak: fromEffect(context, (prompt: Prompt, system) => {
            const { session } = performer(system)
            return (session.started?.playback.speak(prompt) ?? Effect.void).pipe(
              Effect.tapError((error) =>
                Effect.sync(() =>
                  prompt.voice !== undefined && error.reason === "refused"
                    ? session.refuse("not_found", error.message, prompt.ref)
                    : session.refuse("tts_unavailable", "this prompt cannot be spoken now; its text stands", prompt.ref)
                )
              )
            )
          })
        }
      })

      /** What becomes of a model, each client is told; a person who was not heard is asked again. */
      const tell =
        (model: "stt" | "vad" | "tts") =>
        ({ status, backend, degraded }: ModelHealth) => {
          for (const session of running.values()) {
            if (session.started === undefined) continue
            session.send({ type: "models.changed", model, status, backend, degraded })
            if (model === "stt" && status === "ready") session.tellInterview({ type: "hearing.restored" })
          }
        }
      yield* Effect.acquireRelease(
        Effect.sync(() => [stt.onHealth(tell("stt")), vad.onHealth(tell("vad")), tts.onHealth(tell("tts"))]),
        (stops) => Effect.sync(() => stops.forEach((stop) => stop()))
      )

      /** Known prompts start at once: they are rendered ahead, behind live speech. */
      yield* Effect.forEach(
        questionnaires.all.flatMap(({ languages }) => Object.values(languages)),
        ({ plan }) =>
          tts
            .prepare(fixedPrompts(plan, told), { language: plan.language, ...mannerOf(plan) })
            .pipe(
              Effect.catch(({ message }) =>
                Effect.logWarning(`prompts of ${plan.id} could not be rendered ahead: ${message}`)
              )
            ),
        { discard: true }
      ).pipe(Effect.forkScoped)

      yield* concluderOf({ store, questionnaires, record: audit.record, nowMs: Date.now }).pipe(
        Effect.repeat(Schedule.spaced(concludeInterval)),
        Effect.forkScoped
      )

      return Sessions.of({
        open: Effect.fnUntraced(function* (admission, connection) {
          const scope = yield* Effect.scope
          const token = new SessionToken(admission, Date.now)
          const logContent = logContentOf?.(admission)
          const counted = countedConnection(connection, metricEndpointOf(admission), metrics)
          const session = new Session({
            id: randomUUID(),
            admission,
            connection: logContent === undefined ? counted : loggedConnection(counted, logContent),
            token,
            machine,
            idleMs: options.idleSeconds * 1_000,
            durationMs: minutesOf(admission) * 60_000,
            noSpeechMs,
            told,
            nowMs: Date.now,
            recordTurns: (recorded) => turns.record(recordedAdmission(admission, store.subjectHash), recorded),
            record: audit.record,
            ...(logContent === undefined ? {} : { logContent }),
            onNotice: (notice) => log(inTrace(session.turns, Effect.logWarning(notice))),
            onDefect: (error) =>
              log(inTrace(session.turns, Effect.logError("A session failed", { error: errorName(error) }))),
            onEnded: () => ended(session)
          })
          running.set(session.id, session)
          open.set(session.actor.system, { session, scope })
          yield* Effect.addFinalizer(() => Effect.sync(() => session.endNow("ended")))
          session.actor.system.inspect(session.turns.inspected)
          session.begin()
          yield* token.watch(session)
          return session
        }),
        watch: (id, watcher) => {
          const session = running.get(id)
          return session === undefined ? undefined : inspected(session.actor, watcher)
        },
        drain: Effect.fnUntraced(function* (withinMs) {
          if (withinMs > 0 && running.size > 0) {
            const empty = (drained = Deferred.makeUnsafe<void>())
            for (const session of running.values()) session.actor.send({ type: "server.draining", inMs: withinMs })
            yield* Deferred.await(empty).pipe(Effect.timeoutOption(withinMs))
          }
          yield* Effect.forEach([...running.values()], (session) => session.leave("draining"), {
            concurrency: "unbounded",
            discard: true
          })
        })
      })
    })
  )
