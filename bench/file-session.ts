/** One recording through the whole service: a session in `file` mode over a real socket, as fast as it is taken. */
import type { ServerMessageOf } from "#schemas/wire.ts"
import { Client, type ClientOptions } from "../scripts/client.ts"
import { sampleRateHz, samplesOfMs } from "./recordings.ts"

type Final = ServerMessageOf<"transcript.final">

export interface FileSession extends Pick<ClientOptions, "server" | "path" | "token"> {
  /** After each part the utterance in progress, if any, is ended (`audio.commit`). */
  readonly parts: ReadonlyArray<Int16Array>
  /** The answer is complete with the first final that ends after this position. */
  readonly untilMs: number
}

const frameSamples = samplesOfMs(100)

/** The finals in their order. */
export const recognizeFile = async ({ parts, untilMs, ...where }: FileSession): Promise<ReadonlyArray<Final>> => {
  let fail: (error: Error) => void = () => {}
  const failure = new Promise<never>((_, reject) => (fail = reject))
  failure.catch(() => {})
  const client = await Client.open({
    ...where,
    onMessage: (message) => {
      if (message.type === "error") fail(new Error(`the server refused: ${message.code}: ${message.message}`))
    }
  })
  client.send({
    type: "session.start",
    mode: "file",
    partials: false,
    audio: { encoding: "pcm_s16le", sample_rate: sampleRateHz }
  })
  await Promise.race([client.next("session.ready"), failure])
  const send = async () => {
    for (const part of parts) {
      for (let at = 0; at < part.length; at += frameSamples) {
        const frame = part.subarray(at, at + frameSamples)
        await client.sendAudio(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength))
      }
      client.send({ type: "audio.commit" })
    }
  }
  const receive = async () => {
    const finals: Array<Final> = []
    for (;;) {
      const final = await client.next("transcript.final")
      finals.push(final)
      if (final.end_ms > untilMs) return finals
    }
  }
  const [, finals] = await Promise.race([Promise.all([send(), receive()]), failure])
  await client.end()
  return finals
}
