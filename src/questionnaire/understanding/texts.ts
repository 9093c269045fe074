/** Free text: as it was said, without the sounds of hesitation around it. Lists of texts, and web addresses. */
import type { Ask, Item, Said } from "./ask.ts"
import { textItem } from "./display.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import { doubt } from "./scores.ts"
import { phraseEnd } from "./times.ts"
import { foldedName, textAt, wordsOf, type Word } from "./words.ts"

export type TextAsk = Extract<Ask, { readonly type: "string" | "text" | "url" }>

export interface TextRead {
  readonly items: ReadonlyArray<Item>
  /** Of a list: those that there are not. */
  readonly ruledOut?: ReadonlyArray<Item>
  readonly score: number
  readonly rule: string
}

const spokenAddressScore = 0.6

const trimmed = (text: string): string => text.replace(/^[\s،,;؛.]+|[\s،,;؛]+$/gu, "").replace(/\s+/gu, " ")

/** What stands before the text proper: sounds, and "my name is" where a short text is asked for. */
const beginning = (words: ReadonlyArray<Word>, ask: TextAsk, lexicon: Lexicon): number => {
  let at = 0
  while (at < words.length) {
    const sound = phraseEnd(words, at, (phrase) => lexicon.sounds.has(phrase))
    const leadIn = ask.type === "string" ? phraseEnd(words, at, (phrase) => lexicon.leadIns.has(phrase)) : undefined
    const to = leadIn ?? sound
    if (to === undefined || to >= words.length) break
    at = to
  }
  return at
}

/** "and" is written into Arabic words; a word that only begins with its letter (وارفارين) stays whole. */
const splitAnd = (text: string): string | undefined =>
  /^و(?=ال|[أإآ])/u.exec(text) === null ? undefined : text.slice(1)

interface Part {
  readonly text: string
  readonly isSure: boolean
  /** "no penicillin", without the "no". */
  readonly denied?: string
}

const partsOf = (text: string, lexicon: Lexicon): ReadonlyArray<Part> => {
  const words = wordsOf(text)
  const parts: Array<Part> = []
  let start = words[0]?.start ?? 0
  let end = start
  let isSure = true
  const close = (next: number) => {
    const part = trimmed(text.slice(start, end))
    const own = wordsOf(part)
    const denial = phraseEnd(own, 0, (phrase) => lexicon.denials.has(phrase))
    const denied = denial === undefined ? "" : textFrom(part, own, denial)
    if (part !== "") parts.push({ text: part, isSure, ...(denied === "" ? {} : { denied }) })
    start = next
    isSure = true
  }
  for (let at = 0; at < words.length;) {
    const word = words[at]
    if (word === undefined) break
    const link = at === 0 ? undefined : phraseEnd(words, at, (phrase) => lexicon.joinerSet.has(phrase))
    const written = text.slice(word.start, word.end)
    const rest = at === 0 ? undefined : splitAnd(written)
    if (link !== undefined && link < words.length) {
      close(words[link]?.start ?? word.end)
      at = link
      continue
    }
    if (rest !== undefined) close(word.start + 1)
    else if (word.afterBreak) close(word.start)
    else if (at > 0 && lexicon.onesFirst && word.text.startsWith("و")) isSure = false
    end = word.end
    at++
  }
  close(end)
  return parts
}

/** "example dot com" → example.com */
const spokenAddress = (words: ReadonlyArray<Word>, lexicon: Lexicon): string =>
  words.map(({ text }) => (lexicon.point.has(text) ? "." : lexicon.slash.has(text) ? "/" : text)).join("")

const address = (text: string, words: ReadonlyArray<Word>, lexicon: Lexicon): TextRead | undefined => {
  const isAddress = (candidate: string) =>
    /^(?:https?:\/\/)?[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?:[/?#]\S*)?$/iu.test(candidate)
  const typed = text.trim()
  const url = isAddress(typed) ? typed : spokenAddress(words, lexicon)
  if (!isAddress(url)) return undefined
  const isWhole = /^https?:\/\//iu.test(url)
  return {
    items: [textItem(isWhole ? url : `https://${url}`)],
    score: isWhole && url === typed ? 1 : spokenAddressScore,
    rule: "address"
  }
}

/** A text that another was left out of: everything after its first so many words. */
export const textFrom = (text: string, words: ReadonlyArray<Word>, at: number): string =>
  trimmed(text.slice(words[at]?.start ?? text.length))

export const textOfAnswer = (
  ask: TextAsk,
  { text, via }: Said,
  words: ReadonlyArray<Word>,
  lexicon: Lexicon
): TextRead | undefined => {
  if (ask.type === "url") return address(text, words, lexicon)
  const own =
    via === "text" && ask.type === "text" ? trimmed(text) : textFrom(text, words, beginning(words, ask, lexicon))
  if (own === "" || textAt(words, 0) === "") return undefined
  return ask.repeats === true ? listFrom(own, lexicon, via) : { items: [textItem(own)], score: 1, rule: "text" }
}

const isSameText = (a: Item, b: Item): boolean => foldedName(a.display) === foldedName(b.display)

/** Each once. A single "no penicillin" stays what was said; beside others it is none of them. */
export const listFrom = (text: string, lexicon: Lexicon, via: Said["via"]): TextRead => {
  const parts = partsOf(text, lexicon)
  const named = parts.filter(({ denied }) => denied === undefined)
  const denied = parts.flatMap((part) => (part.denied === undefined ? [] : [textItem(part.denied)]))
  const items = (named.length === 0 && parts.length === 1 ? parts : named).map((part) => textItem(part.text))
  // Typed words are apart as they were typed.
  const isSure = denied.length === 0 && parts.every((part) => part.isSure || (via === "text" && parts.length === 1))
  return {
    items: items.filter((item, index) => items.findIndex((other) => isSameText(item, other)) === index),
    ...(denied.length === 0 ? {} : { ruledOut: denied }),
    score: isSure ? 1 : doubt,
    rule: parts.length > 1 ? "list" : "text"
  }
}
