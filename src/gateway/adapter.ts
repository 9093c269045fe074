/**
 * One wire protocol, seen as the session's own messages. An adapter is named by the WebSocket subprotocol that a client
 * asks for; nothing behind it knows which protocol a client speaks.
 */
import type { Result } from "effect"
import type { WireError } from "#schemas/errors.ts"
import type { ClientMessage, ServerMessage } from "#schemas/wire.ts"

export interface Adapter {
  readonly subprotocol: string
  readonly decodeText: (text: string) => Result.Result<ClientMessage, WireError>
  readonly encode: (message: ServerMessage) => string
}
