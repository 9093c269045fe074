/**
 * What a client has been told, and what cannot be: an answer that was acknowledged and is gone, one that is recorded twice
 * for one act, a number that is used twice. Kept by the client through every connection of its session.
 */
import { isDeepStrictEqual } from "node:util"
import type { AnswerValue, ServerMessage, ServerMessageOf } from "#schemas/wire.ts"

/** The answers of a FHIR response, by link id. */
export const answersIn = (response: unknown): Readonly<Record<string, AnswerValue>> => {
  interface Item {
    readonly linkId: string
    readonly answer?: ReadonlyArray<{ readonly valueCoding?: { readonly code: string } }>
    readonly item?: ReadonlyArray<Item>
  }
  const of = (items: ReadonlyArray<Item> = []): ReadonlyArray<readonly [string, AnswerValue]> =>
    items.flatMap(({ linkId, answer, item }) => [
      ...(answer ?? []).flatMap(({ valueCoding }) =>
        valueCoding === undefined ? [] : [[linkId, valueCoding.code] as const]
      ),
      ...of(item)
    ])
  return Object.fromEntries(of((response as { readonly item?: ReadonlyArray<Item> }).item))
}

export class Ledger {
  /** Of the last `session.ready`. */
  token: string | undefined
  lastSeq = 0
  /** Acknowledged, with the last value. */
  readonly answers = new Map<string, AnswerValue>()
  /** Asked, and not answered yet. */
  question: ServerMessageOf<"question.asked"> | undefined
  consentAsked = false
  completed: ServerMessageOf<"questionnaire.completed"> | undefined
  acknowledged = 0
  lost = 0
  doubled = 0
  readonly faults: Array<string> = []
  readonly #told = new Map<number, ServerMessage>()
  /** The number of the answer that each act of the client led to. */
  readonly #recorded = new Map<string, number>()
  readonly #asked = new Map<string, ServerMessageOf<"question.asked">>()

  note(message: ServerMessage): void {
    if (message.type === "session.ready") return this.#ready(message)
    if (message.type === "session.snapshot") return this.#snapshot(message)
    if (message.type === "consent.requested") this.consentAsked = true
    if (message.type === "session.ended" || !("seq" in message) || message.seq === undefined) return
    const before = this.#told.get(message.seq)
    if (before !== undefined) {
      if (!isDeepStrictEqual(before, message)) this.faults.push(`${message.type} has the number of ${before.type}`)
      return
    }
    if (message.seq !== this.lastSeq + 1) {
      this.faults.push(`${message.type} has number ${message.seq} after ${this.lastSeq}`)
    }
    this.lastSeq = Math.max(this.lastSeq, message.seq)
    this.#told.set(message.seq, message)
    if (message.type === "question.asked") {
      this.question = message
      this.#asked.set(message.link_id, message)
    }
    if (message.type === "answer.recorded") this.#answer(message, message.seq)
    if (message.type === "questionnaire.completed") this.#complete(message)
  }

  #ready(message: ServerMessageOf<"session.ready">): void {
    if (this.token !== undefined && !message.resumed) this.faults.push("a resume began anew")
    this.token = message.resume_token
  }

  #answer(message: ServerMessageOf<"answer.recorded">, seq: number): void {
    const { ref, link_id, value, revised } = message
    if (revised !== this.answers.has(link_id)) this.faults.push(`${link_id}: revised is ${revised}`)
    if (ref !== undefined && this.#recorded.has(ref)) this.doubled++
    if (ref !== undefined) this.#recorded.set(ref, seq)
    this.acknowledged++
    this.answers.set(link_id, value)
    this.question = undefined
  }

  #snapshot({ seq, answers, question }: ServerMessageOf<"session.snapshot">): void {
    this.#holdAgainst(Object.fromEntries(answers.map(({ link_id, value }) => [link_id, value])), "the snapshot")
    this.lastSeq = Math.max(this.lastSeq, seq)
    this.question = question === null ? undefined : this.#asked.get(question.link_id)
  }

  #complete(message: ServerMessageOf<"questionnaire.completed">): void {
    this.completed = message
    this.question = undefined
    this.#holdAgainst(answersIn(message.response), "the response")
  }

  #holdAgainst(found: Readonly<Record<string, AnswerValue>>, where: string): void {
    for (const [linkId, value] of this.answers) {
      if (found[linkId] === value) continue
      this.lost++
      this.faults.push(`${linkId}: ${where} has ${String(found[linkId])} instead of ${String(value)}`)
    }
    for (const linkId of Object.keys(found)) {
      if (!this.answers.has(linkId)) this.faults.push(`${where} has an answer to ${linkId} that was never told`)
    }
  }
}
