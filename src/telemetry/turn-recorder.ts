/**
 * Makes the turns of one session out of what passes by: what the listener hears, what the interview is told, what is asked
 * to be spoken, what is sent and written. It only looks: nothing waits for it and nothing is decided by it.
 *
 * What is said back belongs to the turn that was settled last. A turn ends when all that it had said has ended; one that
 * had nothing said ends when it is settled.
 */
import type { InspectionEvent } from "xstate"
import type { InterviewEvent } from "#machines/interview.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import type { ListenerEvent } from "#src/audio/listener-events.ts"
import { limits } from "#src/limits.ts"
import type { Transcript } from "#src/stt/stt.ts"
import { newSpanId, readTraceparent, type SpanRef } from "./trace-context.ts"
import { OpenTurn, type RecordedSession } from "./open-turn.ts"
import { Transitions } from "./transitions.ts"
import type { SessionRecord } from "./visit-records.ts"
import type { Synthesis, TurnCause, TurnOutcome, TurnRecord } from "./turn-record.ts"

/** What comes of what the interview is told. Danger that was heard is an answer here: it is nobody's business but staff's. */
const outcomes: Partial<Record<InterviewEvent["type"], TurnOutcome>> = {
  "consent.given": "answered",
  "consent.declined": "answered",
  "consent.withdrawn": "answered",
  "answer.given": "answered",
  "initial.kept": "answered",
  "confirmation.given": "answered",
  "confirmation.denied": "denied",
  "distress.heard": "answered",
  "answer.unmatched": "unmatched",
  "hearing.failed": "lost",
  "question.repeat": "commanded",
  "question.back": "commanded",
  "question.skip": "commanded",
  "question.goto": "commanded",
  "help.request": "commanded",
  "stop.request": "commanded",
  "handover.request": "commanded",
  "withdrawal.request": "commanded",
  "pause.request": "commanded"
}

const isEmpty = ({ text, unknownWords }: Transcript): boolean => text === "" && unknownWords === 0

/** Who was let in, as far as records tell of it. */
export interface RecordedAdmission {
  readonly endpoint: TurnRecord["session"]["endpoint"]
  readonly subjectHash?: string
  /** Of the upgrade, or in its place where there was none. */
  readonly traceId: string
  readonly upgrade?: SpanRef
}

export interface RecorderOptions {
  readonly admission: RecordedAdmission
  /** As it stands now. */
  readonly session: () => RecordedSession
  readonly onTurn: (turn: TurnRecord) => void
  readonly onSession: (session: SessionRecord) => void
}

export class TurnRecorder {
  readonly #options: RecorderOptions
  /** Of the session's span. */
  readonly #spanId = newSpanId()
  readonly #startedAtMs = performance.now()
  readonly #unixOffsetMs = Date.now() - performance.now()
  /** The client's span that the session belongs to. */
  #client: SpanRef | undefined
  #slow = 0
  #failed = 0
  readonly #open: Array<OpenTurn> = []
  readonly #transitions = new Transitions()
  #count = 0
  /** The turn whose answer is being given. */
  #replying: OpenTurn | undefined
  /** The one that is being said. */
  #speaking: OpenTurn | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Of the session's own trace: the client's, where `session.start` names one. */
  get sessionTraceId(): string {
    return this.#client?.traceId ?? this.#options.admission.traceId
  }

  /** Of the turn whose messages are being sent, else of the session. */
  get traceId(): string {
    return this.#replying?.traceId ?? this.sessionTraceId
  }

  get spanId(): string {
    return this.#replying?.spanId ?? this.#spanId
  }

  get sessionId(): string {
    return this.#options.session().id
  }

  /** `session.start` came. A client that cannot set headers - a browser - says here which trace it is in. */
  begin(traceparent: string | undefined): void {
    this.#client = readTraceparent(traceparent)
  }

  /** Those that have not ended, as they stand. */
  going(): ReadonlyArray<TurnRecord> {
    return this.#open.map((turn) => turn.record(performance.now()))
  }

  readonly heard = (event: ListenerEvent): void => {
    const nowMs = performance.now()
    switch (event.type) {
      case "speech.started":
        this.#speaking = this.#begin("speech", event.utteranceId, nowMs - this.#agoMs(event.atMs))
        return
      case "speech.stopped":
        return this.#turnOf(event.utteranceId)?.stopped(nowMs - this.#agoMs(event.atMs))
      case "utterance.ended":
        this.#speaking = undefined
        return this.#turnOf(event.utteranceId)?.ended(nowMs, event.sound, this.#options.session().audioGaps)
      case "utterance.heard":
        return this.#turnOf(event.utteranceId)?.heard(event.hearing)
      case "utterance.cleared":
        this.#speaking = undefined
        return this.#settle(this.#turnOf(event.utteranceId), "cleared")
      case "transcript.final":
        return this.#settle(
          this.#turnOf(event.utteranceId),
          isEmpty(event.transcript) ? "empty" : undefined,
          event.endMs - event.startMs
        )
      case "transcript.failed":
        return this.#settle(this.#turnOf(event.utteranceId), "lost")
      case "silence.elapsed":
        return this.#settle(this.#begin("silence"))
    }
  }

  /** The person did it by hand, or in writing. */
  input(): void {
    this.#settle(this.#begin("input"))
  }

  told(event: InterviewEvent): void {
    const outcome = outcomes[event.type]
    if (outcome === undefined) return
    this.#replying?.came(outcome)
    if (event.type === "answer.unmatched") this.#replying?.reprompted(event.reason)
  }

  /** `replace`: what waits is forgotten. */
  promptRequested(id: string, replace: boolean): void {
    if (replace) this.#dropWaiting()
    const turn = this.#replying ?? this.#begin("service")
    if (this.#replying === undefined) this.#settle(turn)
    turn.requested(id)
  }

  synthesized(promptId: string, synthesis: Synthesis): void {
    this.#speakerOf(promptId)?.synthesized(promptId, synthesis)
  }

  promptEnded(promptId: string, end: "completed" | "interrupted" | "failed"): void {
    const turn = this.#speakerOf(promptId)
    turn?.promptEnded(promptId, end)
    if (end === "interrupted") this.#speaking?.bargedIn("stopped")
    this.#endSoon(turn)
  }

  sent(message: ServerMessage): void {
    switch (message.type) {
      case "audio.begin":
        return this.#speakerOf(message.id)?.firstByte(message.id)
      case "audio.duck":
        return message.ducked ? this.#speaking?.bargedIn("ducked") : undefined
      case "question.reprompt":
        return this.#replying?.reprompted(message.reason)
      case "answer.confirm":
        return this.#replying?.confirming()
      case "state.changed":
        if (message.state === "paused" || message.state === "ended") this.#dropWaiting()
    }
  }

  wrote(startedAtMs: number, isStored: boolean): void {
    this.#replying?.wrote({ startedAtMs, endedAtMs: performance.now(), isStored })
  }

  /** XState's, of the session and what it invokes. */
  readonly inspected = (event: InspectionEvent): void => {
    const turn = this.#replying ?? this.#speaking
    for (const transition of this.#transitions.of(event)) turn?.moved(transition)
  }

  /** The session is over, for this reason. */
  close(end: string): void {
    for (let turn = this.#open[0]; turn !== undefined; turn = this.#open[0]) this.#end(turn)
    const { upgrade } = this.#options.admission
    const parent = this.#client ?? upgrade
    const { questionnaire } = this.#options.session()
    this.#options.onSession({
      session: this.#owner(),
      ...(parent === undefined ? {} : { parent }),
      ...(upgrade === undefined || parent === upgrade ? {} : { upgrade }),
      unixOffsetMs: this.#unixOffsetMs,
      startedAtMs: this.#startedAtMs,
      endedAtMs: performance.now(),
      ...(questionnaire === undefined ? {} : { questionnaire }),
      end,
      turns: this.#count,
      turnsSlow: this.#slow,
      turnsFailed: this.#failed
    })
  }

  #owner(): TurnRecord["session"] {
    const { endpoint, subjectHash } = this.#options.admission
    const { id, mode } = this.#options.session()
    const hash = subjectHash === undefined ? {} : { subjectHash }
    return { id, traceId: this.sessionTraceId, spanId: this.#spanId, endpoint, mode, ...hash }
  }

  /** How long ago the audio of this position came; nothing in a file, whose audio comes at any speed. */
  #agoMs(atMs: number): number {
    const { mode, positionMs } = this.#options.session()
    return mode === "live" ? Math.max(0, positionMs - atMs) : 0
  }

  #begin(cause: TurnCause, utteranceId?: string, startedAtMs = performance.now()): OpenTurn {
    const turn = new OpenTurn(this.#options.session(), this.#owner(), ++this.#count, cause, startedAtMs, utteranceId)
    this.#open.push(turn)
    const [oldest] = this.#open
    if (this.#open.length > limits.turnsOpenMax && oldest !== undefined) this.#end(oldest)
    return turn
  }

  #settle(turn: OpenTurn | undefined, outcome?: TurnOutcome, audioMs?: number): void {
    if (turn === undefined) return
    turn.settled(outcome, audioMs)
    const before = this.#replying
    this.#replying = turn
    if (before !== turn) this.#endSoon(before)
    this.#endSoon(turn)
  }

  /** What it has said is known once what happens now has run its course. */
  #endSoon(turn: OpenTurn | undefined): void {
    if (turn !== undefined) queueMicrotask(() => turn.isOver && this.#end(turn))
  }

  #end(turn: OpenTurn): void {
    const place = this.#open.indexOf(turn)
    if (place < 0) return
    this.#open.splice(place, 1)
    if (this.#replying === turn) this.#replying = undefined
    if (this.#speaking === turn) this.#speaking = undefined
    const record = turn.record(performance.now())
    if (record.isSlow) this.#slow++
    if (record.failure !== undefined) this.#failed++
    this.#options.onTurn(record)
  }

  #dropWaiting(): void {
    for (const turn of this.#open) {
      turn.dropWaiting()
      this.#endSoon(turn)
    }
  }

  #turnOf(utteranceId: string): OpenTurn | undefined {
    return this.#open.find((turn) => turn.utteranceId === utteranceId)
  }

  #speakerOf(promptId: string): OpenTurn | undefined {
    return this.#open.find((turn) => turn.speaks(promptId))
  }
}
