/** How the words of a trial were understood, for people. The same matcher that the session asks, with its rule. Pure. */
import type { Expectation } from "#machines/interview.ts"
import type { Plan } from "#machines/plan.ts"
import type { TrialStep } from "#schemas/studio.ts"
import { momentOf, questionAt } from "#src/questionnaire/answer.ts"
import { askOf } from "#src/questionnaire/asked.ts"
import type { Item, Today, Understanding } from "#src/questionnaire/understanding/ask.ts"
import { understand } from "#src/questionnaire/understanding/understand.ts"

const shown = (items: ReadonlyArray<Item>, separator: string): string =>
  items.map(({ display }) => display).join(separator)

const detailsOf = (understanding: Understanding): Omit<TrialStep["understood"], "kind" | "rule"> => {
  switch (understanding.kind) {
    case "answer":
      return { display: shown(understanding.items, " + "), score: understanding.score, sure: understanding.sure }
    case "yes":
    case "no":
      return { score: understanding.score, sure: understanding.sure }
    case "command":
      return { display: understanding.command, score: understanding.score }
    case "less":
      return { display: shown(understanding.items, " + ") }
    case "ambiguous":
      return { display: shown(understanding.candidates, " / ") }
    case "out_of_range":
      return { display: understanding.item.display }
    case "none":
      return {}
  }
}

export const explained = (
  plan: Plan,
  expectation: Expectation,
  { text, heard }: { readonly text: string; readonly heard?: number },
  today: Today
): TrialStep["understood"] => {
  const { language } = plan
  const question = questionAt(plan, expectation)
  const ask = question === undefined ? ({ type: "boolean" } as const) : askOf(question, language)
  const said = {
    text,
    ...(heard === undefined ? { via: "text" as const } : { via: "voice" as const, confidence: heard })
  }
  const understanding = understand({ ask, moment: momentOf(expectation), language, today }, said)
  return { kind: understanding.kind, rule: understanding.rule, ...detailsOf(understanding) }
}
