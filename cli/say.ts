/** `sawt say`: text to a WAV file. */
import { writeFile } from "node:fs/promises"
import { text as readAll } from "node:stream/consumers"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { joined, samplesOf } from "#src/audio/pcm.ts"
import { writeWav } from "#src/audio/wav.ts"
import { connect, type Session } from "../client/sawt-client.ts"
import { attempt, failed, misused } from "./fault.ts"
import { printJson, tell } from "./output.ts"
import { jsonFlag, serviceFor, urlFlag } from "./service.ts"

interface Spoken {
  readonly samples: Int16Array
  readonly sampleRateHz: number
  readonly degraded: boolean
}

const speech = async (session: Session, text: string, voice: string | undefined): Promise<Spoken> => {
  const parts: Array<Int16Array> = []
  session.on("audio", ({ bytes }) => parts.push(samplesOf(bytes)))
  const ended = session.next("audio.end")
  // The answer to the request is awaited first.
  ended.catch(() => {})
  const begun = await session.request({ type: "speech.say", text, ...(voice === undefined ? {} : { voice }) })
  const { reason } = await ended
  if (reason !== "completed") throw failed(`The speech ended early: ${reason}.`)
  return {
    samples: joined(...parts),
    sampleRateHz: session.ready.speech.sample_rate,
    degraded: begun.type === "audio.begin" && begun.degraded
  }
}

export const say = Command.make(
  "say",
  {
    url: urlFlag,
    json: jsonFlag,
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.withDescription("The WAV file to write, or - for stdout")
    ),
    voice: Flag.String("voice").pipe(Flag.withDescription("One of the service's voices"), Flag.optional),
    language: Flag.Literals("language", ["ar", "en"]).pipe(Flag.withDescription("Of the text"), Flag.withDefault("ar")),
    text: Argument.String("text").pipe(Argument.withDescription("What to say, or - for stdin"))
  },
  Effect.fnUntraced(function* ({ url, json, output, voice, language, text }) {
    if (json && output === "-") return yield* misused("--json and the sound both want stdout: name a file by --output.")
    const words = text === "-" ? yield* attempt(() => readAll(process.stdin)) : text
    const service = yield* serviceFor(url)
    const token = yield* service.token("voice")
    const spoken = yield* attempt(async (signal) => {
      const session = await connect({
        server: service.url,
        mode: "file",
        language,
        ...(token === undefined ? {} : { token })
      })
      signal.addEventListener("abort", () => session.leave())
      try {
        return await speech(session, words, Option.getOrUndefined(voice))
      } finally {
        session.leave()
      }
    })
    const wav = writeWav([spoken.samples], spoken.sampleRateHz)
    if (output === "-") process.stdout.write(wav)
    else yield* attempt(() => writeFile(output, wav))
    if (spoken.degraded) tell("Another voice stood in: the configured one is not there.")
    const durationMs = Math.round((spoken.samples.length * 1_000) / spoken.sampleRateHz)
    if (json) printJson({ file: output, duration_ms: durationMs, degraded: spoken.degraded })
  }, Effect.scoped)
).pipe(Command.withDescription("Text to a WAV file"))
