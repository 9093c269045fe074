/** What a session is told and what it wants: the words between the session machine and `src/session/`. */
import type { InterviewEvent, InterviewOutput } from "./interview.ts"

export interface Prompt {
  readonly id: string
  readonly text: string
  /** With vowel marks. */
  readonly spokenText: string
  readonly interruptible: boolean
  /** May be kept on disk: false for what holds a person's answer. */
  readonly keep: boolean
  /** Engine asked for by the client; absent: the configured voice. */
  readonly voice?: string
  /** The client's `ref` that asked for it. */
  readonly ref?: string
}

export type EndReason =
  | "ended"
  | "disconnected"
  /** The person goes on later. */
  | "paused"
  | "idle_timeout"
  | "duration_exceeded"
  | "not_started"
  | "refused"
  /** The same session was resumed elsewhere. */
  | "session_replaced"
  | "token_expired"
  | "draining"
  | "internal"

export type SessionEvent =
  | { readonly type: "start.requested" }
  /** `replace`: stops what is being spoken and forgets what waits. */
  | { readonly type: "prompt.requested"; readonly prompt: Prompt; readonly replace: boolean }
  | { readonly type: "prompt.cancelled"; readonly id?: string }
  | { readonly type: "speech.started" }
  /** Enough speech for a prompt to give way; a cough does not get here. */
  | { readonly type: "speech.confirmed" }
  | { readonly type: "speech.paused" }
  | { readonly type: "speech.resumed" }
  | { readonly type: "utterance.ended" }
  | { readonly type: "transcript.settled" }
  | { readonly type: "client.active" }
  | { readonly type: "session.pause" }
  | { readonly type: "session.continue" }
  | { readonly type: "session.end"; readonly reason: EndReason }
  | { readonly type: "server.draining"; readonly inMs: number }
  | { readonly type: "interview.output"; readonly output: InterviewOutput }
  | { readonly type: "interview.event"; readonly event: InterviewEvent }
  /** Raised by the dialogue for the other regions. */
  | { readonly type: "opened" }

export type SessionOutput =
  | { readonly type: "session.opened" }
  | { readonly type: "prompt.ducked"; readonly id: string; readonly ducked: boolean }
  | { readonly type: "interview"; readonly output: InterviewOutput }
  | { readonly type: "session.expiring"; readonly reason: "idle" | "duration" | "draining"; readonly inMs: number }
  | { readonly type: "session.closing"; readonly reason: EndReason }

export interface SessionInput {
  readonly startTimeoutMs: number
  readonly idleMs: number
  readonly durationMs: number
}

/** Nothing follows on it; what is completed may still be corrected. */
export const isFinal = (status: Extract<InterviewOutput, { type: "interview.ended" }>["status"]): boolean =>
  status !== "completed" && status !== "amended"
