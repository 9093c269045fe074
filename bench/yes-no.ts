/**
 * `npm run bench:yes-no`: recorded yes and no, clean and in noise, where one of them is asked for; through the real detector,
 * recogniser and matcher, and what an interview then does with it. A yes that becomes a no is what must not happen.
 */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import { load } from "#src/questionnaire/load.ts"
import { understood } from "#src/session/heard.ts"
import { todayAt } from "#src/session/today.ts"
import { turnOf } from "#src/session/turn.ts"
import { joined } from "#src/audio/pcm.ts"
import { Listening } from "./listening.ts"
import { machine, progress, readOptions, type Row, rounded, table } from "./options.ts"
import { activityOf, clips, type Clip, mixed, noises, silence } from "./recordings.ts"

/** Of the six recordings, one yes, one no and one "I agree" each. */
const halves = {
  chosen: ["00000014", "00000026"],
  measured: ["00000004", "00000028"]
} as const

const { json, numbers, flags } = readOptions(
  "yes-no",
  `Each recording of yes, no and "I agree", clean and in recorded noise, softer and louder, at other places in the frames; where
a question, a read-back, "another one?", the consent and "shall we stop?" are answered. "Asked again":
read back, or not taken. A yes to a read-back that is taken for a no costs the question once more, and nothing else. Speakers for choosing: ${halves.chosen.join(", ")}; for measuring:
${halves.measured.join(", ")}.`,
  {
    numbers: { shifts: { default: 2, about: "times each recording is used in each condition" } },
    flags: { chosen: "the half on which the figures were chosen, instead of the other", words: "each that was wrong" }
  }
)

const half = flags.chosen ? "chosen" : "measured"
const meanings: Readonly<Record<string, "yes" | "no">> = { نعم: "yes", موافق: "yes", لا: "no" }
const answers = clips.filter(({ file, text }) => {
  return meanings[text] !== undefined && halves[half].some((speaker) => file.includes(speaker))
})

const intakeFile = new URL("../questionnaires/intake.ar.json", import.meta.url)
const { plan } = Effect.runSync(load("intake.ar.json", readFileSync(intakeFile, "utf8")))
const moments: Readonly<Record<string, Expectation>> = {
  "a question": { about: "answer", linkId: "has-allergies" },
  "a read-back": { about: "confirmation", linkId: "sex" },
  "another one?": { about: "another", linkId: "allergies" },
  consent: { about: "consent" },
  "shall we stop?": { about: "stop" }
}

interface Condition {
  readonly name: string
  /** Undefined: clean. */
  readonly noise?: Int16Array
  readonly snrDb?: number
  readonly gainDb: number
}
const conditions: ReadonlyArray<Condition> = [
  ...[0, -12, 6].map((gainDb) => ({ name: `clean, ${gainDb} dB`, gainDb })),
  ...noises.flatMap(({ name, samples }) =>
    [20, 10, 5].map((snrDb) => ({ name: `${name}, ${snrDb} dB`, noise: samples, snrDb, gainDb: 0 }))
  )
]

const beforeMs = 700
/** In noise, then without it, so that every utterance ends. */
const afterMs = 1_200
const heardAs = ({ samples }: Clip, { noise, snrDb = 0, gainDb }: Condition, shift: number): Int16Array => {
  const louder = samples.map((sample) => Math.max(-32_768, Math.min(32_767, sample * 10 ** (gainDb / 20))))
  const whole = joined(silence(beforeMs + shift * 11), louder, silence(afterMs))
  const noiseRms = activityOf(samples).rms / 10 ** (snrDb / 20)
  return joined(noise === undefined ? whole : mixed(whole, noise, noiseRms, shift * 7_919), silence(afterMs))
}

/** What an interview takes it for; "again": it asks once more, or reads it back. */
const takenFor = (event: InterviewEvent | undefined): "yes" | "no" | "again" | "other" => {
  switch (event?.type) {
    case "answer.given":
      return typeof event.answer.value !== "boolean"
        ? "other"
        : event.sure
          ? event.answer.value
            ? "yes"
            : "no"
          : "again"
    case "confirmation.given":
    case "consent.given":
      return "yes"
    case "confirmation.denied":
    case "consent.declined":
      return "no"
    case undefined:
    case "utterance.empty":
    case "answer.unmatched":
      return "again"
    default:
      return "other"
  }
}

const today = todayAt(Date.now())
const listening = await Listening.start()
try {
  const rows: Array<Row> = []
  const wrong: Array<Row> = []
  for (const [moment, expectation] of Object.entries(moments)) {
    progress(moment)
    const turn = turnOf(true, expectation, { alternatives: 0, partials: false, questionnaire: { plan } as never }, 0)
    const trials = answers.flatMap((clip) =>
      conditions.flatMap((condition) =>
        Array.from({ length: numbers.shifts }, (_, shift) => ({ clip, condition, shift }))
      )
    )
    const counts = { right: 0, again: 0, other: 0, wrongYes: 0, wrongNo: 0 }
    await listening.each(trials, async ({ clip, condition, shift }) => {
      const events = await listening.hear(heardAs(clip, condition, shift), turn)
      const final = events.find((event) => event.type === "transcript.final")
      const taken = takenFor(final && understood(plan, expectation, final.transcript, today))
      const isDecided = taken === "yes" || taken === "no"
      const isWrong = isDecided && taken !== meanings[clip.text]
      counts[!isDecided ? taken : !isWrong ? "right" : taken === "yes" ? "wrongYes" : "wrongNo"]++
      if (isWrong) {
        const { text = "", confidence = 0 } = final?.transcript ?? {}
        wrong.push({
          moment,
          said: clip.text,
          in: condition.name,
          heard: text,
          confidence: rounded(confidence ?? 0, 3)
        })
      }
    })
    const share = (count: number): number => rounded((100 * count) / trials.length, 1)
    rows.push({
      moment,
      answers: trials.length,
      "taken %": share(counts.right),
      "no taken for yes": counts.wrongYes,
      "yes taken for no": counts.wrongNo,
      "asked again %": share(counts.again),
      "something else": counts.other
    })
  }
  if (json) console.log(JSON.stringify({ machine: machine(), half, rows, wrong }, undefined, 2))
  else {
    console.log(`${machine()}; speakers ${halves[half].join(", ")}\n\n${table(rows)}`)
    if (flags.words && wrong.length > 0) console.log(`\n${table(wrong)}`)
  }
} finally {
  await listening.close()
}
