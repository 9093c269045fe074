/** Opens sessions: one machine for all of them, and for each the services that perform what it decides. */
import { Effect, Layer, Scope } from "effect"
import { randomUUID } from "node:crypto"
import { interviewMachine } from "#machines/questionnaire.ts"
import type { Prompt } from "#machines/session-events.ts"
import { sessionMachine, type Prepared, type SessionMachine } from "#machines/session.ts"
import type { Plan } from "#machines/plan.ts"
import { WireError } from "#schemas/errors.ts"
import { defaultAudio, defaultSpeech, type SessionStart } from "#schemas/wire.ts"
import { makeDecoder } from "#src/audio/decode.ts"
import { Listener } from "#src/audio/listener.ts"
import { errorName } from "#src/error-name.ts"
import { limits } from "#src/limits.ts"
import { vocabularyOf } from "#src/questionnaire/grammar.ts"
import { Questionnaires, type LoadedQuestionnaire } from "#src/questionnaire/questionnaires.ts"
import { Stt } from "#src/stt/stt.ts"
import { Tts } from "#src/tts/tts.ts"
import { Vad } from "#src/vad/vad.ts"
import { Sessions, type Admission } from "./contract.ts"
import { fromEffect } from "./effect-actor.ts"
import { fixedPrompts } from "./interview.ts"
import { Playback } from "./playback.ts"
import { readyMessage } from "./ready.ts"
import { Session } from "./session.ts"

export interface SessionsOptions {
  readonly idleSeconds: number
  readonly maxMinutes: number
}

/** Measured: docs/decisions/006-endpointing.md. */
const endSilenceMs = 500
/** A person who has said nothing for this long is asked again. */
const noSpeechMs = 8_000

/** Which questionnaire a session is to hold, or why none. */
const chooseQuestionnaire = (
  admission: Admission,
  start: SessionStart,
  questionnaires: Questionnaires["Service"]
): Effect.Effect<LoadedQuestionnaire | undefined, WireError> => {
  const { endpoint } = admission
  if (endpoint !== "healthcare") {
    return start.questionnaire === undefined
      ? Effect.succeed(undefined)
      : Effect.fail(
          new WireError({ code: "forbidden", message: "questionnaires are held on /ws/secure/healthcare only" })
        )
  }
  const loaded = questionnaires.get(start.questionnaire ?? "")
  if (loaded !== undefined) return Effect.succeed(loaded)
  const ids = questionnaires.all.map(({ plan }) => plan.id).join(", ")
  return Effect.fail(new WireError({ code: "unknown_questionnaire", message: `questionnaire must be one of: ${ids}` }))
}

export const sessionsLayer = (options: SessionsOptions) =>
  Layer.effect(
    Sessions,
    Effect.gen(function* () {
      const stt = yield* Stt
      const vad = yield* Vad
      const tts = yield* Tts
      const questionnaires = yield* Questionnaires
      /** By the actor system that each session is the root of: what performs for it, and the scope that it owns. */
      const open = new WeakMap<object, { readonly session: Session; readonly scope: Scope.Scope }>()
      const performer = (system: object) => {
        const found = open.get(system)
        if (found === undefined) throw new Error("an actor outlived its session")
        return found
      }

      const minutesOf = ({ endpoint }: Admission) =>
        endpoint === "basic" ? Math.min(options.maxMinutes, limits.basicMinutesMax) : options.maxMinutes

      const missing = new Map<string, ReadonlySet<string>>()
      const missingWords = Effect.fnUntraced(function* (plan: Plan) {
        const key = `${plan.id} ${stt.health().backend}`
        const known = missing.get(key)
        if (known !== undefined) return known
        const words = yield* stt.missingWords(vocabularyOf(plan)).pipe(Effect.option)
        if (words._tag === "None") return new Set<string>()
        const lacking: ReadonlySet<string> = new Set(words.value)
        missing.set(key, lacking)
        yield* Effect.logInfo(
          `${plan.id}: the model ${stt.health().backend} lacks ${lacking.size} words`,
          [...lacking].join(" ")
        )
        return lacking
      })

      const prepare = Effect.fnUntraced(function* (session: Session, start: SessionStart, scope: Scope.Scope) {
        const { admission, connection, id } = session.options
        if (start.resume_token !== undefined) {
          return yield* new WireError({
            code: "resume_failed",
            message: "there is no such session to resume; start anew"
          })
        }
        const questionnaire = yield* chooseQuestionnaire(admission, start, questionnaires)
        const audio = start.audio ?? defaultAudio
        const speech = start.speech ?? defaultSpeech
        const mode = start.mode ?? "live"
        const language = questionnaire?.plan.language ?? start.language ?? "ar"
        const decoder = yield* makeDecoder(audio).pipe(Scope.provide(scope))
        const listener = new Listener({
          vad,
          stt,
          turnDetection: start.turn_detection ?? "server_vad",
          emit: session.heard
        })
        session.started = {
          decoder,
          listener,
          playback: new Playback({ connection, send: (message) => session.send(message), tts, speech, mode, language }),
          mode,
          alternatives: start.alternatives ?? 0,
          partials: start.partials ?? true,
          ...(questionnaire === undefined ? {} : { questionnaire }),
          missingWords: questionnaire === undefined ? new Set() : yield* missingWords(questionnaire.plan),
          ready: readyMessage({
            sessionId: id,
            traceId: admission.traceId,
            ref: start.ref,
            audio,
            speech,
            plan: questionnaire?.plan,
            minutesMax: minutesOf(admission),
            idleSecondsMax: options.idleSeconds,
            models: { stt: stt.health(), tts: tts.health(), vad: vad.health() }
          })
        }
        return { interview: questionnaire?.plan.id } satisfies Prepared
      })

      const context = yield* Effect.context<never>()
      const log = Effect.runForkWith(context)
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
          }),
          ...Object.fromEntries(questionnaires.all.map(({ plan }) => [plan.id, interviewMachine(plan)]))
        }
      } as Parameters<SessionMachine["provide"]>[0])

      /** Known prompts start at once: they are rendered ahead, behind live speech. */
      yield* Effect.forEach(
        questionnaires.all,
        ({ plan }) => tts.prepare(fixedPrompts(plan), { language: plan.language }),
        { discard: true }
      ).pipe(
        Effect.catch((error) => Effect.logWarning(`prompts could not be rendered ahead: ${error.message}`)),
        Effect.forkScoped
      )

      return Sessions.of({
        open: Effect.fnUntraced(function* (admission, connection) {
          const scope = yield* Effect.scope
          const session = new Session({
            id: randomUUID(),
            admission,
            connection,
            machine,
            idleMs: options.idleSeconds * 1_000,
            durationMs: minutesOf(admission) * 60_000,
            endSilenceMs,
            noSpeechMs,
            nowMs: Date.now,
            onNotice: (notice) => log(Effect.logWarning(notice)),
            onDefect: (error) => log(Effect.logError("A session failed", { error: errorName(error) })),
            onEnded: () => open.delete(session.actor.system)
          })
          open.set(session.actor.system, { session, scope })
          yield* Effect.addFinalizer(() => Effect.sync(() => session.end("ended")))
          session.begin()
          if (admission.tokenExpiresAtMs !== undefined) {
            yield* Effect.sleep(Math.max(0, admission.tokenExpiresAtMs - Date.now())).pipe(
              Effect.andThen(Effect.sync(() => session.end("token_expired"))),
              Effect.forkScoped
            )
          }
          return session
        })
      })
    })
  )
