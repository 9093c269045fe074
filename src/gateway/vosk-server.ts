/**
 * The protocol of alphacep's vosk-server, read leniently where its clients differ (spaces, numbers as text) and strictly
 * where a misreading would give wrong transcripts: a message that is not understood ends the connection, since its client
 * waits for one answer to each. Its own answers are ready-made (`Connection.sendText`); of ours it is told only errors.
 */
import { Result, Schema } from "effect"
import type { WireError } from "#schemas/errors.ts"
import { VoskConfig, type VoskMessage, voskServerProtocol } from "#schemas/vosk-server.ts"
import type { Adapter } from "#src/gateway/adapter.ts"
import { explain, invalid, isObject, nameOf } from "#src/gateway/explain.ts"

const decodeConfig = Schema.decodeUnknownResult(VoskConfig, { errors: "all" })
const fields: ReadonlySet<string> = new Set(Object.keys(VoskConfig.fields))
const expected = 'Expected {"config": {…}}, {"eof": 1}, {"reset": 1}, or binary frames of 16-bit samples.'

const decodeText = (text: string): Result.Result<VoskMessage, WireError> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return Result.fail(invalid(`The text is not JSON. ${expected}`))
  }
  if (!isObject(value)) return Result.fail(invalid(expected))
  const { config, eof, reset } = value
  if (isObject(config)) {
    return Result.mapBoth(decodeConfig(config), {
      onFailure: (error) => invalid(explain("config", error)),
      onSuccess: (decoded) => ({
        type: "config" as const,
        config: decoded,
        ignored: Object.keys(config)
          .filter((key) => !fields.has(key))
          .map(nameOf)
      })
    })
  }
  if (eof) return Result.succeed({ type: "eof" })
  if (reset) return Result.succeed({ type: "reset" })
  return Result.fail(invalid(expected))
}

export const voskServer: Adapter<VoskMessage> = {
  subprotocol: voskServerProtocol,
  decodeText,
  encode: (message) =>
    message.type === "error"
      ? JSON.stringify({ error: { code: message.code, message: message.message, retryable: message.retryable } })
      : undefined
}

/**
 * Which protocol a client speaks that has named none, by its first message: sound, or an object that has what
 * vosk-server's clients send and no `type`, is vosk-server's; anything else is ours, and is told so if it is not.
 */
export const isVoskServers = (payload: Buffer, isBinary: boolean): boolean => {
  if (isBinary) return true
  try {
    const value: unknown = JSON.parse(payload.toString("utf8"))
    return isObject(value) && !("type" in value) && ("config" in value || "eof" in value || "reset" in value)
  } catch {
    return false
  }
}
