/**
 * The three servers that speak with XTTS, as their sources have it. Two stream a WAV file whose header says that it is
 * empty, 24 kHz; the third answers with a whole one. None takes a speaking rate with a text.
 */
import { Schema } from "effect"
import type { XttsDialect } from "#schemas/config-variables.ts"
import type { Language } from "./arabic-text.ts"
import { type Ask, XttsFault } from "./xtts-http.ts"

export interface Dialect {
  /** Whether it answers and knows the speaker. Rejects with `XttsFault`. */
  readonly look: (ask: Ask) => Promise<void>
  /** A WAV file. Rejects with `XttsFault`. */
  readonly say: (ask: Ask, text: string, language: Language) => Promise<Uint8Array>
  /** What was learnt from the server may be gone. */
  readonly forget: () => void
}

const lookMsMax = 3_000
/** To the first audio of a stream, and between its parts. */
const streamSilenceMsMax = 4_000
/** For what comes whole at the end. */
const wholeSilenceMsMax = 9_000

const json = "application/json"

const unknownSpeaker = (speaker: string) =>
  new XttsFault("missing", `The XTTS server has no speaker ${speaker}; set XTTS_SPEAKER to one that it has.`)

const read = <A>(schema: Schema.Codec<A, string>, bytes: Buffer): A => {
  const decoded = Schema.decodeUnknownOption(schema)(bytes.toString("utf8"))
  if (decoded._tag === "None") {
    throw new XttsFault(
      "corrupt",
      "The server at XTTS_URL does not answer as XTTS_DIALECT names it; see that they agree."
    )
  }
  return decoded.value
}

const Names = Schema.fromJsonString(Schema.Array(Schema.String))

/** daswer123/xtts-api-server: speakers are WAV files in a folder of the server. */
const xttsApiServer = (speaker: string): Dialect => ({
  look: async (ask) => {
    const names = read(Names, await ask({ path: "/speakers_list", silenceMsMax: lookMsMax }))
    // A path is taken as it is, and is in no list.
    if (!speaker.endsWith(".wav") && !names.includes(speaker)) throw unknownSpeaker(speaker)
  },
  say: (ask, text, language) => {
    const query = new URLSearchParams({ text, speaker_wav: speaker, language })
    return ask({ path: `/tts_stream?${query}`, silenceMsMax: streamSilenceMsMax })
  },
  forget: () => {}
})

const Latents = Schema.fromJsonString(
  Schema.Struct({
    speaker_embedding: Schema.Array(Schema.Finite),
    gpt_cond_latent: Schema.Array(Schema.Array(Schema.Finite))
  })
)

/** One speaker's object out of some megabytes of all speakers', which would hold the loop if they were parsed. */
const latentsFrom = async (ask: Ask, speaker: string): Promise<typeof Latents.Type> => {
  const bytes = await ask({ path: "/studio_speakers", silenceMsMax: lookMsMax })
  const key = `${JSON.stringify(speaker)}:`
  const at = bytes.indexOf(key)
  if (at === -1) throw unknownSpeaker(speaker)
  const start = at + Buffer.byteLength(key)
  // It holds numbers only.
  const end = bytes.indexOf("}", start)
  return read(Latents, bytes.subarray(start, end === -1 ? start : end + 1))
}

/** coqui-ai/xtts-streaming-server: the client sends the speaker's latents with every text. */
const xttsStreamingServer = (speaker: string): Dialect => {
  let latents: Promise<typeof Latents.Type> | undefined
  const known = (ask: Ask): Promise<typeof Latents.Type> => {
    latents ??= latentsFrom(ask, speaker).catch((error: unknown) => {
      latents = undefined
      throw error
    })
    return latents
  }
  return {
    look: async (ask) => {
      read(Names, await ask({ path: "/languages", silenceMsMax: lookMsMax }))
      await known(ask)
    },
    say: async (ask, text, language) =>
      ask({
        path: "/tts_stream",
        contentType: json,
        body: JSON.stringify({ ...(await known(ask)), text, language, add_wav_header: true, stream_chunk_size: "20" }),
        silenceMsMax: streamSilenceMsMax
      }),
    forget: () => {
      latents = undefined
    }
  }
}

/** Coqui's own `tts-server`: one text at a time, answered whole. */
const ttsServer = (speaker: string): Dialect => ({
  look: async (ask) => {
    const voices = (await ask({ path: "/voices", silenceMsMax: lookMsMax })).toString("utf8")
    // `NAME LOCALE GENDER`; a name may hold spaces.
    const names = voices.split("\n").map((line) => line.trim().split(" ").slice(0, -2).join(" "))
    if (!names.includes(speaker)) throw unknownSpeaker(speaker)
  },
  say: (ask, text, language) =>
    ask({
      path: "/api/tts",
      body: new URLSearchParams({ text, speaker_id: speaker, language_id: language }),
      silenceMsMax: wholeSilenceMsMax
    }),
  forget: () => {}
})

const dialects: Readonly<Record<XttsDialect, (speaker: string) => Dialect>> = {
  "xtts-api-server": xttsApiServer,
  "xtts-streaming-server": xttsStreamingServer,
  "tts-server": ttsServer
}

export const dialectOf = (name: XttsDialect, speaker: string): Dialect => dialects[name](speaker)
