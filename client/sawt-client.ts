/**
 * The client of a Sawt service, for browsers and Node from 20: no dependency, plain modules. `voice.ts` adds microphone and
 * loudspeaker in browsers. docs/client.md shows its use.
 */
import type { SessionStart } from "../schemas/wire.ts"
import type { ResumePoint, TokenSource } from "./session-events.ts"
import { Session } from "./session.ts"
import { type SocketClass, surroundingsOf } from "./surroundings.ts"

export { SawtError, type SawtErrorCode } from "./errors.ts"
export type { Session }
export type {
  ConnectionChange,
  ResumePoint,
  SessionEnd,
  SessionEvents,
  SpeechFrame,
  TokenReason,
  TokenSource
} from "./session-events.ts"
export type { ClientMessage, ServerMessage, ServerMessageOf } from "../schemas/wire.ts"

export type Endpoint = "basic" | "secure" | "healthcare"

export interface ConnectOptions extends Omit<SessionStart, "type" | "resume_token" | "last_seq" | "ref"> {
  /** http(s)://host:port of the service. */
  readonly server: string
  /** `healthcare` with a questionnaire, `secure` with a token, `basic` without, unless told otherwise. */
  readonly endpoint?: Endpoint
  /** A fixed token ends with its time; a callback lets the session go on. */
  readonly token?: TokenSource
  /** From `session.resumePoint` or `SessionEnd.resume`. */
  readonly resume?: ResumePoint
  /** After a break, how long to try again; 10 minutes unless told otherwise, as long as a service keeps sessions by default. */
  readonly giveUpAfterMs?: number
  /** Where the runtime has none (Node 20): the class of the package `ws`. */
  readonly WebSocket?: SocketClass
}

const paths: Readonly<Record<Endpoint, string>> = {
  basic: "/ws",
  secure: "/ws/secure",
  healthcare: "/ws/secure/healthcare"
}

/** Resolves once the session stands; rejects with a `SawtError` that says why not and whether to try again. */
export const connect = (options: ConnectOptions): Promise<Session> => {
  const { server, endpoint, token, resume, giveUpAfterMs = 600_000, WebSocket, ...start } = options
  const usual: Endpoint = start.questionnaire !== undefined ? "healthcare" : token === undefined ? "basic" : "secure"
  return Session.open(
    { address: { server, path: paths[endpoint ?? usual] }, token, start, resume, giveUpAfterMs },
    surroundingsOf(WebSocket)
  )
}
