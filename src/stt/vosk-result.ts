/**
 * From libvosk's JSON to a transcript: `[unk]` is taken out, times count from the utterance's first sample, and the list
 * of alternatives, which has scores instead of confidences, becomes probabilities.
 */
import type { SttEvent } from "#schemas/host.ts"

type Final = Extract<SttEvent, { type: "final" }>
type Word = Final["words"][number]

interface VoskWord {
  readonly word: string
  /** Seconds of the recogniser's life. */
  readonly start: number
  readonly end: number
  readonly conf?: number
}
interface VoskResult {
  readonly text?: string
  readonly result?: ReadonlyArray<VoskWord>
  readonly alternatives?: ReadonlyArray<{
    readonly text: string
    readonly confidence: number
    readonly result?: ReadonlyArray<VoskWord>
  }>
}

/** What models write for speech outside their words. */
const unknownWords = new Set(["[unk]", "<unk>", "<UNK>"])
/** A decoded frame is 30 ms; libvosk's seconds are 32-bit floats, equal after reuse only when rounded. */
const timeStepMs = 10

export const withoutUnknown = (text: string): { readonly text: string; readonly unknownWords: number } => {
  const words = text.split(" ").filter((word) => word !== "")
  const known = words.filter((word) => !unknownWords.has(word))
  return { text: known.join(" "), unknownWords: words.length - known.length }
}

const known = (words: ReadonlyArray<VoskWord> | undefined): ReadonlyArray<VoskWord> =>
  (words ?? []).filter(({ word }) => !unknownWords.has(word))

const toWord = ({ word, start, end }: VoskWord, startSeconds: number, confidence: number): Word => {
  const toMs = (seconds: number) =>
    Math.max(0, Math.round(((seconds - startSeconds) * 1_000) / timeStepMs) * timeStepMs)
  return { word, startMs: toMs(start), endMs: toMs(end), confidence }
}

const toFinal = (words: ReadonlyArray<Word>, unknown: number, alternatives: Final["alternatives"]): Final => ({
  type: "final",
  text: words.map(({ word }) => word).join(" "),
  unknownWords: unknown,
  confidence: words.length === 0 ? null : words.reduce((sum, word) => sum + word.confidence, 0) / words.length,
  words,
  alternatives
})

export const emptyFinal: Final = toFinal([], 0, [])

/** `startSeconds`: how much the recogniser had heard before this utterance. */
export const parseFinal = (json: string, startSeconds: number, alternativesMax: number): Final => {
  const result: VoskResult = JSON.parse(json)
  if (result.alternatives === undefined) {
    const words = known(result.result).map((word) => toWord(word, startSeconds, word.conf ?? 1))
    return toFinal(words, (result.result?.length ?? 0) - words.length, [])
  }
  const [best] = result.alternatives
  if (best === undefined) return emptyFinal
  // Scores are log likelihoods: their softmax is how likely each reading is among those listed.
  const weights = result.alternatives.map(({ confidence }) => Math.exp(confidence - best.confidence))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const readings = result.alternatives.map((reading, index) => ({
    words: known(reading.result),
    probability: (weights[index] ?? 0) / total
  }))
  // A word is as sure as all readings together that have it at that time.
  const words = known(best.result).map((word) => {
    const sure = readings.reduce((sum, reading) => {
      const agrees = reading.words.some(
        (other) => other.word === word.word && other.start < word.end && word.start < other.end
      )
      return agrees ? sum + reading.probability : sum
    }, 0)
    return toWord(word, startSeconds, Math.min(1, sure))
  })
  const byText = new Map<string, number>()
  for (const reading of readings) {
    const text = reading.words.map(({ word }) => word).join(" ")
    if (text !== "") byText.set(text, (byText.get(text) ?? 0) + reading.probability)
  }
  const alternatives = Array.from(byText, ([text, confidence]) => ({ text, confidence: Math.min(1, confidence) }))
  return toFinal(words, (best.result?.length ?? 0) - words.length, alternatives.slice(0, alternativesMax))
}
