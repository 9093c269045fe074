/**
 * Fills a questionnaire in as a person might who answers at random: through the compiled machine and the reading of what
 * was typed, with skips, repeats, corrections and steps back. Seeded: the same seed gives the same response.
 */
import { isDeepStrictEqual } from "node:util"
import { toCardinal as inArabic } from "n2words/ar-SA"
import { toCardinal as inEnglish } from "n2words/en-US"
import { createActor, SimulatedClock } from "xstate"
import type { InterviewEvent, InterviewOutput } from "#machines/interview.ts"
import { formOf } from "#machines/form.ts"
import { expectationOf, type InterviewMachine, interviewMachine } from "#machines/questionnaire.ts"
import type { Plan, PlanItem, PlanQuestion } from "#machines/plan.ts"
import type { QuestionnaireResponse } from "#schemas/fhir.ts"
import type { AnswerValue } from "#schemas/wire.ts"
import { interpretSelection, interpretText } from "#src/questionnaire/answer.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { responseOf } from "#src/questionnaire/response.ts"
import { scoresOf } from "#src/questionnaire/scores.ts"

/** Mulberry32. */
export const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const pick = <Value>(random: () => number, values: ReadonlyArray<Value>): Value | undefined =>
  values[Math.floor(random() * values.length)]

/** What conditions look for: answers that open branches. */
export const telling = (plan: Plan): ReadonlyMap<string, ReadonlyArray<AnswerValue>> => {
  const found = new Map<string, Array<AnswerValue>>()
  const collect = (items: ReadonlyArray<PlanItem>): void => {
    for (const item of items) {
      for (const { question, value, operator } of item.enableWhen?.tests ?? []) {
        if (operator === "exists") continue
        const values = typeof value === "number" ? [value, value + 1, value - 1] : [value]
        found.set(question, [...(found.get(question) ?? []), ...values])
      }
      collect(item.items)
    }
  }
  collect(plan.items)
  return found
}

const number = (question: PlanQuestion, random: () => number): number => {
  const min = typeof question.min === "number" ? question.min : 0
  const max = typeof question.max === "number" ? question.max : min + 120
  const value = min + random() * (max - min)
  const places = question.itemType === "integer" ? 0 : Math.min(question.maxDecimalPlaces ?? 1, 2)
  const rounded = Number(value.toFixed(places))
  return Math.min(Math.max(rounded, Math.ceil(min)), Math.max(Math.floor(max), Math.ceil(min)))
}

const words = ["penicillin", "Cairo", "nothing special", "بنسلين", "twice a day", "x"]

const text = ({ minLength = 0, maxLength = 200 }: PlanQuestion, random: () => number): string =>
  (pick(random, words) ?? "x").padEnd(minLength, "o").slice(0, maxLength)

const two = (value: number): string => String(Math.floor(value)).padStart(2, "0")

const date = (question: PlanQuestion, random: () => number): string => {
  const value = `${1950 + Math.floor(random() * 75)}-${two(1 + random() * 12)}-${two(1 + random() * 28)}`
  const { min, max } = question
  if (typeof min === "string" && value < min) return min.slice(0, 10)
  return typeof max === "string" && value > max ? max.slice(0, 10) : value
}

export const randomValue = (question: PlanQuestion, random: () => number): AnswerValue => {
  const { itemType, options, units, chooseMax, chooseMin = 1 } = question
  if (chooseMax !== undefined) {
    const count = Math.min(options.length, chooseMin + Math.floor(random() * Math.min(3, chooseMax - chooseMin + 1)))
    const shuffled = options.map(({ code }) => ({ code, at: random() })).toSorted((a, b) => a.at - b.at)
    return shuffled.slice(0, count).map(({ code }) => code)
  }
  switch (itemType) {
    case "boolean":
      return random() < 0.5
    case "choice":
      return pick(random, options)?.code ?? ""
    case "open-choice":
      return options.length > 0 && random() < 0.8 ? (pick(random, options)?.code ?? "") : text(question, random)
    case "integer":
    case "decimal":
      return number(question, random)
    case "quantity": {
      const unit = pick(random, units ?? [])
      const value = number(question, random)
      return unit === undefined ? value : { value, unit: unit.code ?? unit.display }
    }
    case "date":
      return date(question, random)
    case "dateTime":
      return `${date(question, random)}T${two(random() * 24)}:${two(random() * 60)}:00+03:00`
    case "time":
      return `${two(random() * 24)}:${two(random() * 60)}`
    case "url":
      return "https://example.org/a"
    case "string":
    case "text":
      return text(question, random)
  }
}

/** As somebody types it; undefined where a number or a name would do as well as a tap. */
const typed = ({ options }: PlanQuestion, value: AnswerValue): string | undefined => {
  if (typeof value === "boolean") return undefined
  if (typeof value !== "object") return options.find(({ code }) => code === String(value))?.display ?? String(value)
  if ("value" in value) return `${value.value} ${value.unit}`
  return value.map((code) => options.find((option) => option.code === code)?.display ?? code).join(" , ")
}

/** As somebody says it who is heard well; undefined where there are many ways to say it, or none. */
const spoken = (question: PlanQuestion, value: AnswerValue, language: Plan["language"]): string | undefined => {
  if (typeof value === "boolean") return { ar: ["لا", "نعم"], en: ["no", "yes"] }[language][Number(value)]
  if (typeof value === "number") {
    if (!Number.isInteger(value) || value < 0) return undefined
    return language === "ar" ? inArabic(value) : inEnglish(value)
  }
  const text = typed(question, value)
  return text === undefined || /[\d/]/.test(text) ? undefined : text
}

export interface Filled {
  readonly response: QuestionnaireResponse
  readonly scores: ReadonlyArray<{ readonly id: string; readonly value: number; readonly band?: string }>
  readonly outputs: ReadonlyArray<InterviewOutput>
  /** LinkIds of questions that were asked, and of those enabled at the end. */
  readonly asked: ReadonlySet<string>
  readonly enabled: ReadonlySet<string>
  readonly isFinished: boolean
  /** Typed or said, not tapped. */
  readonly wordedAnswers: number
  readonly touchedAnswers: number
  /** Taken for another value than the one that was meant. */
  readonly misread: ReadonlyArray<{ readonly text: string; readonly meant: AnswerValue; readonly taken: AnswerValue }>
}

export interface FillOptions {
  readonly skips?: number
  readonly another?: number
  readonly wander?: number
  readonly stepsMax?: number
  /** `voice`: in words, heard without a doubt; else as typed. */
  readonly via?: "voice" | "text"
}

const heardWell = { confidence: 1, unknownWords: 0 }

const today = { date: "2026-03-18", utcOffset: "+03:00" }

const machines = new WeakMap<Plan, InterviewMachine>()

export const fill = (
  { questionnaire, plan, evaluate }: Pick<LoadedQuestionnaire, "questionnaire" | "plan" | "evaluate">,
  seed: number,
  { skips = 0.1, another = 0.35, wander = 0, stepsMax = 4_000, via = "text" }: FillOptions = {}
): Filled => {
  const random = randomOf(seed)
  const machine = machines.get(plan) ?? interviewMachine(plan, evaluate)
  machines.set(plan, machine)
  const hints = telling(plan)
  const outputs: Array<InterviewOutput> = []
  const asked = new Set<string>()
  const enabled = new Set<string>()
  let wordedAnswers = 0
  let touchedAnswers = 0
  const misread: Array<Filled["misread"][number]> = []
  const actor = createActor(machine, { input: {}, clock: new SimulatedClock() })
  actor.on("*", (output) => outputs.push(output))
  actor.start()
  const send = (event: InterviewEvent) => actor.send(event)
  send({ type: "consent.given", via: "touch" })
  send({ type: "consent.stored" })

  const answer = (question: PlanQuestion): void => {
    const hinted = pick(random, hints.get(question.linkId) ?? [])
    const value = hinted !== undefined && random() < 0.5 ? hinted : randomValue(question, random)
    const expectation = expectationOf(actor.getSnapshot())
    const text = via === "voice" ? spoken(question, value, plan.language) : typed(question, value)
    const certainty = via === "voice" ? heardWell : undefined
    const event = text === undefined ? undefined : interpretText(plan, expectation, text, via, today, certainty)
    if (text !== undefined && event?.type === "answer.given") {
      wordedAnswers++
      const taken = event.answer.value
      const single = question.chooseMax !== undefined && typeof value === "string" ? [value] : value
      if (!isDeepStrictEqual(taken, single)) misread.push({ text, meant: single, taken })
      return send(event)
    }
    touchedAnswers++
    const wanted = question.chooseMax !== undefined && typeof value === "string" ? [value] : value
    const touched = interpretSelection(plan, expectation, { linkId: question.linkId, value: wanted })
    if ("refused" in touched) {
      const plain = interpretSelection(plan, expectation, {
        linkId: question.linkId,
        value: randomValue(question, random)
      })
      if (!("refused" in plain)) send(plain)
      return
    }
    send(touched)
  }

  let steps = 0
  for (; steps < stepsMax; steps++) {
    const snapshot = actor.getSnapshot()
    if (snapshot.hasTag("completed")) break
    const expectation = expectationOf(snapshot)
    const last = outputs.findLast(({ type }) => type === "answer.recording" || type === "question.asked")
    if (snapshot.hasTag("recording") && last?.type === "answer.recording") {
      send({ type: "answer.stored", linkId: last.record.linkId })
    } else if (expectation.about === "another") {
      send({ type: random() < another ? "confirmation.given" : "confirmation.denied" })
    } else if (expectation.about === "answer") {
      const question = plan.questions.find(({ linkId }) => linkId === expectation.linkId)
      if (question === undefined) throw new Error(`no question ${expectation.linkId}`)
      asked.add(question.linkId)
      const whim = random()
      if (whim < wander) send({ type: "question.back" })
      else if (whim < 2 * wander) {
        send({ type: "question.goto", linkId: pick(random, plan.questions)?.linkId ?? "" })
      } else if (expectation.initial !== undefined && random() < 0.5) send({ type: "initial.kept", via: "touch" })
      else if (random() < skips) {
        send({ type: "question.skip" })
      } else answer(question)
    } else send({ type: "confirmation.given" })
  }
  const { kept } = actor.getSnapshot().context
  const form = formOf(plan, kept, evaluate)
  for (const { linkId, asks } of form.steps) if (asks === "answer") enabled.add(linkId)
  const status = actor.getSnapshot().matches("stopped") ? "stopped" : "completed"
  const header = { id: "r-1", status, authored: "2026-01-01T00:00:00Z" } as const
  return {
    response: responseOf(questionnaire, plan, form, header),
    scores: scoresOf(plan, form),
    outputs,
    asked,
    enabled,
    isFinished: actor.getSnapshot().hasTag("completed"),
    wordedAnswers,
    touchedAnswers,
    misread
  }
}
