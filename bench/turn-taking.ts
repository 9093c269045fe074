/**
 * `npm run bench:turns`: how long a person waits after the last word until the turn ends, and how often it ends before
 * that word, with the silences of src/session/turn-taking.ts and with a fixed one, over the real detector and recogniser.
 * Counted in audio, so that a busy machine gives the same figures.
 */
import type { Turn } from "#src/audio/listener-events.ts"
import { turnOf } from "#src/session/turn.ts"
import { sureMin } from "#src/questionnaire/understanding/scores.ts"
import { numberStanding, patience } from "#src/session/turn-taking.ts"
import type { HeardSoFar } from "#src/stt/stt.ts"
import { Listening } from "./listening.ts"
import { machine, median, percentile, progress, readOptions, type Row, rounded, table } from "./options.ts"
import {
  digitWords,
  halves,
  materialOf,
  unboundedGroup,
  type Asked,
  type Half,
  type TurnAnswer
} from "./turn-material.ts"

const { json, numbers, flags } = readOptions(
  "turns",
  `Answers made of the recordings, each heard twice: with the silences of the table, and with one silence for all. "Cut": the turn
ended before the last word began. "Waited": from the end of the last word (by energy) to the end of the turn, of those
that were not cut. Speakers for choosing: ${halves.chosen.join(", ")}; for measuring: ${halves.measured.join(", ")}.`,
  {
    numbers: {
      fixed: { default: 500, about: "the silence that is compared with, ms" },
      composed: { default: 60, about: "answers of each composed group" },
      shifts: { default: 4, about: "times each single word is used" }
    },
    flags: { chosen: "the half on which the figures were chosen, instead of the other" }
  }
)

/** Numbers said by their digits are no question that compiles yet, so they are judged here, by the row of numbers. */
const numberSilence =
  (bounds: { readonly min?: number; readonly max?: number }) =>
  ({ text, unknownWords, confidence }: HeardSoFar): number => {
    const row = patience.number
    if (text === "") return row.nothing
    if (unknownWords > 0 || (confidence ?? 1) < sureMin) return row.open
    const digits = text.split(" ").map((word) => digitWords.indexOf(word))
    return row[numberStanding(Number(digits.join("")), bounds)]
  }

const fixedMs = numbers.fixed

const turnFor = (asked: Asked): Turn => {
  const chosen = { alternatives: 0, partials: false }
  if (asked.kind === "item") {
    const { plan, expectation } = asked
    return turnOf(true, expectation, { ...chosen, questionnaire: { plan } as never }, Date.now())
  }
  return {
    ...chosen,
    decode: true,
    grammar: digitWords,
    endSilenceMs: patience.number.nothing,
    endSilenceAfter: numberSilence(asked)
  }
}
const fixed = (turn: Turn): Turn => ({ ...turn, endSilenceMs: fixedMs, endSilenceAfter: () => fixedMs })

/** How far had been listened when each turn's end was decided. */
const hear = async (samples: Int16Array, turn: Turn): Promise<ReadonlyArray<{ readonly atMs: number }>> =>
  (await listening.hear(samples, turn)).filter((event) => event.type === "utterance.ended")

interface Outcome {
  readonly cut: boolean
  readonly unheard: boolean
  readonly waitedMs: number
}

/** The first turn that ends in or after the last word is the one that is waited for; an earlier one cut the answer. */
const outcomeOf = ({ lastWordStartMs, endMs }: TurnAnswer, ends: ReadonlyArray<{ readonly atMs: number }>): Outcome => {
  const last = ends.find(({ atMs }) => atMs > lastWordStartMs)
  const cut = ends.some(({ atMs }) => atMs <= lastWordStartMs)
  return { cut, unheard: last === undefined, waitedMs: last === undefined ? NaN : last.atMs - endMs }
}

const rowOf = (group: string, outcomes: ReadonlyArray<{ readonly table: Outcome; readonly fixed: Outcome }>): Row => {
  const of = (how: "table" | "fixed") => {
    const all = outcomes.map((outcome) => outcome[how])
    const waits = all.filter(({ cut, unheard }) => !cut && !unheard).map(({ waitedMs }) => waitedMs)
    return {
      cut: rounded((100 * all.filter(({ cut }) => cut).length) / all.length, 1),
      unheard: all.filter(({ unheard }) => unheard).length,
      mean: waits.reduce((sum, ms) => sum + ms, 0) / waits.length,
      median: rounded(median(waits), 0),
      p95: rounded(percentile(waits, 0.95), 0)
    }
  }
  const [ours, theirs] = [of("table"), of("fixed")]
  return {
    answers: group,
    count: outcomes.length,
    "cut %": ours.cut,
    "waited, mean ms": rounded(ours.mean, 0),
    p50: ours.median,
    p95: ours.p95,
    [`${fixedMs}: cut %`]: theirs.cut,
    [`${fixedMs}: mean ms`]: rounded(theirs.mean, 0),
    "waiting less %": rounded(100 * (1 - ours.mean / theirs.mean), 0),
    unheard: ours.unheard
  }
}

const listening = await Listening.start()
try {
  const half: Half = flags.chosen ? "chosen" : "measured"
  const material = materialOf(half, numbers)
  progress(
    `${material.length} answers, ${rounded(material.reduce((sum, { samples }) => sum + samples.length, 0) / 960_000, 1)} minutes`
  )
  const outcomes: Array<{ group: string; table: Outcome; fixed: Outcome }> = []
  await listening.each(material, async (answer, index) => {
    const turn = turnFor(answer.asked)
    const [ours, theirs] = [await hear(answer.samples, turn), await hear(answer.samples, fixed(turn))]
    outcomes[index] = { group: answer.group, table: outcomeOf(answer, ours), fixed: outcomeOf(answer, theirs) }
  })
  const groups = [...new Set(material.map(({ group }) => group))]
  const rows = [
    ...groups.map((group) =>
      rowOf(
        group,
        outcomes.filter((outcome) => outcome.group === group)
      )
    ),
    rowOf(
      `all but ${unboundedGroup}`,
      outcomes.filter(({ group }) => group !== unboundedGroup)
    )
  ]
  if (json) console.log(JSON.stringify({ machine: machine(), half, patience, rows }, undefined, 2))
  else console.log(`${machine()}; speakers ${halves[half].join(", ")}\n\n${table(rows)}`)
} finally {
  await listening.close()
}
