/** What `session.start` needs before the session is ready: a questionnaire, the audio path, a place in the store. */
import { Effect, Scope } from "effect"
import { interviewMachine, type InterviewMachine } from "#machines/questionnaire.ts"
import type { Plan } from "#machines/plan.ts"
import type { Prepared } from "#machines/session.ts"
import { WireError } from "#schemas/errors.ts"
import { defaultAudio, defaultSpeech, type SessionStart } from "#schemas/wire.ts"
import { makeDecoder } from "#src/audio/decode.ts"
import { EchoGate } from "#src/audio/echo-gate.ts"
import { Listener } from "#src/audio/listener.ts"
import { vocabularyOf } from "#src/questionnaire/grammar.ts"
import { inLanguage, type LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import type { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import type { Invitations } from "#src/store/invitations.ts"
import type { Store } from "#src/store/store.ts"
import type { Stt } from "#src/stt/stt.ts"
import type { Tts } from "#src/tts/tts.ts"
import type { Vad } from "#src/vad/vad.ts"
import type { Admission } from "./contract.ts"
import { mannerOf } from "./manner.ts"
import { Playback } from "./playback.ts"
import { Played } from "./played.ts"
import { readyMessage } from "./ready.ts"
import type { Session } from "./session.ts"
import { begin, hasStopped, progressOf, takeUp } from "./take-up.ts"

export interface PrepareServices {
  readonly stt: Stt["Service"]
  readonly vad: Vad["Service"]
  readonly tts: Tts["Service"]
  readonly store: Store["Service"]
  readonly invitations: Invitations["Service"]
  readonly questionnaires: Questionnaires["Service"]
  /** Of the service: what is asked on behalf of all sessions outlives the one that happened to ask. */
  readonly scope: Scope.Scope
  readonly idleSeconds: number
  readonly minutesOf: (admission: Admission) => number
  /** Ends the connection that this session has, if it has one. */
  readonly replace: (id: string) => Effect.Effect<void>
  /** The session is this connection's from here on. */
  readonly claim: (id: string, session: Session) => void
}

/** Which questionnaire a session is to hold, or why none. */
const chooseQuestionnaire = (
  admission: Admission,
  start: SessionStart,
  questionnaires: Questionnaires["Service"]
): Effect.Effect<LoadedQuestionnaire | undefined, WireError> => {
  const { endpoint, invitation } = admission
  if (endpoint !== "healthcare") {
    return start.questionnaire === undefined
      ? Effect.succeed(undefined)
      : Effect.fail(
          new WireError({ code: "forbidden", message: "questionnaires are held on /ws/secure/healthcare only" })
        )
  }
  const wanted = start.questionnaire ?? invitation?.questionnaire ?? ""
  if (invitation !== undefined && wanted !== invitation.questionnaire) {
    const message = `this invitation is for ${invitation.questionnaire}`
    return Effect.fail(new WireError({ code: "forbidden", message }))
  }
  const loaded = questionnaires.get(wanted)
  if (loaded !== undefined) return Effect.succeed(inLanguage(loaded, start.language ?? invitation?.language))
  const ids = questionnaires.all.map(({ plan }) => plan.id).join(", ")
  return Effect.fail(new WireError({ code: "unknown_questionnaire", message: `questionnaire must be one of: ${ids}` }))
}

/** A statechart for each plan, made once. */
const machines = new WeakMap<Plan, InterviewMachine>()
const machineOf = ({ plan, evaluate }: LoadedQuestionnaire): InterviewMachine => {
  const known = machines.get(plan) ?? interviewMachine(plan, evaluate)
  machines.set(plan, known)
  return known
}

export const makePrepare = (services: PrepareServices) => {
  const { stt, vad, tts, questionnaires } = services

  /** Once for each questionnaire and model, for operators: what nobody will be able to answer by voice. */
  const told = new Set<string>()
  const tellMissingWords = Effect.fnUntraced(function* ({ id, version }: Plan, words: ReadonlyArray<string>) {
    const { backend } = stt.health()
    const key = `${id} ${version} ${backend}`
    if (told.has(key)) return
    told.add(key)
    const missing = yield* stt.missingWords(words)
    yield* Effect.logInfo(`${id}: the model ${backend} lacks ${missing.length} words: ${missing.join(" ")}`)
  })

  const take = Effect.fnUntraced(function* (session: Session, start: SessionStart) {
    const { admission } = session.options
    const { resume_token } = start
    if (resume_token === undefined) {
      const questionnaire = yield* chooseQuestionnaire(admission, start, questionnaires)
      return { id: session.id, ...(yield* begin(services, session, questionnaire)) }
    }
    return yield* takeUp(services, admission, { ...start, resume_token }, services.replace)
  })

  return Effect.fnUntraced(function* (session: Session, start: SessionStart, scope: Scope.Scope) {
    const { admission, connection } = session.options
    const audio = start.audio ?? defaultAudio
    const speech = start.speech ?? defaultSpeech
    const mode = start.mode ?? "live"
    const decoder = yield* makeDecoder(audio).pipe(Scope.provide(scope))
    const taken = yield* take(session, start)
    services.claim(taken.id, session)
    const { questionnaire, keeping, record, resumeToken, summary } = taken
    if (summary !== undefined) session.figures.goOnFrom(summary)
    const plan = questionnaire?.plan
    const played = new Played({
      positionMs: () => listener.positionMs(),
      offsetMs: taken.positionMs,
      ...(mode === "live" ? { makeGate: () => new EchoGate() } : {})
    })
    const listener = new Listener({
      vad,
      stt,
      turnDetection: start.turn_detection ?? "server_vad",
      emit: session.heard,
      offsetMs: taken.positionMs,
      ...(mode === "live" ? { judge: played.judge } : {})
    })
    session.started = {
      decoder,
      listener,
      played,
      playback: new Playback({
        played,
        connection,
        send: (message) => session.send(message),
        turns: session.turns,
        tts,
        speech,
        mode,
        language: plan?.language ?? start.language ?? "ar",
        ...mannerOf(plan)
      }),
      mode,
      alternatives: start.alternatives ?? 0,
      partials: start.partials ?? true,
      ...(questionnaire === undefined ? {} : { questionnaire }),
      progress: progressOf(record),
      ...(keeping === undefined ? {} : { keeping }),
      ready: readyMessage({
        sessionId: session.id,
        traceId: session.turns.sessionTraceId,
        ref: start.ref,
        audio,
        speech,
        plan,
        state: taken.state,
        resumed: record !== undefined,
        resumeToken,
        minutesMax: services.minutesOf(admission),
        idleSecondsMax: services.idleSeconds,
        models: { stt: stt.health(), tts: tts.health(), vad: vad.health() }
      })
    }
    if (plan !== undefined)
      yield* Effect.forkIn(Effect.ignore(tellMissingWords(plan, vocabularyOf(plan))), services.scope)
    const prepared: Prepared = {
      ...(questionnaire === undefined ? {} : { interview: machineOf(questionnaire) }),
      ...(record === undefined ? {} : { record, interviewed: hasStopped(record.entries) }),
      connectedMs: keeping?.connectedMs ?? 0
    }
    return prepared
  })
}
