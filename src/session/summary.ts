/** What operators may see of a session: figures and the name of a question, never what was said or answered. */
import type { SessionSummary } from "#schemas/record.ts"
import type { LeadingState } from "#schemas/wire.ts"
import type { Session } from "./session.ts"

/** What a session counts, over all its connections. */
export class Figures {
  startedAtMs: number
  lastActivityAtMs: number
  utterances = 0
  droppedFrames = 0
  #audioOutMsBefore = 0

  constructor(nowMs: number) {
    this.startedAtMs = nowMs
    this.lastActivityAtMs = nowMs
  }

  /** Goes on from where an earlier connection left it. */
  goOnFrom(before: SessionSummary): void {
    this.startedAtMs = before.startedAtMs
    this.utterances += before.utterances
    this.droppedFrames += before.droppedFrames
    this.#audioOutMsBefore = before.audioOutMs
  }

  audioOutMs(now: number): number {
    return this.#audioOutMsBefore + now
  }
}

/** `state`: the one that the client was told last. */
export const summaryOf = (session: Session, state: LeadingState): SessionSummary => {
  const { started, figures, options } = session
  const { protocol, clientAddress } = options.admission
  const { startedAtMs, lastActivityAtMs, utterances, droppedFrames } = figures
  const plan = started?.questionnaire?.plan
  return {
    protocol,
    clientAddress,
    traceId: session.turns.sessionTraceId,
    state,
    startedAtMs,
    lastActivityAtMs,
    ...(started === undefined || plan === undefined
      ? {}
      : {
          questionnaire: {
            id: plan.id,
            version: plan.version,
            answered: started.progress.answered.size,
            total: plan.questions.length,
            ...(started.progress.linkId === undefined ? {} : { linkId: started.progress.linkId })
          }
        }),
    audioInMs: started?.listener.positionMs() ?? 0,
    audioOutMs: figures.audioOutMs(started?.playback.sentMs ?? 0),
    utterances,
    droppedFrames
  }
}
