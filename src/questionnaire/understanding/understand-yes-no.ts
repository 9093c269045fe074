/** Answers to a question for yes or no, to consent and "shall we stop?", and to a read-back. */
import type { Item, Language, Understanding } from "./ask.ts"
import { doubt } from "./scores.ts"
import { settle } from "./settle.ts"
import { answer, concluded, isSureYesNo, none, placedBy, settling, type Work } from "./work.ts"
import { textAt } from "./words.ts"
import { yesNoOf, yesNoReader, type YesNo } from "./yes-no.ts"

export const yesNo = ({ kind, score, rule }: YesNo, work: Work): Understanding => ({
  kind,
  score,
  sure: isSureYesNo(score, work),
  rule
})

const understoodYesNo = (work: Work): Understanding => {
  const placed = placedBy(work, yesNoReader(work.lexicon, work.moment))
  const commands = placed.filter((reading) => reading.kind === "command")
  const said = yesNoOf(placed, work.unheardWords)
  if (said === "unclear") return none("neither yes nor no")
  const isStopping = work.moment === "stop" && commands.every(({ command }) => command === "stop")
  if (said !== undefined) return commands.length === 0 || isStopping ? yesNo(said, work) : none("answer and command")
  const isDenied = placed.some(({ kind }) => kind === "negation")
  if (isStopping && commands.length > 0 && isDenied) {
    return yesNo({ kind: "no", score: 1, rule: "negated command" }, work)
  }
  return concluded(settle(placed, settling(work)), work)
}

const booleanItem = (kind: "yes" | "no", language: Language): Item => ({
  kind: "boolean",
  value: kind === "yes",
  display: language === "ar" ? (kind === "yes" ? "نعم" : "لا") : kind === "yes" ? "Yes" : "No"
})

/** The keys of a yes-or-no question: 1 and 2. */
const keyedYesNo = ({ words, lexicon }: Work): "yes" | "no" | undefined => {
  const said = words.filter(({ text }) => !lexicon.neutralSet.has(text))
  const word = textAt(said, 0)
  const value = said.length === 1 ? (/^\d$/u.test(word) ? Number(word) : lexicon.small.get(word)) : undefined
  return value === 1 ? "yes" : value === 2 ? "no" : undefined
}

export const understoodBoolean = (work: Work): Understanding => {
  const understood = understoodYesNo(work)
  // Nothing is read back here: what is not sure is asked again.
  if (work.moment === "consent" || work.moment === "stop") {
    const isElsewhere =
      understood.kind === "command" && (understood.command === "skip" || understood.command === "back")
    return isElsewhere || ("sure" in understood && !understood.sure) ? none("unsure") : understood
  }
  if (work.moment === "confirmation") return understood
  if (understood.kind === "yes" || understood.kind === "no") {
    return answer([booleanItem(understood.kind, work.language)], understood.score, understood.rule, work)
  }
  const keyed = understood.kind === "none" ? keyedYesNo(work) : undefined
  return keyed === undefined ? understood : answer([booleanItem(keyed, work.language)], doubt, "number", work)
}

/** An answer stands above a yes; a yes beside an answer makes both less sure. */
export const understoodConfirmation = (work: Work, understood: Understanding): Understanding => {
  const placed = placedBy(work, yesNoReader(work.lexicon, work.moment))
  const said = yesNoOf(placed, work.unheardWords)
  if (understood.kind === "none") {
    return said === undefined ? understood : said === "unclear" ? none("neither yes nor no") : yesNo(said, work)
  }
  return understood.kind === "answer" && said !== undefined && said !== "unclear" && said.kind === "yes"
    ? { ...understood, sure: false, rule: `${understood.rule}, beside a yes` }
    : understood
}
