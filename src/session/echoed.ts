/**
 * Words that a prompt said just before are not believed to be the person's, where a yes or no decides: "say yes or no" must
 * not answer itself. What is left of the utterance without them has to mean the same; else the person is asked again.
 * A plain no to a read-back, to stopping or to another one is believed: nothing is recorded by it, it asks anew.
 */
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import type { Transcript } from "#src/stt/stt.ts"
import { comparable } from "#src/questionnaire/arabic.ts"

/** So long after it was played a word may still be its echo (R6.4). */
export const echoMsMax = 600

/** Whether it settles something that a yes or no was asked for. */
const decides = ({ about }: Expectation, { type }: InterviewEvent): boolean =>
  type === "consent.given" ||
  type === "consent.declined" ||
  type === "confirmation.given" ||
  (type === "answer.given" && about === "confirmation")

const isSame = (one: InterviewEvent, other: InterviewEvent): boolean =>
  one.type === other.type &&
  (one.type !== "answer.given" ||
    (other.type === "answer.given" && JSON.stringify(one.answer.value) === JSON.stringify(other.answer.value)))

/** `played`: words that the microphone may have heard of a prompt between two positions of its audio. */
export const withoutEcho = (
  { words }: Transcript,
  audioStartMs: number,
  played: (fromMs: number, toMs: number) => ReadonlySet<string>
): string =>
  words
    .filter(({ word, startMs, endMs }) => {
      const heard = played(audioStartMs + startMs - echoMsMax, audioStartMs + endMs)
      return !comparable(word)
        .split(" ")
        .some((part) => heard.has(part))
    })
    .map(({ word }) => word)
    .join(" ")

/** `understand` says what a text comes to. */
export const believed = (
  expected: Expectation,
  said: string,
  echoless: () => string,
  understand: (text: string) => InterviewEvent
): InterviewEvent => {
  const event = understand(said)
  if (!decides(expected, event)) return event
  const rest = echoless()
  if (rest === said || isSame(understand(rest), event)) return event
  return { type: "answer.unmatched", reason: "no_match" }
}
