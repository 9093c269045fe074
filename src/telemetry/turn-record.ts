/**
 * What is known of one turn: who began it, what was heard, what came of it, what was said back, and when. One record for
 * each turn, and spans, histograms and the timeline all come of it. All times are milliseconds of this process's monotonic
 * clock (`performance.now()`); `unixOffsetMs` makes Unix times of them. Nothing in it is said, answered or personal: ids of
 * the session and of questions, names of states, counts and times.
 */
import type { RepromptReason } from "#schemas/wire.ts"
import type { Sound } from "#src/audio/sound.ts"
import type { Hearing } from "#src/stt/stt.ts"

/** What began it: a person's voice, touch or text; a silence that was waited for; the service itself (a first question). */
export type TurnCause = "speech" | "input" | "silence" | "service"
export const turnCauses = ["speech", "input", "silence", "service"] as const satisfies ReadonlyArray<TurnCause>

export const turnOutcomes = [
  /** A transcript, and no questionnaire. */
  "transcribed",
  "answered",
  /** It is read back, and confirmed or denied in a later turn. */
  "confirming",
  "denied",
  "unmatched",
  /** Repeat, back, skip, help, stop and the like. */
  "commanded",
  /** No speech after all. */
  "empty",
  /** Nothing could hear it: an utterance was lost. */
  "lost",
  /** The client dropped what it was saying. */
  "cleared",
  /** The service spoke, and had not been spoken to. */
  "told",
  /** Its session ended before anything came of it. */
  "unfinished"
] as const
export type TurnOutcome = (typeof turnOutcomes)[number]

export interface Synthesis {
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly source: "cache" | "espeak" | "piper" | "xtts"
  readonly degraded: boolean
  readonly audioMs: number
}

/** One thing that is said back. */
export interface Spoken {
  readonly id: string
  readonly requestedAtMs: number
  /** One for each sentence. */
  readonly synthesis: ReadonlyArray<Synthesis>
  /** The first audio left for the client. */
  readonly firstByteAtMs?: number
  readonly endedAtMs?: number
  /** `dropped`: another took its place before it began. */
  readonly end?: "completed" | "interrupted" | "failed" | "dropped"
  readonly audioMs: number
}

export interface Transition {
  readonly atMs: number
  readonly machine: "session" | "interview"
  /** Names of states, regions and children joined with dots. */
  readonly from: string
  readonly to: string
  /** The type of what led to it. */
  readonly event: string
}

export interface TurnRecord {
  readonly session: {
    readonly id: string
    /** Of the session's own trace and span, hex: what the turn's trace is linked to. */
    readonly traceId: string
    readonly spanId: string
    /** `canary`: nobody's, the service's own trial. */
    readonly endpoint: "basic" | "secure" | "healthcare" | "canary"
    /** `file`: audio comes at any speed, and waits say nothing of a person's. */
    readonly mode: "live" | "file"
    /** Keyed, the same as in the audit log; absent where nobody is signed in. */
    readonly subjectHash?: string
  }
  /** Of this turn's own trace, hex; the client finds it in the turn's messages. */
  readonly traceId: string
  readonly spanId: string
  /** From 1, in this connection. */
  readonly number: number
  readonly unixOffsetMs: number
  readonly cause: TurnCause
  readonly questionnaire?: string
  /** What was asked when it began. */
  readonly linkId?: string
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly outcome: TurnOutcome
  /** Why it was asked again. */
  readonly reprompt?: RepromptReason
  /** Absent unless `cause` is `speech`. */
  readonly speech?: {
    readonly startedAtMs: number
    /** The last that was said, and when the silence after it was long enough; absent when it was cleared before. */
    readonly stoppedAtMs?: number
    readonly endedAtMs?: number
    readonly audioMs: number
    /** How it sounded, and how often its audio came late. */
    readonly sound?: Sound
    readonly audioGaps: number
  }
  /** By which hosts it was heard; the second and later ones are replays. */
  readonly hearings: ReadonlyArray<Hearing>
  /** The transcript stood, or was given up; the interview had been told what it comes to. */
  readonly settledAtMs?: number
  readonly matchedAtMs?: number
  readonly writes: ReadonlyArray<{
    readonly startedAtMs: number
    readonly endedAtMs: number
    readonly isStored: boolean
  }>
  readonly transitions: ReadonlyArray<Transition>
  readonly spoken: ReadonlyArray<Spoken>
  /** It cut off what was being said; `stoppedAtMs` is absent where that was only lowered. */
  readonly bargeIn?: { readonly startedAtMs: number; readonly duckedAtMs: number; readonly stoppedAtMs?: number }
  /** From the end of the utterance (or what else began it) to the first byte of speech, else to the transcript. */
  readonly responseMs?: number
  /** `responseMs` over `turnSlowMs`. */
  readonly isSlow: boolean
  /** The first thing that went wrong. */
  readonly failure?: "hearing" | "speaking" | "storing"
}
