/** What each thing that the audio path hears does to its session. One row for each event. */
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import { keyOf } from "#machines/kept.ts"
import type { Plan } from "#machines/plan.ts"
import type { ListenerEvent } from "#src/audio/listener-events.ts"
import { interpretText } from "#src/questionnaire/answer.ts"
import { withDistress } from "#src/questionnaire/safety.ts"
import type { Today } from "#src/questionnaire/understanding/ask.ts"
import type { Session } from "./session.ts"
import { todayAt } from "./today.ts"

type Final = Extract<ListenerEvent, { type: "transcript.final" }>

const linkIdOf = (expectation: Expectation): string => ("linkId" in expectation ? expectation.linkId : "")
/** The same question, and of what repeats the same occurrence. */
const isSame = (a: Expectation | undefined, b: Expectation): boolean => {
  const placeOf = (expectation: Expectation) =>
    "linkId" in expectation ? keyOf(expectation.linkId, expectation.at) : ""
  return a !== undefined && a.about === b.about && placeOf(a) === placeOf(b)
}

type Understood = Pick<Final["transcript"], "text" | "unknownWords" | "confidence" | "degraded" | "freeText">

/** What was said is taken for what was expected when it was begun; if that is over, it is only a transcript. */
const tell = (session: Session, event: (plan: Plan, expected: Expectation) => InterviewEvent): void => {
  const expected = session.expected.shift()
  session.figures.utterances++
  session.actor.send({ type: "transcript.settled" })
  const plan = session.started?.questionnaire?.plan
  const isStillExpected = isSame(expected, session.expectation())
  if (plan !== undefined && expected !== undefined && isStillExpected && expected.about !== "nothing") {
    session.tellInterview(event(plan, expected))
  }
  session.settle()
}

/** What an utterance comes to. */
export const understood = (plan: Plan, expected: Expectation, transcript: Understood, today: Today): InterviewEvent =>
  withDistress(plan, expected, meant(plan, expected, transcript, today), transcript.text, transcript.freeText)

const meant = (plan: Plan, expected: Expectation, transcript: Understood, today: Today): InterviewEvent => {
  const { text, unknownWords, confidence, degraded } = transcript
  /** A noise, not a person: it costs no attempt. */
  if (text === "" && unknownWords === 0) return { type: "utterance.empty" }
  const event = interpretText(plan, expected, text, "voice", today, {
    confidence: confidence ?? 0,
    unknownWords
  })
  if (!degraded || (event.type !== "answer.given" && event.type !== "confirmation.given")) return event
  /** A safety question (R7.3) and a free text (R4.4) are never answered by a lesser model: the person is asked to touch. */
  const question = plan.questions.find(({ linkId }) => linkId === linkIdOf(expected))
  const isFree = question !== undefined && question.itemType !== "choice" && question.itemType !== "boolean"
  if (question?.confirm === "always" || (isFree && event.type === "answer.given")) return { type: "hearing.failed" }
  /** Another is read back before it is taken. */
  return event.type === "answer.given" ? { ...event, sure: false } : event
}

const settle = (session: Session, { utteranceId, transcript, audioStartMs, startMs, endMs }: Final): void => {
  const { text, confidence, words, alternatives, model, degraded, replayed } = transcript
  session.send({
    type: "transcript.final",
    utterance_id: session.ownId(utteranceId),
    text,
    confidence,
    words: words.map((word) => ({
      word: word.word,
      start_ms: Math.round(audioStartMs + word.startMs),
      end_ms: Math.round(audioStartMs + word.endMs),
      confidence: word.confidence
    })),
    ...(session.started?.alternatives ? { alternatives } : {}),
    start_ms: startMs,
    end_ms: endMs,
    model,
    degraded,
    replayed,
    trace_id: session.options.admission.traceId
  })
  tell(session, (plan, expected) => understood(plan, expected, transcript, todayAt(session.options.nowMs())))
}

export const receiveHeard = (session: Session, event: ListenerEvent): void => {
  switch (event.type) {
    case "speech.started":
      session.expected.push(session.expectation())
      session.send({ type: "speech.started", at_ms: event.atMs })
      return session.actor.send({ type: "speech.started" })
    case "transcript.partial":
      return session.send({
        type: "transcript.partial",
        utterance_id: session.ownId(event.utteranceId),
        text: event.text
      })
    case "speech.stopped":
      return session.send({ type: "speech.stopped", at_ms: event.atMs })
    case "speech.confirmed":
    case "speech.paused":
    case "speech.resumed":
    case "utterance.ended":
      return session.actor.send({ type: event.type })
    case "utterance.cleared":
      session.expected.pop()
      return session.actor.send({ type: "speech.paused" })
    case "transcript.final":
      return settle(session, event)
    case "transcript.failed":
      session.refuse(
        "stt_unavailable",
        "this utterance could not be recognised: say it again, or answer by touch or text"
      )
      return tell(session, () => ({ type: "hearing.failed" }))
    case "silence.elapsed":
      return session.tellInterview({ type: "silence.elapsed" })
    case "detector.failed":
      return session.options.onNotice("the voice activity detector is gone; its audio waits until it is back")
    case "drained":
      return session.readOn()
  }
}
