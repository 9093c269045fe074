/** Clients of vosk-server's protocol as its own samples are: a message of 0.2 s, its answer, the next one. */
import { bytesOf } from "#src/audio/pcm.ts"
import { textOf, VoskClient } from "../scripts/vosk-client.ts"
import { sampleRateHz } from "./recordings.ts"
import type { Recording } from "./scenes.ts"

const pieceMs = 200
const pieceBytes = (sampleRateHz * pieceMs * 2) / 1_000
/** The C++ server compares up to the end of a C string, which the frame has not; everybody else reads JSON. */
const eofOf = (isPeer: boolean): string => (isPeer ? '{"eof" : 1}\0' : '{"eof" : 1}')

export interface Target {
  readonly url: string
  readonly token?: string
  readonly isPeer: boolean
}

export interface Heard {
  readonly text: string
  /** From the last audio sent to the last final. */
  readonly finalMs: number
}

const until = (atMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())))

/** In real time pieces are sent when their last sample would have been said, answered or not. */
export const recognize = async (
  { url, token, isPeer }: Target,
  { samples }: Recording,
  isRealTime: boolean,
  startAtMs: number,
  onHalf: () => void
): Promise<Heard> => {
  const client = await VoskClient.open(url, token)
  const bytes = bytesOf(samples)
  const replies: Array<string> = []
  const pieces = Math.ceil(bytes.length / pieceBytes)
  for (let i = 0; i < pieces; i++) {
    const piece = bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes)
    if (i === pieces >> 1) onHalf()
    if (isRealTime) {
      await until(startAtMs + (i + 1) * pieceMs)
      void client.send(piece)
    } else replies.push(await client.ask(piece))
  }
  const sentAtMs = performance.now()
  void client.send(eofOf(isPeer))
  if (isRealTime) for (let i = 0; i < pieces; i++) replies.push(await client.next())
  replies.push(await client.next())
  const finalMs = performance.now() - sentAtMs
  // It closes with the next message after the end, and does not survive a client that is gone by then.
  if (isPeer) void client.send("bye")
  await client.ended()
  return { text: textOf(replies), finalMs }
}
