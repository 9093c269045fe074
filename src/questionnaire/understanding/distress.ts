/**
 * Does a person sound in danger? A pass over what was said freely, or was no answer: words of self-harm and suicide, of
 * medical emergencies, of violence. Built to miss nothing: a phrase is taken back only by a denial right before it, in the
 * same thought. Pure; whoever calls it raises the alert.
 */
import type { Language } from "./ask.ts"
import { lexicons } from "./lexicon/lexicon.ts"
import { similarity } from "./similarity.ts"
import { respelt, stem, textOf, withoutAnd, wordsOf, type Word } from "./words.ts"

export interface Distress {
  readonly kind: "self-harm" | "emergency"
  /** Folded, as the list has it. */
  readonly phrase: string
}

/** So many words before a phrase a denial may stand: "I have never once thought of …". */
const denialReachWords = 5
/** Long words are known though a letter was misheard. */
const alikeLettersMin = 6
const alikeMin = 0.85

type Mark = Distress["kind"] | "figure" | "ceasing"

const markAt = (words: ReadonlyArray<Word>, at: number, language: Language) => {
  const { distress, distressWords, known } = lexicons[language]
  const word = words[at]
  const bare = word === undefined ? undefined : withoutAnd(word.text)
  const split =
    word === undefined || bare === undefined ? undefined : distress.at(words.with(at, respelt(word, bare)), at)
  const found = distress.at(words, at) ?? split
  if (found !== undefined) return { mark: found.meaning as Mark, to: found.to }
  const text = word?.text ?? ""
  const alike =
    text.length < alikeLettersMin || known.has(text)
      ? undefined
      : distressWords.find(
          (candidate) => candidate.length >= alikeLettersMin && similarity(stem(candidate), stem(text), alikeMin) > 0
        )
  return alike === undefined ? undefined : { mark: "self-harm" as const, to: at + 1 }
}

export const soundsDistressed = (text: string, language: Language): Distress | undefined => {
  const words = wordsOf(text)
  const { markers, yesNo } = lexicons[language]
  /** The last word of the last denial. */
  let deniedAt = Number.NEGATIVE_INFINITY
  let emergency: Distress | undefined
  for (let at = 0; at < words.length;) {
    if (words[at]?.afterBreak === true) deniedAt = Number.NEGATIVE_INFINITY
    const found = markAt(words, at, language)
    if (found !== undefined) {
      const phrase = textOf(words, at, found.to - at)
      // A denial that is part of the phrase ("do not want to live") takes nothing back.
      const isDenied = at > deniedAt && at - deniedAt <= denialReachWords
      if (found.mark === "ceasing") deniedAt = Number.NEGATIVE_INFINITY
      else if (found.mark !== "figure" && !isDenied) {
        if (found.mark === "self-harm") return { kind: "self-harm", phrase }
        emergency ??= { kind: "emergency", phrase }
      }
      at = found.to
      continue
    }
    const marker = markers.at(words, at)
    const answer = yesNo.at(words, at)
    if (answer?.meaning === "no") deniedAt = answer.to - 1
    else if (marker?.meaning === "negation") deniedAt = marker.to - 1
    else if (marker?.meaning === "contrast") deniedAt = Number.NEGATIVE_INFINITY
    at++
  }
  return emergency
}
