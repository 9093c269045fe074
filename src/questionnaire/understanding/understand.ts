/**
 * What was said → what it means for the question at hand. Deterministic: tables and rules only. Every result names its
 * rule and how well it fits; together with the recogniser's confidence that decides whether it is taken or read back.
 */
import type { Said, Understanding } from "./ask.ts"
import { withAlikeNumbers, withNumbersApart } from "./cardinals.ts"
import { lexicons } from "./lexicon/lexicon.ts"
import { understoodChoice } from "./understand-choice.ts"
import { understoodMeasured } from "./understand-measured.ts"
import { understoodText } from "./understand-text.ts"
import { understoodBoolean, understoodConfirmation } from "./understand-yes-no.ts"
import { none, type Situation, type Work } from "./work.ts"
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

export const understand = ({ ask, moment, language, today }: Situation, said: Said): Understanding => {
  const lexicon = lexicons[language]
  const text = said.text.normalize("NFC")
  const words = withAlikeNumbers(withNumbersApart(wordsOf(text), lexicon), lexicon)
  const unheardWords = said.unknownWords ?? 0
  const confidence = said.confidence ?? (said.via === "text" ? 1 : 0)
  const work: Work = { ask, moment, language, today, said: { ...said, text }, words, lexicon, unheardWords, confidence }
  if (words.length === 0) return none("nothing said")
  if (moment === "consent" || moment === "stop") return understoodBoolean(work)
  const understood = byType(work)
  return moment === "confirmation" ? understoodConfirmation(work, understood) : understood
}
