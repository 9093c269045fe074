/** Free text: taken as it was said, unless all of it is a command, or an answer to a read-back. */
import type { Understanding } from "./ask.ts"
import { asList } from "./lists.ts"
import type { Placed } from "./reading.ts"
import { doubt } from "./scores.ts"
import { settle } from "./settle.ts"
import { textFrom, textOfAnswer, type TextAsk } from "./texts.ts"
import { yesNo } from "./understand-yes-no.ts"
import { answer, concluded, none, placedBy, settling, type Work } from "./work.ts"
import { wordsOf } from "./words.ts"
import { yesNoOf, yesNoReader } from "./yes-no.ts"

export const understoodText = (work: Work, ask: TextAsk): Understanding => {
  const { said, words, lexicon, moment, unheardWords } = work
  const placed = placedBy(work, yesNoReader(lexicon, moment))
  const isWhole = (kinds: ReadonlyArray<Placed["kind"]>) =>
    unheardWords === 0 && placed.every(({ kind }) => kinds.includes(kind) || kind === "filler")
  if (placed.some(({ kind }) => kind === "command") && isWhole(["command"])) {
    return concluded(settle(placed, settling(work)), work)
  }
  if (moment === "confirmation") {
    const confirmed = yesNoOf(placed, unheardWords)
    if (confirmed !== undefined && confirmed !== "unclear" && isWhole(["yes", "no", "neutral", "echo"]))
      return yesNo(confirmed, work)
  }
  if (said.degraded === true && said.via === "voice") return none("stand-in")
  const isList = work.ask.repeats === true
  const before = new Set<Placed["kind"]>([
    "no",
    "correction",
    "filler",
    ...(isList ? (["yes", "joiner"] as const) : [])
  ])
  const start = moment === "confirmation" ? placed.findIndex(({ kind }) => !before.has(kind)) : 0
  const first = placed[Math.max(0, start)]
  const text = first === undefined || first.from === 0 ? said.text : textFrom(said.text, words, first.from)
  const read = textOfAnswer(ask, { ...said, text }, wordsOf(text), lexicon)
  const [item, ...more] = read?.items ?? []
  const { ruledOut = [] } = read ?? {}
  const [less, ...others] = ruledOut
  if (
    less !== undefined &&
    moment === "confirmation" &&
    more.length === 0 &&
    (item === undefined || read?.rule === "text")
  )
    return { kind: "less", items: [less, ...others], rule: "negated" }
  if (read === undefined || item === undefined) return none(less === undefined ? "nothing" : "negated")
  const tooLong = [item, ...more].find(({ display }) => ask.lengthMax !== undefined && display.length > ask.lengthMax)
  if (tooLong !== undefined) return { kind: "out_of_range", item: tooLong, rule: "length" }
  const doubts = (unheardWords > 0 ? doubt : 1) * (moment === "confirmation" ? doubt : 1)
  const understood = answer([item, ...more], read.score * doubts, read.rule, work)
  return asList(
    understood.kind === "answer" && less !== undefined ? { ...understood, ruledOut } : understood,
    placed.filter(({ kind }) => kind !== "unknown"),
    work
  )
}
