/**
 * The three XTTS servers as far as their HTTP goes, written after their sources: paths, parameters, refusals and the bytes
 * of their streams. What a model would say is a tone.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { XttsDialect } from "#schemas/config-variables.ts"

export const speaker = "Claribel Dervla"
export const sampleRateHz = 24_000
/** Python's `wave` after `writeframes(b"")`: both sizes are those of an empty file. */
const emptyWavHeader = Buffer.from(
  "524946462400000057415645666d74201000000001000100c05d000080bb0000020010006461746100000000",
  "hex"
)

/** A second of sound, in the parts that a stream of 20 tokens would have. */
const chunkSamples = 6_000
export const chunks = Array.from({ length: 4 }, (_, chunk) => {
  const pcm = Int16Array.from({ length: chunkSamples }, (_, at) =>
    Math.round(8_000 * Math.sin(((chunk * chunkSamples + at) * 2 * Math.PI * 220) / sampleRateHz))
  )
  return Buffer.from(pcm.buffer)
})
export const spokenSamples = chunks.length * chunkSamples

/** `scipy.io.wavfile.write`: the sizes are true. */
const wholeWav = (): Buffer => {
  const pcm = Buffer.concat(chunks)
  const header = Buffer.from(emptyWavHeader)
  header.writeUInt32LE(36 + pcm.length, 4)
  header.writeUInt32LE(pcm.length, 40)
  return Buffer.concat([header, pcm])
}

const latents = (seed: number) => ({
  speaker_embedding: Array.from({ length: 512 }, (_, at) => seed / (at + 1)),
  gpt_cond_latent: Array.from({ length: 32 }, () => Array.from({ length: 1_024 }, (_, at) => seed / (at + 2)))
})
const speakers = Object.fromEntries(
  ["Daisy Studious", speaker, "Gracie Wise"].map((name, at) => [name, latents(at + 1)])
)

export type Mood = "well" | "breaks-off" | "silent" | "down"

export interface XttsServer {
  readonly url: string
  readonly asked: Array<string>
  mood: Mood
  /** Streams whose client went away before their end. */
  readonly left: () => number
  readonly close: () => Promise<void>
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Array<Buffer> = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString("utf8")
}

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value))
}

export const startXttsServer = async (dialect: XttsDialect): Promise<XttsServer> => {
  let left = 0
  const asked: Array<string> = []
  /** As Starlette sends a generator: chunked, and cut off where it raises. */
  const stream = (response: ServerResponse, type: string, mood: Mood): void => {
    response.writeHead(200, { "content-type": type })
    response.on("close", () => {
      if (!response.writableFinished) left++
    })
    if (mood === "silent") return response.flushHeaders()
    response.write(emptyWavHeader)
    for (const [at, chunk] of chunks.entries()) {
      if (mood === "breaks-off" && at === 2) return void setImmediate(() => response.destroy())
      response.write(chunk)
    }
    response.end()
  }
  const answers: Readonly<
    Record<XttsDialect, (path: string, url: URL, body: string, response: ServerResponse) => void>
  > = {
    "xtts-api-server": (path, { searchParams }, _, response) => {
      if (path === "GET /speakers_list") return json(response, [speaker, "female"])
      const [text, name, language] = ["text", "speaker_wav", "language"].map((key) => searchParams.get(key))
      if (path !== "GET /tts_stream" || !text || !name) return json(response, { detail: "Not Found" }, 404)
      if (language !== "ar" && language !== "en") return json(response, { detail: "Language code" }, 400)
      stream(response, "audio/x-wav", server.mood)
    },
    "xtts-streaming-server": (path, _, body, response) => {
      if (path === "GET /languages") return json(response, ["en", "es", "ar"])
      if (path === "GET /studio_speakers") return json(response, speakers)
      if (path !== "POST /tts_stream") return json(response, { detail: "Not Found" }, 404)
      const input = JSON.parse(body) as ReturnType<typeof latents> & { text: string; stream_chunk_size: unknown }
      const own = speakers[speaker]
      const same =
        JSON.stringify(input.speaker_embedding) === JSON.stringify(own?.speaker_embedding) &&
        JSON.stringify(input.gpt_cond_latent) === JSON.stringify(own?.gpt_cond_latent)
      if (!same || input.text === "" || typeof input.stream_chunk_size !== "string") return json(response, {}, 422)
      stream(response, "audio/wav", server.mood)
    },
    "tts-server": (path, _, body, response) => {
      if (path === "GET /voices") return void response.end(`Daisy Studious multilingual u\n${speaker} multilingual u\n`)
      const form = new URLSearchParams(body)
      if (path !== "POST /api/tts" || form.get("speaker_id") !== speaker) return json(response, { error: "" }, 500)
      if (!form.get("text")?.trim()) return json(response, { error: "Text parameter is required" }, 400)
      if (server.mood === "silent") return
      const wav = wholeWav()
      response.writeHead(200, { "content-type": "audio/wav", "content-length": wav.length })
      if (server.mood !== "breaks-off") return void response.end(wav)
      response.write(wav.subarray(0, 20_000), () => response.destroy())
    }
  }
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://server")
    const path = `${request.method} ${url.pathname}`
    asked.push(path)
    if (server.mood === "down") return void request.socket.destroy()
    void bodyOf(request).then((body) => answers[dialect](path, url, body, response))
  })
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
  const server: XttsServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked,
    mood: "well",
    left: () => left,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      })
  }
  return server
}
