/** `session.ready`: what a client may count on in this session. Pure. */
import type { Plan } from "#machines/plan.ts"
import type { AudioFormat, LeadingState, ServerMessageOf, SpeechFormat } from "#schemas/wire.ts"
import { limits } from "#src/limits.ts"
import type { ModelHealth } from "#src/models.ts"

export interface ReadyFacts {
  readonly sessionId: string
  readonly traceId: string
  readonly ref: string | undefined
  readonly audio: AudioFormat
  readonly speech: SpeechFormat
  readonly plan: Plan | undefined
  readonly state: LeadingState
  readonly resumed: boolean
  readonly resumeToken: string | undefined
  readonly minutesMax: number
  readonly idleSecondsMax: number
  readonly models: { readonly stt: ModelHealth; readonly tts: ModelHealth; readonly vad: ModelHealth }
}

const modelState = ({ status, backend }: ModelHealth) => ({ status, backend })

export const readyMessage = (facts: ReadyFacts): ServerMessageOf<"session.ready"> => {
  const { plan, models, ref } = facts
  return {
    type: "session.ready",
    ...(ref === undefined ? {} : { ref }),
    session_id: facts.sessionId,
    ...(facts.resumeToken === undefined ? {} : { resume_token: facts.resumeToken }),
    resumed: facts.resumed,
    state: facts.state,
    audio: facts.audio,
    speech: facts.speech,
    limits: {
      frame_bytes_max: limits.frameBytesMax,
      text_bytes_max: limits.textBytesMax,
      utterance_ms_max: limits.utteranceMsMax,
      session_minutes_max: facts.minutesMax,
      idle_seconds_max: facts.idleSecondsMax
    },
    models: { stt: modelState(models.stt), tts: modelState(models.tts), vad: modelState(models.vad) },
    ...(plan === undefined
      ? {}
      : { questionnaire: { id: plan.id, title: plan.title, version: plan.version, total: plan.questions.length } }),
    trace_id: facts.traceId
  }
}
