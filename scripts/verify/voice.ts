/** The models at work, through the secure sockets: a recorded word is heard, a sentence is spoken, an interview begins. */
import { samplesOf } from "#src/audio/pcm.ts"
import { probeWord, readProbeClip } from "#src/host/probe-clip.ts"
import { rounded } from "../../bench/options.ts"
import { warn } from "../doctor/finding.ts"
import { check, type Check } from "./check.ts"

/** A tenth of a second of 16 kHz. */
const frameBytes = 3_200
const silence = new Uint8Array(32_000)

/** Of full scale. */
const loudest = (frames: ReadonlyArray<Buffer>): number =>
  frames.reduce((peak, frame) => samplesOf(frame).reduce((max, sample) => Math.max(max, Math.abs(sample)), peak), 0) /
  32_768

export const voiceChecks: ReadonlyArray<Check> = [
  check("hears", "npm run models:verify on the machine lets each model do what it is for", (at, must) =>
    at.session("voice", {}, async (client) => {
      const clip = readProbeClip()
      for (const sound of [silence.subarray(0, 6_400), clip, silence]) {
        for (let from = 0; from < sound.length; from += frameBytes) {
          await client.sendAudio(sound.subarray(from, from + frameBytes))
        }
      }
      const sentAt = performance.now()
      await client.next("speech.started")
      const { text, degraded, model } = await client.next("transcript.final")
      const tookMs = Math.round(performance.now() - sentAt)
      // A model with a large vocabulary may write it otherwise; that it is no silence is what counts there.
      must(text !== "", "a recorded yes is not heard")
      must(!degraded, `${model} stands in for the configured model`)
      return text === probeWord
        ? `${model} heard ${text}, ${tookMs} ms after the sound was sent`
        : warn("hears", `${model} heard ${text} instead of ${probeWord}`, "listen with a microphone at /talk")
    })
  ),
  check(
    "speaks",
    "npm run models:verify; for the voice eSpeak NG: npm ci without --omit=optional",
    async (at, must) => {
      const frames: Array<Buffer> = []
      const speak = at.session(
        "voice",
        {},
        async (client) => {
          client.send({ type: "speech.say", text: "أَهْلًا وَسَهْلًا" })
          const askedAt = performance.now()
          const begun = await client.next("audio.begin")
          const tookMs = Math.round(performance.now() - askedAt)
          const ended = await client.next("audio.end")
          must(!begun.degraded, "a lesser voice stands in for the configured one")
          must(ended.reason === "completed", `what was to be said ${ended.reason}`)
          return `${rounded(ended.duration_ms / 1_000, 1)} s of speech, begun after ${tookMs} ms`
        },
        (frame) => frames.push(frame)
      )
      const found = await speak
      must(loudest(frames) > 0.05, "what is spoken is silent")
      return found
    }
  ),
  check("interview", "the log says why; without storage no interview is held", (at, must) =>
    at.session("healthcare voice", { questionnaire: "phq-9" }, async (client, ready) => {
      must(ready.type === "session.ready" && ready.questionnaire?.id === "phq-9", "it is not about the PHQ-9")
      const { version } = await client.next("consent.requested")
      // Declined, nothing of it is kept.
      client.send({ type: "consent.decline", version })
      return "PHQ-9 asks for consent first"
    })
  )
]
