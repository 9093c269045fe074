/**
 * What was said → what it means for the question at hand. Deterministic: tables and rules only. Every result names its
 * rule and how well it fits; together with the recogniser's confidence that decides whether it is taken or read back.
 */
import type { Said, Understanding } from "./ask.ts"
import { withAlikeNumbers, withNumbersApart } from "./cardinals.ts"
import { lexicons, type Lexicon } from "./lexicon/lexicon.ts"
import { enoughAt } from "./lists.ts"
import { understoodChoice } from "./understand-choice.ts"
import { understoodMeasured } from "./understand-measured.ts"
import { understoodText } from "./understand-text.ts"
import { understoodBoolean, understoodConfirmation } from "./understand-yes-no.ts"
import { isSure, none, type Situation, type Work } from "./work.ts"
import { wordsOf } from "./words.ts"

const byType = (work: Work): Understanding => {
  const { ask } = work
  switch (ask.type) {
    case "boolean":
      return understoodBoolean(work)
    case "choice":
    case "open-choice":
      return understoodChoice(work, ask)
    case "integer":
    case "decimal":
    case "quantity":
    case "date":
    case "dateTime":
    case "time":
      return understoodMeasured(work, ask)
    case "string":
    case "text":
    case "url":
      return understoodText(work, ask)
  }
}

const understoodAs = (situation: Situation, said: Said, lexicon: Lexicon): Understanding => {
  const work = workOf(situation, said, lexicon)
  if (work.words.length === 0) return none("nothing said")
  if (work.moment === "consent" || work.moment === "stop") return understoodBoolean(work)
  const understood = byType(work)
  return work.moment === "confirmation" ? understoodConfirmation(work, understood) : understood
}

const workOf = ({ ask, moment, language, today }: Situation, said: Said, lexicon: Lexicon): Work => ({
  ask,
  // To "is there another one?" the same is said as to a read-back.
  moment: moment === "another" ? "confirmation" : moment,
  language,
  today,
  said,
  words: withAlikeNumbers(withNumbersApart(wordsOf(said.text), lexicon), lexicon),
  lexicon,
  unheardWords: said.unknownWords ?? 0,
  confidence: said.confidence ?? (said.via === "text" ? 1 : 0)
})

/** "That is all": there is no other one, or what was read back is right. */
const enough = (situation: Situation, said: Said, lexicon: Lexicon): Understanding => {
  const { moment } = situation
  const work = workOf(situation, said, lexicon)
  const isYes = moment === "confirmation" && work.words.length > 1
  if (moment !== "another" && !isYes) return none("nothing said")
  const sure = isSure(1, work)
  return { kind: moment === "another" ? "no" : "yes", score: 1, sure, rule: "nothing else" }
}

export const understand = (situation: Situation, heard: Said): Understanding => {
  const lexicon = lexicons[situation.language]
  const said = { ...heard, text: heard.text.normalize("NFC") }
  const words = wordsOf(said.text)
  const mayEnd = situation.ask.repeats === true || situation.moment === "another"
  const end = mayEnd ? enoughAt(words, lexicon) : undefined
  if (end === undefined) return understoodAs(situation, said, lexicon)
  if (end === 0) return enough(situation, said, lexicon)
  const rest = understoodAs(situation, { ...said, text: said.text.slice(0, words[end]?.start).trimEnd() }, lexicon)
  if (rest.kind === "answer") return { ...rest, isLast: true }
  return situation.moment === "another" && rest.kind === "yes" ? { ...rest, kind: "no" } : rest
}
