/** What each thing that the audio path hears does to its session. One row for each event. */
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import { keyOf } from "#machines/kept.ts"
import type { Plan } from "#machines/plan.ts"
import type { ListenerEvent } from "#src/audio/listener-events.ts"
import { limits } from "#src/limits.ts"
import { interpretText } from "#src/questionnaire/answer.ts"
import { withDistress } from "#src/questionnaire/safety.ts"
import type { Today } from "#src/questionnaire/understanding/ask.ts"
import { believed, withoutEcho } from "./echoed.ts"
import { asPossible } from "./pausing.ts"
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

/** Longer is cut off; the frames before the first one of speech and after the last one count too. */
const isCut = (startMs: number, endMs: number): boolean => endMs - startMs >= limits.utteranceMsMax - 1_000
/** Whoever is cut off and goes on speaking, begins within this. */
const goesOnWithinMs = 1_000

/** Of each session: when the last utterance began, when one was cut off, and the one that only goes on with it. */
const flows = new WeakMap<Session, { startedAtMs: number; cutAtMs: number; goingOn?: string }>()
const flowOf = (session: Session) => {
  const known = flows.get(session) ?? { startedAtMs: 0, cutAtMs: Number.NEGATIVE_INFINITY }
  flows.set(session, known)
  return known
}

/** The rest of what was cut off is no answer to what is asked next. */
const begun = (session: Session, { utteranceId, atMs }: Extract<ListenerEvent, { type: "speech.started" }>): void => {
  const flow = flowOf(session)
  flow.startedAtMs = atMs
  session.send({ type: "speech.started", at_ms: atMs })
  if (session.started?.questionnaire === undefined || atMs - flow.cutAtMs > goesOnWithinMs) {
    session.expected.push(session.expectation())
    return session.actor.send({ type: "speech.started" })
  }
  flow.goingOn = utteranceId
  session.expected.push({ about: "nothing" })
}

/** What was said is taken for what was expected when it was begun; if that is over, it is only a transcript. */
const tell = (session: Session, event: (plan: Plan, expected: Expectation) => InterviewEvent): void => {
  const expected = session.expected.shift()
  session.figures.utterances++
  session.actor.send({ type: "transcript.settled" })
  const plan = session.started?.questionnaire?.plan
  const isStillExpected = isSame(expected, session.expectation())
  if (plan !== undefined && expected !== undefined && isStillExpected && expected.about !== "nothing") {
    session.tellInterview(asPossible(session, event(plan, expected)))
  } else if (expected?.about === "nothing") session.tellInterview({ type: "utterance.empty" })
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

/** What was said up to there counts. */
export const shortened = (event: InterviewEvent): InterviewEvent =>
  event.type === "answer.given"
    ? { ...event, isLong: true }
    : event.type === "answer.unmatched"
      ? { ...event, reason: "too_long" }
      : event

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
    trace_id: session.turns.traceId
  })
  const { started } = session
  const echoless = () =>
    started?.mode === "live"
      ? withoutEcho(transcript, audioStartMs, (fromMs, toMs) => started.played.wordsBetween(fromMs, toMs))
      : text
  const today = todayAt(session.options.nowMs())
  const cut = isCut(startMs, endMs)
  tell(session, (plan, expected) => {
    const event = believed(expected, text, echoless, (said) =>
      understood(plan, expected, { ...transcript, text: said }, today)
    )
    return cut ? shortened(event) : event
  })
}

export const receiveHeard = (session: Session, event: ListenerEvent): void => {
  switch (event.type) {
    case "speech.started":
      return begun(session, event)
    case "transcript.partial":
      return session.send({
        type: "transcript.partial",
        utterance_id: session.ownId(event.utteranceId),
        text: event.text
      })
    case "speech.stopped":
      if (isCut(flowOf(session).startedAtMs, event.atMs)) flowOf(session).cutAtMs = event.atMs
      return session.send({ type: "speech.stopped", at_ms: event.atMs })
    case "speech.confirmed":
    case "speech.paused":
    case "speech.resumed":
      return session.actor.send({ type: event.type })
    case "utterance.ended":
      if (event.utteranceId === flowOf(session).goingOn) return
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
    case "utterance.heard":
      return
    case "silence.elapsed":
      return session.tellInterview({ type: "silence.elapsed" })
    case "detector.failed":
      return session.options.onNotice("the voice activity detector is gone; its audio waits until it is back")
    case "drained":
      return session.reading.goOn()
    case "finished":
      return session.endNow("ended")
  }
}
