/** What a designer should know of a questionnaire before people talk to it. Pure. */
import type { Plan, PlanItem, PlanQuestion, PlanTest } from "#machines/plan.ts"
import { indexOf } from "#machines/plan-index.ts"
import { tashkeelDensity, tashkeelDensityMin } from "#src/tts/arabic-marks.ts"
import { valueFault } from "./values.ts"

export interface Remark {
  readonly linkId: string
  readonly about: "unreachable" | "long" | "tashkeel" | "translation"
  readonly what: string
}

/** Words a second of the embedded voice, roughly; digits and marks left aside. */
const wordsPerSecond = 2.2
/** Nobody keeps more in mind. */
const promptSecondsMax = 20

const isAllowed = (question: PlanQuestion, value: PlanTest["value"]): boolean =>
  valueFault(question, question.chooseMax === undefined ? value : [String(value)]) === undefined

/** Whether any answer that the question takes makes the test hold. */
const canHold = (plan: Plan, { question: linkId, operator, value }: PlanTest): boolean => {
  const question = plan.questions.find((candidate) => candidate.linkId === linkId)
  if (question === undefined) return true
  if (operator === "exists" || operator === "!=") return true
  if (operator === "=") {
    return question.itemType === "open-choice" || question.itemType === "quantity" || isAllowed(question, value)
  }
  const { min, max } = question
  if ((operator === ">" || operator === ">=") && max !== undefined && typeof max === typeof value) {
    return operator === ">" ? max > value : max >= value
  }
  if ((operator === "<" || operator === "<=") && min !== undefined && typeof min === typeof value) {
    return operator === "<" ? min < value : min <= value
  }
  return true
}

/** Two different answers to one question that takes a single one. */
const contradicts = (plan: Plan, tests: ReadonlyArray<PlanTest>): boolean =>
  tests.some(
    (a, index) =>
      a.operator === "=" &&
      plan.questions.find(({ linkId }) => linkId === a.question)?.chooseMax === undefined &&
      tests.slice(index + 1).some((b) => b.question === a.question && b.operator === "=" && b.value !== a.value)
  )

const whyNever = (plan: Plan, { enableWhen }: PlanItem): string | undefined => {
  if (enableWhen === undefined) return undefined
  const { behavior, tests } = enableWhen
  const shown = ({ question, operator, value }: PlanTest) => `${question} ${operator} ${value}`
  const impossible = tests.filter((test) => !canHold(plan, test))
  if (behavior === "all" && contradicts(plan, tests))
    return `its conditions contradict each other: ${tests.map(shown).join(", ")}`
  if (behavior === "all" ? impossible.length > 0 : impossible.length === tests.length)
    return `no answer makes its condition hold: ${impossible.map(shown).join(", ")}`
  return undefined
}

const unreachable = (plan: Plan): ReadonlyArray<Remark> => {
  const index = indexOf(plan)
  return plan.questions.flatMap(({ linkId }): ReadonlyArray<Remark> => {
    for (let place = index.find(linkId); place !== undefined; place = place.parent) {
      const why = whyNever(plan, place.item)
      if (why !== undefined) {
        const whose = place.item.linkId === linkId ? "" : `${place.item.linkId}: `
        return [{ linkId, about: "unreachable", what: `it is never asked: ${whose}${why}` }]
      }
    }
    return []
  })
}

const secondsOf = (text: string): number =>
  text.split(/\s+/).filter((word) => /\p{L}|\p{N}/u.test(word)).length / wordsPerSecond

const spokenOf = ({ spokenText, options }: PlanQuestion): string =>
  [spokenText, ...options.map(({ key, spokenDisplay }) => `${key} ${spokenDisplay}`)].join(" ")

const long = (plan: Plan): ReadonlyArray<Remark> =>
  plan.questions.flatMap((question): ReadonlyArray<Remark> => {
    const seconds = Math.round(secondsOf(spokenOf(question)))
    const what = `it takes about ${seconds} s to be spoken with its ${question.options.length} choices; more than ${promptSecondsMax} s is too long to listen to`
    return seconds > promptSecondsMax ? [{ linkId: question.linkId, about: "long", what }] : []
  })

const told = (items: ReadonlyArray<PlanItem>): ReadonlyArray<readonly [string, string]> =>
  items.flatMap(({ linkId, told: spoken, items: inner }) => [
    ...(spoken === undefined ? [] : [[linkId, spoken.spokenText] as const]),
    ...(spoken?.feminine === undefined ? [] : [[linkId, spoken.feminine.spokenText] as const]),
    ...told(inner)
  ])

/** Only Arabic words need vowel marks. */
const hasArabic = (text: string): boolean => /\p{Script=Arabic}{2,}/u.test(text)

const unvowelled = (plan: Plan): ReadonlyArray<Remark> => {
  if (plan.language !== "ar") return []
  const texts = [
    ...told(plan.items),
    ...plan.questions.flatMap(({ linkId, spokenText, feminine, help, options }) =>
      [
        spokenText,
        feminine?.spokenText,
        help?.spokenText,
        ...options.map(({ spokenDisplay }) => spokenDisplay)
      ].flatMap((text) => (text === undefined ? [] : [[linkId, text] as const]))
    )
  ]
  return texts.flatMap(([linkId, text]): ReadonlyArray<Remark> =>
    hasArabic(text) && tashkeelDensity(text) < tashkeelDensityMin
      ? [{ linkId, about: "tashkeel", what: `«${text}» lacks vowel marks: the voice will guess` }]
      : []
  )
}

export const remarksOn = (plan: Plan, untranslated: ReadonlyArray<string>): ReadonlyArray<Remark> => [
  ...unreachable(plan),
  ...long(plan),
  ...unvowelled(plan),
  ...untranslated.map((whose): Remark => {
    const [linkId = "", what = "its text"] = whose.split(": ")
    return { linkId, about: "translation", what: `${what} has no translation` }
  })
]
