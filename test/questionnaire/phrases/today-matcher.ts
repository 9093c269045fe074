/** The matcher of src/questionnaire/answer.ts on the phrase tables: its figures are the baseline of docs/understanding.md. */
import type { Plan } from "#machines/plan.ts"
import type { Expectation } from "#machines/interview.ts"
import { interpretText } from "#src/questionnaire/answer.ts"
import type { Ask } from "#src/questionnaire/understanding/ask.ts"
import { askedBy } from "./asks.ts"
import { saidIn, type Row } from "./table.ts"

const planOf = (ask: Ask, language: "ar" | "en"): Plan => ({
  id: "table",
  url: "urn:table",
  version: "1",
  title: "table",
  language,
  scores: [],
  questions: [
    {
      linkId: "q",
      text: "q",
      spokenText: "q",
      itemType: ask.type === "boolean" ? "boolean" : "choice",
      required: false,
      confirm: "low",
      options:
        ask.type === "boolean"
          ? [
              { code: "true", display: language === "ar" ? "نعم" : "Yes", spokenDisplay: "", phrases: [], key: "1" },
              { code: "false", display: language === "ar" ? "لا" : "No", spokenDisplay: "", phrases: [], key: "2" }
            ]
          : "options" in ask
            ? ask.options.map(({ code, display, phrases, key = "" }) => ({
                code,
                display,
                spokenDisplay: display,
                phrases,
                key
              }))
            : []
    }
  ]
})

const commands: Readonly<Record<string, string>> = {
  "question.repeat": "repeat",
  "question.back": "back",
  "question.skip": "skip",
  "stop.request": "stop",
  "help.request": "help"
}

const about = (row: Row, moment: string): Expectation =>
  moment === "yes-no"
    ? { about: row.ask === "consent" ? "consent" : "stop" }
    : { about: moment === "confirmation" ? "confirmation" : "answer", linkId: "q" }

export const outcomeToday = (row: Row): string => {
  const asked = askedBy(row.language, row.ask)
  if (asked === undefined) return "refused"
  const { text, via, confidence = 0, unknownWords = 0 } = saidIn(row)
  const certainty = via === "voice" ? { confidence, unknownWords } : undefined
  const event = interpretText(planOf(asked.ask, row.language), about(row, asked.moment), text, via, certainty)
  switch (event.type) {
    case "answer.given": {
      const { value } = event.answer
      return `${event.sure ? "" : "confirm "}${typeof value === "boolean" ? (value ? "yes" : "no") : value}`
    }
    case "consent.given":
    case "confirmation.given":
      return "yes"
    case "consent.declined":
    case "confirmation.denied":
      return "no"
    default:
      return commands[event.type] === undefined ? "refused" : `command ${commands[event.type]}`
  }
}
