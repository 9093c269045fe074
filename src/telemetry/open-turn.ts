/** A turn that goes on: what is known of it so far, and the record that it makes. */
import type { RepromptReason } from "#schemas/wire.ts"
import type { Sound } from "#src/audio/sound.ts"
import { limits } from "#src/limits.ts"
import type { Hearing } from "#src/stt/stt.ts"
import type { Spoken, Synthesis, Transition, TurnCause, TurnOutcome, TurnRecord } from "./turn-record.ts"
import { newSpanId, newTraceId } from "./trace-context.ts"

/** What a turn is told of its session when it begins. */
export interface RecordedSession {
  readonly id: string
  readonly mode: TurnRecord["session"]["mode"]
  readonly questionnaire?: string
  readonly linkId?: string
  /** Where the audio has come to, and how often it came late. */
  readonly positionMs: number
  readonly audioGaps: number
}

/** Being made. */
type Made<T> = { -readonly [Key in keyof T]: T[Key] extends ReadonlyArray<infer Item> ? Array<Item> : T[Key] }

export class OpenTurn {
  readonly traceId = newTraceId()
  readonly utteranceId: string | undefined
  readonly spanId = newSpanId()
  readonly #unixOffsetMs = Date.now() - performance.now()
  readonly #session: RecordedSession
  readonly #owner: TurnRecord["session"]
  readonly #number: number
  readonly #cause: TurnCause
  readonly #startedAtMs: number
  readonly #spoken: Array<Made<Spoken>> = []
  readonly #hearings: Array<Hearing> = []
  readonly #writes: Made<TurnRecord>["writes"] = []
  readonly #transitions: Array<Transition> = []
  #bargeIn: Made<NonNullable<TurnRecord["bargeIn"]>> | undefined
  #stoppedAtMs: number | undefined
  #utteranceEndedAtMs: number | undefined
  #sound: Sound | undefined
  #audioGaps = 0
  #settledAtMs: number | undefined
  #matchedAtMs: number | undefined
  #audioMs = 0
  #outcome: TurnOutcome | undefined
  #reprompt: RepromptReason | undefined

  constructor(
    session: RecordedSession,
    owner: TurnRecord["session"],
    number: number,
    cause: TurnCause,
    startedAtMs: number,
    utteranceId: string | undefined
  ) {
    this.#session = session
    this.#owner = owner
    this.#number = number
    this.#cause = cause
    this.#startedAtMs = startedAtMs
    this.utteranceId = utteranceId
  }

  /** Settled, and all that it had said has ended. */
  get isOver(): boolean {
    return this.#settledAtMs !== undefined && this.#spoken.every(({ endedAtMs }) => endedAtMs !== undefined)
  }

  stopped(atMs: number): void {
    this.#stoppedAtMs = atMs
  }

  /** `audioGaps`: of the session up to here. */
  ended(atMs: number, sound: Sound | undefined, audioGaps: number): void {
    this.#utteranceEndedAtMs = atMs
    this.#sound = sound
    this.#audioGaps = audioGaps - this.#session.audioGaps
  }

  heard(hearing: Hearing): void {
    this.#hearings.push(hearing)
  }

  settled(outcome: TurnOutcome | undefined, audioMs = 0): void {
    this.#settledAtMs = performance.now()
    this.#audioMs = audioMs
    this.#outcome ??= outcome
  }

  came(outcome: TurnOutcome): void {
    this.#matchedAtMs ??= performance.now()
    this.#outcome ??= outcome
  }

  /** An answer that is not taken before it has been read back. */
  confirming(): void {
    this.#outcome = "confirming"
  }

  reprompted(reason: RepromptReason): void {
    this.#reprompt = reason
  }

  wrote(write: TurnRecord["writes"][number]): void {
    if (this.#writes.length < limits.turnPartsMax) this.#writes.push(write)
  }

  moved(transition: Transition): void {
    if (this.#transitions.length < limits.turnPartsMax) this.#transitions.push(transition)
  }

  speaks(promptId: string): boolean {
    return this.#spoken.some(({ id }) => id === promptId)
  }

  requested(id: string): void {
    this.#spoken.push({ id, requestedAtMs: performance.now(), synthesis: [], audioMs: 0 })
  }

  synthesized(promptId: string, synthesis: Synthesis): void {
    const spoken = this.#promptOf(promptId)
    if (spoken === undefined) return
    spoken.audioMs += synthesis.audioMs
    if (spoken.synthesis.length < limits.turnPartsMax) spoken.synthesis.push(synthesis)
  }

  firstByte(promptId: string): void {
    const spoken = this.#promptOf(promptId)
    if (spoken !== undefined) spoken.firstByteAtMs = performance.now()
  }

  promptEnded(promptId: string, end: NonNullable<Spoken["end"]>): void {
    const spoken = this.#promptOf(promptId)
    if (spoken === undefined || spoken.end !== undefined) return
    spoken.end = end
    spoken.endedAtMs = performance.now()
  }

  /** Those that nobody has begun to say. */
  dropWaiting(): void {
    for (const { id, synthesis, firstByteAtMs } of this.#spoken) {
      if (firstByteAtMs === undefined && synthesis.length === 0) this.promptEnded(id, "dropped")
    }
  }

  bargedIn(how: "ducked" | "stopped"): void {
    const nowMs = performance.now()
    this.#bargeIn ??= { startedAtMs: this.#startedAtMs, duckedAtMs: nowMs }
    if (how === "stopped") this.#bargeIn.stoppedAtMs ??= nowMs
  }

  record(nowMs: number): TurnRecord {
    const { questionnaire, linkId } = this.#session
    const responseMs = this.#responseMs()
    const failure = this.#failure()
    return {
      session: this.#owner,
      traceId: this.traceId,
      spanId: this.spanId,
      number: this.#number,
      unixOffsetMs: this.#unixOffsetMs,
      cause: this.#cause,
      ...(questionnaire === undefined ? {} : { questionnaire }),
      ...(linkId === undefined ? {} : { linkId }),
      startedAtMs: this.#startedAtMs,
      endedAtMs: nowMs,
      outcome: this.#outcome ?? this.#plainOutcome(),
      ...(this.#reprompt === undefined ? {} : { reprompt: this.#reprompt }),
      ...(this.#cause === "speech" ? { speech: this.#speech() } : {}),
      hearings: [...this.#hearings],
      ...(this.#settledAtMs === undefined ? {} : { settledAtMs: this.#settledAtMs }),
      ...(this.#matchedAtMs === undefined ? {} : { matchedAtMs: this.#matchedAtMs }),
      writes: [...this.#writes],
      transitions: [...this.#transitions],
      spoken: this.#spoken.map((spoken) => ({ ...spoken, synthesis: [...spoken.synthesis] })),
      ...(this.#bargeIn === undefined ? {} : { bargeIn: { ...this.#bargeIn } }),
      ...(responseMs === undefined ? {} : { responseMs }),
      isSlow: responseMs !== undefined && responseMs > limits.turnSlowMs,
      ...(failure === undefined ? {} : { failure })
    }
  }

  #promptOf(promptId: string): Made<Spoken> | undefined {
    return this.#spoken.find(({ id }) => id === promptId)
  }

  #plainOutcome(): TurnOutcome {
    if (this.#settledAtMs === undefined) return "unfinished"
    if (this.#cause === "speech") return "transcribed"
    return this.#cause === "input" ? "commanded" : "told"
  }

  #speech(): NonNullable<TurnRecord["speech"]> {
    return {
      startedAtMs: this.#startedAtMs,
      ...(this.#stoppedAtMs === undefined ? {} : { stoppedAtMs: this.#stoppedAtMs }),
      ...(this.#utteranceEndedAtMs === undefined ? {} : { endedAtMs: this.#utteranceEndedAtMs }),
      audioMs: this.#audioMs,
      ...(this.#sound === undefined ? {} : { sound: this.#sound }),
      audioGaps: this.#audioGaps
    }
  }

  #responseMs(): number | undefined {
    const from = this.#cause === "speech" ? this.#utteranceEndedAtMs : this.#startedAtMs
    const firstByteAtMs = this.#spoken.find((spoken) => spoken.firstByteAtMs !== undefined)?.firstByteAtMs
    const to = firstByteAtMs ?? (this.#spoken.length === 0 ? this.#settledAtMs : undefined)
    return from === undefined || to === undefined ? undefined : Math.max(0, to - from)
  }

  #failure(): TurnRecord["failure"] {
    if (this.#outcome === "lost") return "hearing"
    if (this.#writes.some(({ isStored }) => !isStored)) return "storing"
    return this.#spoken.some(({ end }) => end === "failed") ? "speaking" : undefined
  }
}
