/**
 * A patient made of recordings: answers each question by its number, in a real person's voice, and makes mistakes - a word
 * that is no answer, a silence, an answer to be corrected. Whatever the recogniser makes of it, the patient listens, says
 * no to a wrong read-back and goes back to what was recorded wrongly, until the answers are those that were meant.
 */
import type { AnswerValue, ServerMessageOf } from "#schemas/wire.ts"

/** What the patient does next: says a word of the recordings, or nothing for a while. */
export type Action =
  | { readonly kind: "say"; readonly word: string; readonly why: string }
  | { readonly kind: "silence"; readonly durationMs: number; readonly why: string }

type Question = ServerMessageOf<"question.asked">

/** Words for the numbers of a scale, as the recordings have them. */
const numbers = ["صفر", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة"]
const wrongWords = ["فتح", "تكبير", "يسار", "إرسال"]

/** Small, seeded, good enough to choose answers (xorshift32). */
export const seeded = (seed: number) => {
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1
  return (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % below
  }
}

export class Patient {
  /** Code that was meant, by linkId. */
  readonly meant = new Map<string, AnswerValue>()
  readonly recorded = new Map<string, AnswerValue>()
  readonly mistakes: Array<string> = []
  readonly #random: (below: number) => number
  readonly #noSpeechMs: number
  /** The question (by its place from 1) at which each mistake is made. */
  readonly #mistakeAt: Readonly<Record<"wrong word" | "silence" | "correction", number>>
  #question: Question | undefined
  /** What to correct next, once the present question stands. */
  #toCorrect: string | undefined

  constructor(seed: number, questions: number, noSpeechMs: number) {
    this.#random = seeded(seed)
    this.#noSpeechMs = noSpeechMs
    const places = Array.from({ length: Math.max(3, questions - 2) }, (_, index) => index + 1)
    const draw = () => places.splice(this.#random(places.length), 1)[0] ?? 1
    this.#mistakeAt = { "wrong word": draw(), silence: draw(), correction: draw() }
  }

  consent(): Action {
    return { kind: "say", word: "نعم", why: "consents" }
  }

  asked(question: Question): Action {
    this.#question = question
    if (this.#toCorrect !== undefined && this.#toCorrect !== question.link_id) {
      return { kind: "say", word: "السابق", why: "wants to correct the answer before" }
    }
    this.#toCorrect = undefined
    if (!this.meant.has(question.link_id)) {
      const option = question.options[this.#random(question.options.length)]
      this.meant.set(question.link_id, option?.code ?? "")
    }
    if (question.index === this.#mistakeAt["wrong word"] && !this.mistakes.includes("wrong word")) {
      this.mistakes.push("wrong word")
      return {
        kind: "say",
        word: wrongWords[this.#random(wrongWords.length)] ?? "فتح",
        why: "says a word that is no answer"
      }
    }
    if (question.index === this.#mistakeAt.silence && !this.mistakes.includes("silence")) {
      this.mistakes.push("silence")
      return { kind: "silence", durationMs: this.#noSpeechMs, why: "says nothing" }
    }
    if (question.index === this.#mistakeAt.correction && !this.mistakes.includes("correction")) {
      this.mistakes.push("correction")
      const other = question.options.filter(({ code }) => code !== this.meant.get(question.link_id))
      return this.#choose(other[this.#random(other.length)]?.code, "answers, but means something else")
    }
    return this.#choose(this.meant.get(question.link_id), "answers")
  }

  reprompted(): Action {
    return this.#choose(this.meant.get(this.#question?.link_id ?? ""), "answers again")
  }

  /** Nobody has heard a word: whoever says no more is asked again. */
  unheard(): Action {
    return { kind: "silence", durationMs: this.#noSpeechMs, why: "waits to be asked again" }
  }

  confirm(read: ServerMessageOf<"answer.confirm">): Action {
    const right = this.meant.get(read.link_id) === read.value
    return { kind: "say", word: right ? "نعم" : "لا", why: right ? "confirms" : "denies a wrong read-back" }
  }

  noted(answer: ServerMessageOf<"answer.recorded">): void {
    this.recorded.set(answer.link_id, answer.value)
    if (this.meant.get(answer.link_id) !== answer.value) this.#toCorrect = answer.link_id
  }

  /** The answers that stand are those that were meant. */
  understood(): boolean {
    return [...this.meant].every(([linkId, value]) => this.recorded.get(linkId) === value)
  }

  #choose(code: AnswerValue | undefined, why: string): Action {
    const key = this.#question?.options.find((option) => option.code === code)?.key ?? "0"
    return { kind: "say", word: numbers[Number(key)] ?? "صفر", why: `${why} ${key}` }
  }
}
