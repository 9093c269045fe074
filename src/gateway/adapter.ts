/**
 * One wire protocol, seen as the messages of a session. An adapter is named by the WebSocket subprotocol that a client
 * asks for, or told by the first message of a client that asks for none; nothing behind it knows sockets or frames.
 */
import type { Result } from "effect"
import type { WireError } from "#schemas/errors.ts"
import type { ClientMessage, ServerMessage } from "#schemas/wire.ts"

export interface Adapter<Message = ClientMessage> {
  readonly subprotocol: string
  readonly decodeText: (text: string) => Result.Result<Message, WireError>
  /** Undefined: this protocol has no word for it. */
  readonly encode: (message: ServerMessage) => string | undefined
}
