/**
 * Answers made of the recordings, for measuring when a turn ends: single words, digits said one after the other, and
 * longer ones with hesitations. Words of one answer are of one speaker, cut around the speech and joined with pauses of
 * faint recorded noise. Everything is seeded. Half of the speakers is for choosing figures, half for measuring.
 */
import { Result, Schema } from "effect"
import type { Expectation } from "#machines/interview.ts"
import type { Plan } from "#machines/plan.ts"
import { Questionnaire } from "#schemas/fhir.ts"
import { joined } from "#src/audio/pcm.ts"
import { compile } from "#src/questionnaire/compile.ts"
import { seeded } from "../scripts/demo/patient.ts"
import { activityOf, clips, mixed, noises, samplesOfMs, silence, type Clip } from "./recordings.ts"

/** Every other speaker, in the order of their numbers. */
export const halves = {
  chosen: ["00000003", "00000010", "00000026"],
  measured: ["00000004", "00000014", "00000028"]
} as const
export type Half = keyof typeof halves

/** What is asked. Numbers are said by their digits. */
export type Asked =
  | { readonly kind: "item"; readonly plan: Plan; readonly expectation: Expectation }
  | { readonly kind: "number"; readonly min?: number; readonly max?: number }

export interface TurnAnswer {
  readonly group: string
  readonly asked: Asked
  readonly samples: Int16Array
  /** Milliseconds from its first sample, by the energy of the recordings. */
  readonly lastWordStartMs: number
  readonly endMs: number
}

export const digitWords = ["صفر", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة"]
const yesNo = new Set(["نعم", "لا", "موافق"])

const planOf = (item: Record<string, unknown>): Plan => {
  const questionnaire = Schema.decodeUnknownSync(Questionnaire)({
    resourceType: "Questionnaire",
    id: "turns",
    url: "urn:sawt:bench:turns",
    version: "1",
    title: "turns",
    status: "draft",
    language: "ar",
    item: [{ linkId: "q", text: "سؤال", ...item }]
  })
  return Result.getOrThrow(compile(questionnaire)).plan
}
const choiceOf = (words: ReadonlyArray<string>): Plan =>
  planOf({ type: "choice", answerOption: words.map((display) => ({ valueCoding: { code: display, display } })) })

const aboutAnswer = { about: "answer", linkId: "q" } as const
const scale: Asked = { kind: "item", plan: choiceOf(digitWords), expectation: aboutAnswer }
const agreement: Asked = { kind: "item", plan: planOf({ type: "boolean" }), expectation: aboutAnswer }
const commands: Asked = {
  kind: "item",
  plan: choiceOf([...new Set(clips.map(({ text }) => text))].filter((text) => !yesNo.has(text))),
  expectation: aboutAnswer
}
const readBack: Asked = {
  kind: "item",
  plan: choiceOf(digitWords),
  expectation: { about: "confirmation", linkId: "q" }
}

const beforeMs = 600
const afterMs = 2_500
const marginMs = 60
const background = mixed(silence(10_000), noises[0]?.samples ?? silence(10), 8, 0)
const quiet = (durationMs: number, seed: number): Int16Array => {
  const from = (seed * 7_919) % samplesOfMs(5_000)
  return background.subarray(from, from + samplesOfMs(durationMs))
}

const speakerOf = (clip: Clip): string => /-(\d{8})/.exec(clip.file)?.[1] ?? ""

/** `pausesMs[i]` lies between the words i and i + 1, from speech to speech. */
const answer = (
  group: string,
  asked: Asked,
  words: ReadonlyArray<Clip>,
  pausesMs: ReadonlyArray<number>,
  seed: number
): TurnAnswer => {
  // A part of a frame, so that the frames of the detector fall anywhere.
  const parts: Array<Int16Array> = [quiet(beforeMs + (seed % 32), seed)]
  let length = parts[0]?.length ?? 0
  let [lastWordStart, end] = [0, 0]
  words.forEach(({ samples }, i) => {
    const active = activityOf(samples)
    const from = Math.max(0, active.start - samplesOfMs(marginMs))
    const word = samples.subarray(from, Math.min(samples.length, active.end + samplesOfMs(marginMs)))
    lastWordStart = length + active.start - from
    end = length + active.end - from
    const pauseMs = pausesMs[i]
    // The margins are a part of the pause.
    const pause = pauseMs === undefined ? quiet(afterMs, seed + i) : quiet(pauseMs - 2 * marginMs, seed + i)
    parts.push(word, pause)
    length += word.length + pause.length
  })
  return { group, asked, samples: joined(...parts), lastWordStartMs: lastWordStart / 16, endMs: end / 16 }
}

/** Nothing tells when such a number is whole. */
export const unboundedGroup = "number without bound"

export interface MaterialSize {
  /** Answers of each group that is composed. */
  readonly composed: number
  /** Times that each single word is used, each time at another place in the frames. */
  readonly shifts: number
}

export const materialOf = (half: Half, { composed, shifts }: MaterialSize): ReadonlyArray<TurnAnswer> => {
  const speakers: ReadonlyArray<string> = halves[half]
  const own = clips.filter((clip) => speakers.includes(speakerOf(clip)))
  const random = seeded(half === "chosen" ? 11 : 12)
  const between = (least: number, most: number) => least + random(most - least + 1)
  const digitsOf = speakers
    .map((speaker) => own.filter((clip) => speakerOf(clip) === speaker && digitWords.includes(clip.text)))
    .filter(({ length }) => length > 0)
  const draw = <A>(from: ReadonlyArray<A>): A => {
    const drawn = from[random(from.length)]
    if (drawn === undefined) throw new Error("there is no recording to draw from")
    return drawn
  }
  const sequence = (length: number) => {
    const digits = draw(digitsOf)
    return Array.from({ length }, () => draw(digits))
  }
  const pauses = (count: number, least: number, most: number) =>
    Array.from({ length: count }, () => between(least, most))
  let seed = half === "chosen" ? 0 : 5_000
  const many = (count: number, make: (seed: number) => TurnAnswer) => Array.from({ length: count }, () => make(++seed))

  const singles = own.flatMap((clip) => {
    const [group, asked] = yesNo.has(clip.text)
      ? (["yes, no", agreement] as const)
      : digitWords.includes(clip.text)
        ? (["number of a scale", scale] as const)
        : (["word of a choice", commands] as const)
    return many(shifts, (n) => answer(group, asked, [clip], [], n * 11))
  })
  /** No leading zero: so many digits are a number between two bounds. */
  const digits = (length: number): ReadonlyArray<Clip> => {
    const drawn = sequence(length)
    return drawn[0]?.text === digitWords[0] ? digits(length) : drawn
  }
  const numberOf = (words: ReadonlyArray<Clip>) => Number(words.map(({ text }) => digitWords.indexOf(text)).join(""))
  const ofLength = (length: number): Asked => ({ kind: "number", min: 10 ** (length - 1), max: 10 ** length - 1 })
  /** As often long as numbers between these are. */
  const within = (min: number, max: number): ReadonlyArray<Clip> => {
    const drawn = digits(String(between(min, max)).length)
    return numberOf(drawn) >= min && numberOf(drawn) <= max ? drawn : within(min, max)
  }
  const spaced = (group: string, asked: Asked, words: ReadonlyArray<Clip>, n: number) =>
    answer(group, asked, words, pauses(words.length - 1, 150, 450), n)

  const knownLength = many(composed, (n) => {
    const length = between(2, 8)
    return spaced("digits, known number", ofLength(length), digits(length), n)
  })
  const bounded = many(composed, (n) =>
    spaced("number from 30 to 300", { kind: "number", min: 30, max: 300 }, within(30, 300), n)
  )
  const unbounded = many(composed, (n) => spaced(unboundedGroup, { kind: "number" }, digits(between(2, 8)), n))
  const hesitating = many(composed, (n) => {
    const words = digits(between(3, 6))
    const usual = pauses(words.length - 1, 150, 450)
    const stop = random(usual.length)
    const pausesMs = usual.map((pauseMs, i) => (i === stop ? between(450, 620) : pauseMs))
    return answer("digits, one hesitation", ofLength(words.length), words, pausesMs, n)
  })
  const noes = own.filter(({ text }) => text === "لا")
  const corrections = many(composed, (n) => {
    const no = draw(noes)
    const digits = own.filter((clip) => speakerOf(clip) === speakerOf(no) && digitWords.includes(clip.text))
    return answer("no … I meant two", readBack, [no, draw(digits)], pauses(1, 200, 600), n)
  })
  return [...singles, ...knownLength, ...bounded, ...hesitating, ...corrections, ...unbounded]
}
