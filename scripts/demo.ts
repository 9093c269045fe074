/**
 * `npm run demo`: a whole spoken questionnaire without a microphone. A server is started (or joined), recordings of real
 * people play the patient, and the FHIR response and one WAV with both voices are left in `demo/`.
 */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { writeWav } from "#src/audio/wav.ts"
import { mintToken } from "./client.ts"
import { converse, sampleRateHz, type Line } from "./demo/conversation.ts"
import { Patient } from "./demo/patient.ts"
import { loadRecordings } from "./demo/recordings.ts"
import { startServer } from "./server-process.ts"

const help = `Usage: npm run demo -- [options]

Plays a patient who answers a questionnaire by voice, makes mistakes, and corrects them.

  --seed N             which answers and mistakes (default 1)
  --questionnaire ID   default phq-9
  --server URL         join a running server instead of starting one; needs VOICE_SERVICE_SECRET
  --real-time          at the speed of speech, instead of as fast as the models go
  --output FOLDER      default demo
  --help

Exit code 0: completed, and the answers that stand are those that were meant. 1: they are not. 2: wrong usage.`

const usage = (problem: string): never => {
  console.error(`${problem}\n\n${help}`)
  process.exit(2)
}

const options = (() => {
  try {
    return parseArgs({
      options: {
        seed: { type: "string", default: "1" },
        questionnaire: { type: "string", default: "phq-9" },
        server: { type: "string" },
        "real-time": { type: "boolean", default: false },
        output: { type: "string", default: "demo" },
        help: { type: "boolean", default: false }
      }
    }).values
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error))
  }
})()

if (options.help) {
  console.log(help)
  process.exit(0)
}
const seed = /^\d{1,9}$/.test(options.seed) ? Number(options.seed) : usage("--seed takes a whole number")
const joinedSecret = process.env["VOICE_SERVICE_SECRET"]
if (options.server !== undefined && joinedSecret === undefined)
  usage("--server needs VOICE_SERVICE_SECRET to mint a token")

const startedAtMs = performance.now()
const tell = (line: Line): void => {
  const at = `${((performance.now() - startedAtMs) / 1_000).toFixed(2).padStart(7)} s `
  switch (line.who) {
    case "system":
      return console.log(`${at} 🔊 ${line.text}`)
    case "patient":
      return console.log(`${at} 🗣  ${line.text}   (${line.why})`)
    case "heard": {
      const confidence = line.confidence === null ? "" : `, confidence ${line.confidence.toFixed(2)}`
      return console.log(
        `${at} 📝 ${line.text === "" ? "(nothing understood)" : line.text}   (${line.afterMs.toFixed(0)} ms after the word${confidence})`
      )
    }
    case "recorded":
      return console.log(`${at} ✅ ${line.text}${line.revised ? "   (corrected)" : ""}`)
    case "state":
      return console.log(`${at} ·  ${line.text}`)
  }
}

const server =
  options.server === undefined
    ? await startServer()
    : { url: options.server, secret: joinedSecret ?? "", readyMs: 0, stop: () => Promise.resolve() }
try {
  console.log(
    options.server === undefined ? `Server ready after ${server.readyMs.toFixed(0)} ms` : `Joined ${server.url}`
  )
  const token = await mintToken(server.url, server.secret, "voice healthcare clinician", `demo-patient-${seed}`)
  /** The items of PHQ-9 and its difficulty item; a patient only needs to know roughly how long it takes. */
  const patient = new Patient(seed, 10, 8_000)
  const { completed, systemVoice, patientVoice, utterances } = await converse({
    server: server.url,
    token,
    questionnaire: options.questionnaire,
    realTime: options["real-time"],
    patient,
    recordings: loadRecordings(),
    tell
  })
  await mkdir(options.output, { recursive: true })
  await writeFile(join(options.output, "response.json"), `${JSON.stringify(completed.response, undefined, 2)}\n`)
  await writeFile(join(options.output, "conversation.wav"), writeWav([systemVoice, patientVoice], sampleRateHz))

  const minutes = systemVoice.length / sampleRateHz / 60
  console.log(
    `\n${completed.status}: ${completed.summary.length} answers, ${utterances} utterances, ${minutes.toFixed(1)} minutes of conversation`
  )
  for (const { text, display } of completed.summary) console.log(`  ${display}   ←   ${text}`)
  for (const { id, text = id, value, band, band_text = band } of completed.scores ?? [])
    console.log(`${text}: ${value}${band_text === undefined ? "" : ` (${band_text})`}`)
  console.log(`Mistakes made: ${patient.mistakes.join(", ")}`)
  console.log(
    `Written: ${join(options.output, "response.json")}, ${join(options.output, "conversation.wav")} (left: engine, right: patient)`
  )
  const understood = patient.understood()
  console.log(
    understood ? "The answers that stand are those that were meant." : "Some answers are not those that were meant."
  )
  process.exitCode = understood ? 0 : 1
} finally {
  await server.stop()
}
