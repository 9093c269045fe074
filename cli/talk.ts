/**
 * `sawt talk`: a session in the terminal. The person speaks into the microphone (or a recording is played at its own
 * speed), types, or both; what is asked, heard and answered is printed.
 */
import { readFile } from "node:fs/promises"
import { createInterface } from "node:readline"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { bytesOf } from "#src/audio/pcm.ts"
import { Resampler } from "#src/audio/resample.ts"
import { readWav } from "#src/audio/wav.ts"
import { connect, type ServerMessage, type Session } from "../client/sawt-client.ts"
import { attempt, failed } from "./fault.ts"
import { print, printJson, tell } from "./output.ts"
import { jsonFlag, serviceFor, urlFlag } from "./service.ts"
import { Player, record } from "./sound.ts"

const rateHz = 16_000
const frameMs = 20
const frameSamples = (rateHz * frameMs) / 1_000
/** After a recording: enough for its last word to end. */
const trailingMs = 1_500

const lineOf = (message: ServerMessage): string | undefined => {
  switch (message.type) {
    case "audio.begin":
      return `🔊 ${message.text}`
    case "question.asked":
      return message.options.map(({ key, display }) => `   ${key ?? "-"}  ${display}`).join("\n") || undefined
    case "transcript.final":
      return message.text === "" ? "📝 (nothing understood)" : `📝 ${message.text}`
    case "answer.recorded":
      return `✅ ${message.display}`
    case "questionnaire.notice":
      return `❗ ${message.message}`
    case "questionnaire.completed":
      return [message.status, ...message.summary.map(({ text, display }) => `   ${display}   ←   ${text}`)].join("\n")
    case "error":
      return `error: ${message.message} (${message.code})`
    default:
      return undefined
  }
}

/** What the person hears, and sees. */
const show = (session: Session, json: boolean, player: Player | undefined): void => {
  session.on("message", (message) => {
    if (json) return printJson(message)
    const line = lineOf(message)
    if (line !== undefined) print(line)
  })
  if (player === undefined) return
  session.on("audio", ({ bytes }) => player.push(bytes))
  session.on("audio.end", ({ reason }) => (reason === "interrupted" ? player.stop() : player.finish()))
  session.on("ended", () => player.stop())
}

/** Lines that are typed, as answers or utterances; digits as the keypad. The end of them ends a session without sound. */
const readTyped = (session: Session, onEnd: () => void): (() => void) => {
  const reader = createInterface({ input: process.stdin })
  const isAsked = session.ready.questionnaire !== undefined
  reader.on("line", (line) => {
    const text = line.trim()
    if (text === "") return
    const isKeypad = isAsked && /^[0-9*#]{1,32}$/.test(text)
    const message = isKeypad ? ({ type: "dtmf", digits: text } as const) : ({ type: "text.input", text } as const)
    // What is refused is printed as the event "error".
    session.request(message).catch(() => {})
  })
  reader.on("close", onEnd)
  return () => reader.close()
}

/** At the speed of speech, as a microphone would; `sendAudio` drops what the connection cannot take. */
const playFile = async (session: Session, samples: Int16Array, signal: AbortSignal): Promise<void> => {
  const startedAtMs = performance.now()
  const all = new Int16Array(samples.length + (rateHz * trailingMs) / 1_000)
  all.set(samples)
  for (let at = 0; at < all.length && !signal.aborted; at += frameSamples) {
    session.sendAudio(bytesOf(all.subarray(at, at + frameSamples)))
    const dueMs = startedAtMs + ((at + frameSamples) * 1_000) / rateHz - performance.now()
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs))
  }
}

const readSamples = async (file: string): Promise<Int16Array> => {
  const { samples, sampleRateHz } = readWav(await readFile(file))
  return new Resampler(sampleRateHz, rateHz).push(samples)
}

const listen = async (session: Session, file: string | undefined, signal: AbortSignal): Promise<void> => {
  if (file !== undefined) {
    await playFile(session, await readSamples(file), signal)
    await session.end()
    return
  }
  const recording = record(rateHz)
  recording.sound.on("data", (bytes: Buffer) => session.sendAudio(bytes))
  try {
    await Promise.race([recording.failed, session.ended])
  } finally {
    recording.stop()
  }
}

export const talk = Command.make(
  "talk",
  {
    url: urlFlag,
    json: jsonFlag,
    questionnaire: Flag.String("questionnaire").pipe(
      Flag.withAlias("q"),
      Flag.withDescription("One of the service's, such as phq-9 (needs a token of scope healthcare)"),
      Flag.optional
    ),
    language: Flag.Literals("language", ["ar", "en"]).pipe(Flag.withDefault("ar")),
    file: Flag.String("file").pipe(
      Flag.withDescription("A WAV recording in place of the microphone, at its own speed"),
      Flag.optional
    ),
    typed: Flag.Boolean("typed").pipe(
      Flag.withDescription("No microphone: answers are typed"),
      Flag.withDefault(false)
    ),
    silent: Flag.Boolean("silent").pipe(Flag.withDescription("Play nothing"), Flag.withDefault(false))
  },
  Effect.fnUntraced(function* ({ url, json, questionnaire, language, file, typed, silent }) {
    const service = yield* serviceFor(url)
    const id = Option.getOrUndefined(questionnaire)
    const token = yield* service.token(id === undefined ? "voice" : "healthcare")
    const end = yield* attempt(async (signal) => {
      const session = await connect({
        server: service.url,
        language,
        audio: { encoding: "pcm_s16le", sample_rate: rateHz },
        ...(id === undefined ? {} : { questionnaire: id }),
        ...(token === undefined ? {} : { token })
      })
      signal.addEventListener("abort", () => session.leave())
      const player = silent ? undefined : Player.find(session.ready.speech.sample_rate)
      if (player === undefined && !silent) tell("No player is installed (aplay, paplay, sox, ffplay): speech is shown.")
      if (!typed && Option.isNone(file)) tell("Speak; with headphones, or the service hears itself. Ctrl-C ends it.")
      show(session, json, player)
      session.on("questionnaire.completed", () => void session.end())
      const stopReading = Option.isSome(file) ? () => {} : readTyped(session, () => typed && void session.end())
      try {
        if (!typed) await listen(session, Option.getOrUndefined(file), signal)
        return await session.ended
      } finally {
        stopReading()
        session.leave()
      }
    })
    if (end.error !== undefined) return yield* failed(`The session ended: ${end.error.message} (${end.error.code})`)
  }, Effect.scoped)
).pipe(
  Command.withDescription("Talk in the terminal: by microphone, recording or keyboard"),
  Command.withExamples([
    { command: "sawt talk", description: "What is said becomes text" },
    { command: "sawt talk --questionnaire phq-9 --typed", description: "A questionnaire by keyboard" },
    { command: "sawt talk --file word.wav", description: "A recording in place of the microphone" }
  ])
)
