/** What sessions made of their scripts, and how a disturbed run differs from an undisturbed one of the same scripts. */
import { align, wordsOf } from "../../bench/alignment.ts"
import { percentile, rounded } from "../../bench/options.ts"
import { samplesOfMs } from "../../bench/recordings.ts"
import type { Heard, Speaker } from "./speaker.ts"

const finalsOf = ({ script, finals }: Speaker, line: number): ReadonlyArray<Heard> => {
  const { spokenStartSample, spokenEndSample } = script.line(line)
  return finals.filter(
    ({ startMs, endMs }) => samplesOfMs(endMs) > spokenStartSample && samplesOfMs(startMs) < spokenEndSample
  )
}
const joinedTexts = (finals: ReadonlyArray<Heard>): string =>
  finals
    .map(({ text }) => text)
    .filter((text) => text !== "")
    .join(" ")

/** The text of a line, of as many finals as it has. */
export const textOf = (speaker: Speaker, line: number): string => joinedTexts(finalsOf(speaker, line))

export interface Tally {
  readonly utterances: number
  readonly finals: number
  readonly replayed: number
  /** `speech.started` that no final followed. */
  readonly unanswered: number
  /** Finals of audio that had its final already. */
  readonly doubled: number
  /** Sessions that were over before they were ended. */
  readonly ended: number
  readonly errors: ReadonlyArray<string>
  readonly rightPercent: number
}

const isDouble = (final: Heard, index: number, finals: ReadonlyArray<Heard>): boolean =>
  finals.slice(0, index).some(({ utteranceId, endMs }) => utteranceId === final.utteranceId || endMs > final.startMs)

export const tally = (speakers: ReadonlyArray<Speaker>): Tally => {
  const finals = speakers.flatMap((speaker) => speaker.finals)
  let [said, right] = [0, 0]
  for (const speaker of speakers) {
    for (let line = 0; line < speaker.linesSaid; line++) {
      const words = wordsOf(speaker.script.line(line).text)
      said += words.length
      right += align(words, wordsOf(textOf(speaker, line))).right
    }
  }
  return {
    utterances: speakers.reduce((sum, { startedMs }) => sum + startedMs.length, 0),
    finals: finals.length,
    replayed: finals.filter(({ replayed }) => replayed).length,
    unanswered: speakers.reduce((sum, { unanswered }) => sum + unanswered, 0),
    doubled: speakers.reduce((sum, speaker) => sum + speaker.finals.filter(isDouble).length, 0),
    ended: speakers.filter(({ cutOff }) => cutOff !== undefined).length,
    errors: speakers.flatMap(({ errors }) => errors),
    rightPercent: rounded((100 * right) / said, 2)
  }
}

interface HeardLine {
  readonly text: string
  readonly finals: ReadonlyArray<Heard>
}
const heardLine = (speaker: Speaker, line: number): HeardLine => ({
  text: textOf(speaker, line),
  finals: finalsOf(speaker, line)
})

export interface Difference {
  readonly session: number
  readonly said: string
  /** Positions of the line's speech. */
  readonly startMs: number
  readonly endMs: number
  readonly undisturbed: HeardLine
  readonly disturbed: HeardLine
}

/** Lines with another transcript, of two runs of the same scripts. */
export const differences = (
  undisturbed: ReadonlyArray<Speaker>,
  disturbed: ReadonlyArray<Speaker>
): ReadonlyArray<Difference> =>
  disturbed.flatMap((speaker, session) => {
    const other = undisturbed[session]
    if (other === undefined || other.linesSaid !== speaker.linesSaid) throw new Error("two runs of other scripts")
    return Array.from({ length: speaker.linesSaid }, (_, line) => ({
      session,
      said: speaker.script.line(line).text,
      startMs: speaker.script.line(line).spokenStartSample / 16,
      endMs: speaker.script.line(line).spokenEndSample / 16,
      undisturbed: heardLine(other, line),
      disturbed: heardLine(speaker, line)
    })).filter((pair) => pair.undisturbed.text !== pair.disturbed.text)
  })

/** Two finals are of the same utterance when they begin as close together. */
const sameStartMs = 150

/** For each utterance with a counterpart, how much later its final came; of live runs. */
export const addedLatenciesMs = (
  undisturbed: ReadonlyArray<Speaker>,
  disturbed: ReadonlyArray<Speaker>,
  wanted: (final: Heard, session: number) => boolean
): ReadonlyArray<number> =>
  disturbed.flatMap(({ finals }, session) =>
    finals
      .filter((final) => wanted(final, session))
      .flatMap(({ startMs, latencyMs }) => {
        const other = undisturbed[session]?.finals.find((final) => Math.abs(final.startMs - startMs) <= sameStartMs)
        return other === undefined ? [] : [latencyMs - other.latencyMs]
      })
  )

export const latenciesMs = (speakers: ReadonlyArray<Speaker>): ReadonlyArray<number> =>
  speakers.flatMap(({ finals }) => finals.map(({ latencyMs }) => latencyMs))

export const spread = (values: ReadonlyArray<number>) => ({
  count: values.length,
  "p50 ms": rounded(percentile(values, 0.5), 0),
  "p95 ms": rounded(percentile(values, 0.95), 0),
  "max ms": rounded(percentile(values, 1), 0)
})
