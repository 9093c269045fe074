/** What a person may do by hand in an interview, in random order, and where its server falls. */
import * as fc from "fast-check"
import type { ClientMessage, ServerMessageOf } from "#schemas/wire.ts"
import { linkIds } from "#test/e2e/questionnaire-file.ts"
import type { Patient } from "./patient.ts"

export type Act =
  | { readonly type: "answer"; readonly by: "touch" | "keypad" | "text" | "twice"; readonly choice: number }
  | { readonly type: "goto"; readonly index: number }
  | { readonly type: "back" | "repeat" | "help" | "stop and no" | "pause and continue" | "acknowledge" }

const answer = fc.record({
  type: fc.constant("answer" as const),
  by: fc.constantFrom("touch" as const, "keypad" as const, "text" as const, "twice" as const),
  choice: fc.nat(3)
})
const move = fc.constantFrom(
  { type: "back" } as const,
  { type: "repeat" } as const,
  { type: "help" } as const,
  { type: "stop and no" } as const,
  { type: "pause and continue" } as const,
  { type: "acknowledge" } as const
)
const jump = fc.record({ type: fc.constant("goto" as const), index: fc.nat(linkIds.length - 1) })

/** Few enough for a session's messages in a second. */
export const acts: fc.Arbitrary<ReadonlyArray<Act>> = fc.array(
  fc.oneof({ arbitrary: answer, weight: 3 }, { arbitrary: move, weight: 3 }, { arbitrary: jump, weight: 1 }),
  { minLength: 4, maxLength: 14 }
)

type Question = ServerMessageOf<"question.asked">

const optionOf = ({ options }: Question, choice: number) => {
  const option = options[choice % options.length]
  if (option === undefined) throw new Error("a question without options")
  return option
}

const touched = (question: Question, choice: number): ClientMessage => ({
  type: "answer.select",
  link_id: question.link_id,
  code: optionOf(question, choice).code
})

const messageOf = (question: Question, { by, choice }: Extract<Act, { type: "answer" }>): ClientMessage => {
  const { key, display } = optionOf(question, choice)
  if (by === "keypad") return { type: "dtmf", digits: key }
  if (by === "text") return { type: "text.input", text: display }
  return touched(question, choice)
}

const give = async (patient: Patient, act: Extract<Act, { type: "answer" }>): Promise<void> => {
  const { ledger } = patient
  const { question } = ledger
  if (question === undefined) return
  const reply = patient.ask(messageOf(question, act))
  // A second tap on the way: too late to count.
  const late = act.by === "twice" ? patient.askOnce(touched(question, act.choice + 1)) : undefined
  const recorded = await reply
  if (recorded.type !== "answer.recorded" || recorded.link_id !== question.link_id) {
    ledger.faults.push(`an answer to ${question.link_id} became ${recorded.type}`)
  } else if (recorded.value !== optionOf(question, act.choice).code) {
    ledger.faults.push(`${question.link_id} was recorded with another value`)
  }
  const refused = await late
  if (refused?.type === "answer.recorded") ledger.faults.push(`${question.link_id} was answered by a second tap`)
}

/** Does it at the question that stands; a question stands again when it returns, or the interview is complete. */
export const perform = async (patient: Patient, act: Act): Promise<void> => {
  const { ledger } = patient
  switch (act.type) {
    case "answer":
      await give(patient, act)
      break
    case "goto":
      await patient.ask({ type: "question.goto", link_id: linkIds[act.index] ?? "" })
      break
    case "back":
      await patient.ask({ type: "question.back" })
      break
    case "repeat":
      await patient.ask({ type: "question.repeat" })
      break
    case "help":
      await patient.ask({ type: "help.request" })
      break
    // A fall between the two undoes the first: the second would be said to the question.
    case "stop and no":
      if ((await patient.askOnce({ type: "text.input", text: "توقف" })) !== undefined) {
        await patient.askOnce({ type: "text.input", text: "لا" })
      }
      break
    case "pause and continue":
      if ((await patient.askOnce({ type: "session.pause" })) !== undefined) {
        await patient.askOnce({ type: "session.continue" })
      }
      break
    case "acknowledge":
      patient.tell({ type: "ack", seq: ledger.lastSeq })
  }
  await standing(patient)
}

export const standing = (patient: Patient): Promise<void> =>
  patient.knows(({ question, completed }) => question !== undefined || completed !== undefined)

export const begin = async (patient: Patient): Promise<void> => {
  await patient.knows(({ consentAsked }) => consentAsked)
  await patient.ask({ type: "consent.give", version: "1" })
  await standing(patient)
}

/** Touches what is still open: 0, 1, 2, 3, 0 … */
export const finish = async (patient: Patient): Promise<void> => {
  for (let choice = 0; patient.ledger.completed === undefined; choice++) {
    await perform(patient, { type: "answer", by: "touch", choice })
  }
}
