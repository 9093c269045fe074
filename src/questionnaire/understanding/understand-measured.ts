/** Answers that are read word by word: numbers, quantities, dates and times. */
import type { Understanding } from "./ask.ts"
import { momentAnswerAt, type MomentAsk } from "./moments.ts"
import { numberAnswerAt, quantityAnswerAt, type NumberAsk, type QuantityAsk } from "./quantities.ts"
import { asList } from "./lists.ts"
import { longest, type Placed, type Reader } from "./reading.ts"
import { settle } from "./settle.ts"
import { concluded, placedBy, settling, type Work } from "./work.ts"
import { yesNoReader } from "./yes-no.ts"

type MeasuredAsk = NumberAsk | QuantityAsk | MomentAsk

const readerOf = ({ lexicon, language, today }: Work, ask: MeasuredAsk): Reader => {
  switch (ask.type) {
    case "integer":
    case "decimal":
      return (words, at) => numberAnswerAt(ask, words, at, lexicon)
    case "quantity":
      return (words, at) => quantityAnswerAt(ask, words, at, lexicon, language)
    case "date":
    case "dateTime":
    case "time":
      return (words, at) => momentAnswerAt(ask, words, at, lexicon, language, today)
  }
}

/** While an answer is read back, yes and no come first; at other times an option may own such a word. */
export const withYesNo = (work: Work, reader: Reader): Reader => {
  const readYesNo = yesNoReader(work.lexicon, work.moment)
  return work.moment === "confirmation"
    ? (words, at) => longest([readYesNo(words, at), reader(words, at)])
    : (words, at) => longest([reader(words, at), readYesNo(words, at)])
}

/** In non-yes-or-no questions, "neither" phrases are doubts and a yes changes nothing. */
export const asDoubts = (placed: ReadonlyArray<Placed>): ReadonlyArray<Placed> =>
  placed.map((reading) =>
    reading.kind === "neither"
      ? { ...reading, kind: "hedge" }
      : reading.kind === "yes"
        ? { ...reading, kind: "filler" }
        : reading
  )

export const understoodMeasured = (work: Work, ask: MeasuredAsk): Understanding => {
  const placed = placedBy(work, withYesNo(work, readerOf(work, ask)))
  return asList(concluded(settle(asDoubts(placed), settling(work)), work), placed, work)
}
