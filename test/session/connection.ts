/** The client's side of a session's connection, as a record of what was sent to it. */
import type { ServerMessage } from "#schemas/wire.ts"
import type { Connection } from "#src/session/contract.ts"

export interface RecordedConnection extends Connection {
  readonly sent: Array<ServerMessage>
  readonly frames: Array<Uint8Array>
  readonly closes: Array<{ readonly code: number; readonly reason: string }>
  /** What the client has not read. */
  buffered: number
}

export const recordedConnection = (): RecordedConnection => {
  const connection: RecordedConnection = {
    sent: [],
    frames: [],
    closes: [],
    buffered: 0,
    send: (message) => void connection.sent.push(message),
    sendAudio: (frame) => {
      connection.frames.push(frame)
      return connection.buffered
    },
    bufferedBytes: () => connection.buffered,
    pauseReading: () => {},
    resumeReading: () => {},
    close: (code, reason) => void connection.closes.push({ code, reason })
  }
  return connection
}
