/** What a session takes, and what it tells. */
import type { ServerMessage, ServerMessageOf, SessionStart } from "../schemas/wire.ts"
import type { SawtError } from "./errors.ts"
import type { Address } from "./link.ts"

export type TokenReason = "connect" | "refresh" | "refused"
/** A token, or what fetches one: to connect, when the session's is about to end, and when the last one was refused. */
export type TokenSource = string | ((why: TokenReason) => string | Promise<string>)

/** To go on later, or in another page: see `Session.resumePoint`. */
export interface ResumePoint {
  readonly token: string
  readonly lastSeq: number
}

export interface SpeechFrame {
  /** Of the prompt, as `audio.begin` told it. */
  readonly id: string
  readonly encoding: "pcm_s16le" | "mulaw"
  readonly sampleRateHz: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

export type ConnectionChange =
  | { readonly status: "connected"; readonly resumed: boolean }
  | { readonly status: "reconnecting"; readonly attempt: number; readonly inMs: number; readonly error: SawtError }
  | { readonly status: "ended" }

export interface SessionEnd {
  /** As `session.ended` tells it, or the code of `error`. */
  readonly reason: string
  /** Absent where it ended as it should. */
  readonly error?: SawtError
  /** Where coming back is worth while. */
  readonly resume?: ResumePoint
}

export type SessionEvents = { [Type in ServerMessage["type"]]: ServerMessageOf<Type> } & {
  /** Every message of the server. */
  readonly message: ServerMessage
  /** Speech as it comes, ahead of its playback. */
  readonly audio: SpeechFrame
  readonly connection: ConnectionChange
  readonly ended: SessionEnd
}

export interface SessionOptions {
  readonly address: Address
  readonly token: TokenSource | undefined
  readonly start: Omit<SessionStart, "type" | "resume_token" | "last_seq" | "ref">
  readonly resume: ResumePoint | undefined
  /** A session that cannot be reached for so long is given up. */
  readonly giveUpAfterMs: number
}
