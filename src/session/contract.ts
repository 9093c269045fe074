/**
 * The seam between gateway and session. The gateway knows sockets and protocols but no model; the session knows models
 * and machines but no socket.
 */
import { Context, type Effect, type Scope } from "effect"
import type { Language } from "#schemas/clinic.ts"
import type { WireError } from "#schemas/errors.ts"
import type { SessionSummary } from "#schemas/record.ts"
import type { VoskMessage } from "#schemas/vosk-server.ts"
import type { ClientMessage, ServerMessage } from "#schemas/wire.ts"
import type { SpanRef } from "#src/telemetry/trace-context.ts"
import type { Watcher } from "./inspection.ts"

export type Endpoint = "basic" | "secure" | "healthcare"

/** What a fresh token allows from now on. */
export interface Renewal {
  readonly tokenId: string
  readonly expiresAtMs: number
  readonly scopes: ReadonlyArray<string>
}

/** Who was let in, and as what. */
export interface Admission {
  readonly endpoint: Endpoint
  readonly protocol: string
  /** The token's `sub`. */
  readonly subject?: string
  readonly scopes: ReadonlyArray<string>
  readonly clientAddress: string
  readonly tokenExpiresAtMs?: number
  /** The client came with an invitation: what it begins is this, and once. */
  readonly invitation?: { readonly id: string; readonly questionnaire: string; readonly language: Language }
  /** Takes a fresh token in the place of the one before. Absent where none is needed. */
  readonly renew?: (token: string) => Effect.Effect<Renewal, WireError>
  /** A client of vosk-server's protocol has asked that only speech be decoded. */
  readonly gate?: "vad"
  readonly traceId: string
  /** The span of the upgrade, in that trace. Absent where there was none. */
  readonly upgrade?: SpanRef
  /** The service itself, on trial: counted apart from people. */
  readonly synthetic?: true
}

/** What a session may do with its client; the gateway implements it over one WebSocket and one protocol adapter. */
export interface Connection {
  readonly send: (message: ServerMessage) => void
  /** Bytes waiting in the socket after this frame. */
  readonly sendAudio: (frame: Uint8Array) => number
  readonly bufferedBytes: () => number
  /** Stop and go on reading the client's socket: backpressure. */
  readonly pauseReading: () => void
  readonly resumeReading: () => void
  readonly close: (code: number, reason: string) => void
}

/** Of a protocol whose answers come ready-made. */
export interface TextConnection extends Connection {
  /** One text frame of UTF-8, which the caller leaves alone from now on; `onSent`: the socket has taken it. */
  readonly sendText: (text: Uint8Array, onSent?: () => void) => void
}

export interface SessionHandle<Message = ClientMessage> {
  /** Becomes another one when the client resumes an earlier session. */
  readonly id: string
  readonly summary: () => SessionSummary
  /** It has ended; its socket is about to close. */
  readonly ended: boolean
  /** Ends it for good: nobody may resume it. Returns when all that was said whole is kept. */
  readonly end: Effect.Effect<void>
  readonly receive: (message: Message) => void
  /** `bytes` are valid only during the call. */
  readonly receiveAudio: (bytes: Uint8Array) => void
  /** The adapter could not decode a message: the session answers `error`, and ends at the third in ten seconds. */
  readonly refused: (error: WireError) => void
  /** Returns when all that must outlast the connection is kept. */
  readonly disconnected: Effect.Effect<void>
}

export class Sessions extends Context.Service<
  Sessions,
  {
    /** The session lives as long as the scope, and closes its connection when it ends by itself. */
    readonly open: (admission: Admission, connection: Connection) => Effect.Effect<SessionHandle, never, Scope.Scope>
    /**
     * Tells what the machines of a live session do from now on, without a word of what is said. Undefined: there is none of
     * this id. Returns how to look away.
     */
    readonly watch: (id: string, watcher: Watcher) => (() => void) | undefined
    /** Tells live sessions that they have so long to finish, and ends those that have not; they may resume. */
    readonly drain: (withinMs: number) => Effect.Effect<void>
  }
>()("sawt/session/Sessions") {}

/** Sessions of vosk-server's protocol: continuous audio, heard as libvosk by itself hears it. */
export class Recognitions extends Context.Service<
  Recognitions,
  {
    readonly open: (
      admission: Admission,
      connection: TextConnection
    ) => Effect.Effect<SessionHandle<VoskMessage>, never, Scope.Scope>
    /** Waits so long for those that go on, and ends them. */
    readonly drain: (withinMs: number) => Effect.Effect<void>
  }
>()("sawt/session/Recognitions") {}
