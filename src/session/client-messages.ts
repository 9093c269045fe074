/** What each message of a client does to its session, once it is decoded. One row for each type. */
import type { ClientMessage } from "#schemas/wire.ts"
import { interpretDigits, interpretSelection, interpretText, type Refusal } from "#src/questionnaire/answer.ts"
import { withDistress } from "#src/questionnaire/safety.ts"
import type { InterviewEvent } from "#machines/interview.ts"
import { interviewOf } from "#machines/session.ts"
import { consentVersion } from "#src/tts/prompts.ts"
import { cannotDelete, withdraw } from "./interviewing.ts"
import { asPossible } from "./pausing.ts"
import { plainMessage } from "./plain-text.ts"
import { refusalOf } from "./refusals.ts"
import type { Session } from "./session.ts"
import type { Started } from "./started.ts"
import { todayAt } from "./today.ts"

type Of<Type extends ClientMessage["type"]> = Extract<ClientMessage, { type: Type }>

const isRefusal = (event: InterviewEvent | Refusal): event is Refusal => "refused" in event

const notNow = (session: Session, what: string): void =>
  session.refuse("not_ready", `${what} needs a questionnaire in progress`)

const interview = (session: Session, started: Started, message: ClientMessage, event: InterviewEvent | Refusal) => {
  if (started.questionnaire === undefined || session.expectation().about === "nothing")
    return notNow(session, message.type)
  if (session.paused) return session.refuse("not_ready", "the session is paused: session.continue goes on with it")
  if (isRefusal(event)) return session.refuse("invalid_answer", event.refused)
  const refused = refusalOf(started.questionnaire.plan, session.expectation(), event)
  return refused === undefined ? session.tellInterview(asPossible(session, event)) : session.refuse(...refused)
}

const withPlan = (
  session: Session,
  started: Started,
  message: ClientMessage,
  interpret: (plan: NonNullable<Started["questionnaire"]>["plan"]) => InterviewEvent | Refusal
) => {
  if (started.questionnaire === undefined) return notNow(session, message.type)
  return interview(session, started, message, interpret(started.questionnaire.plan))
}

const consent = (session: Session, started: Started, message: Of<"consent.give"> | Of<"consent.decline">) => {
  if (session.expectation().about !== "consent") return session.refuse("not_ready", "no consent is being asked for")
  if (message.version !== consentVersion) {
    return session.refuse("invalid_answer", `consent is asked for version ${consentVersion}`)
  }
  const event: InterviewEvent =
    message.type === "consent.give" ? { type: "consent.given", via: "touch" } : { type: "consent.declined" }
  return interview(session, started, message, event)
}

/** At any time: while paused too, and after the last question. What is touched is meant. */
const withdrawal = (session: Session, started: Started, message: ClientMessage) => {
  if (started.questionnaire === undefined) return notNow(session, message.type)
  const held = interviewOf(session.actor.getSnapshot())
  if (held?.status === "active") {
    if (session.paused) session.actor.send({ type: "session.continue" })
    return session.tellInterview({ type: "consent.withdrawn", via: "touch" })
  }
  if (!withdraw(session, "touch")) return session.refuse(...cannotDelete)
  session.send({ type: "consent.withdrawn" })
  return session.endNow("ended")
}

const text = (session: Session, started: Started, message: Of<"text.input">) => {
  const typed = message.text
  if (started.questionnaire === undefined) {
    session.send({
      type: "transcript.final",
      utterance_id: session.nextTypedId(),
      text: typed,
      confidence: null,
      words: [],
      start_ms: started.listener.positionMs(),
      end_ms: started.listener.positionMs(),
      model: "typed",
      degraded: false,
      replayed: false,
      trace_id: session.turns.traceId
    })
    return
  }
  return withPlan(session, started, message, (plan) => {
    const expectation = session.expectation()
    const event = interpretText(plan, expectation, typed, "text", todayAt(session.options.nowMs()))
    return withDistress(plan, expectation, event, typed)
  })
}

const say = (session: Session, message: Of<"speech.say">) => {
  const { admission, nowMs } = session.options
  if (admission.endpoint === "healthcare") {
    return session.refuse("forbidden", "speech.say belongs to the basic and secure endpoints")
  }
  if (admission.endpoint === "basic" && session.bounds.spoken.hit(nowMs(), message.text.length)) {
    return session.refuse("rate_limited", "the basic socket speaks 2,000 characters a minute: wait, or use /ws/secure")
  }
  const { text } = message
  if (text === "") return session.refuse("invalid_message", "`text` holds nothing that could be spoken", message.ref)
  return session.speak(
    { text, spoken: text },
    {
      keep: false,
      replace: false,
      interruptible: message.interruptible ?? true,
      ...(message.voice === undefined ? {} : { voice: message.voice })
    }
  )
}

const select = (message: Of<"answer.select">) => ({
  linkId: message.link_id,
  ...(message.code === undefined ? {} : { code: message.code }),
  ...(message.value === undefined ? {} : { value: message.value })
})

/** What a client sends by itself says nothing of the person: it keeps no idle session. */
export const sentUnasked: ReadonlySet<ClientMessage["type"]> = new Set(["ping", "ack", "session.refresh"])

/** What a person does: an answer, a command, something to be said. Each is a turn. */
const opensTurn: ReadonlySet<ClientMessage["type"]> = new Set([
  "consent.give",
  "consent.decline",
  "consent.withdraw",
  "text.input",
  "answer.select",
  "dtmf",
  "question.repeat",
  "question.back",
  "question.skip",
  "question.goto",
  "help.request",
  "session.continue",
  "speech.say"
])

export const receiveMessage = (session: Session, received: ClientMessage): void => {
  const message = plainMessage(received)
  const { started } = session
  if (opensTurn.has(message.type)) session.turns.input()
  if (message.type === "ping") {
    session.send({ type: "pong", ...(message.id === undefined ? {} : { id: message.id }) })
    return
  }
  if (message.type === "session.end") return session.finish()
  if (message.type === "session.start") {
    if (session.start !== undefined) return session.refuse("not_ready", "the session has started already")
    session.start = message
    session.turns.begin(message.traceparent)
    return session.actor.send({ type: "start.requested" })
  }
  if (started === undefined) return session.refuse("not_ready", `${message.type} came before session.ready`)

  switch (message.type) {
    case "audio.commit":
      return started.listener.commit()
    case "audio.clear":
      return started.listener.clear()
    case "consent.give":
    case "consent.decline":
      return consent(session, started, message)
    case "consent.withdraw":
      return withdrawal(session, started, message)
    case "text.input":
      return text(session, started, message)
    case "answer.select":
      return withPlan(session, started, message, (plan) =>
        interpretSelection(plan, session.expectation(), select(message))
      )
    case "dtmf":
      return withPlan(session, started, message, (plan) => interpretDigits(plan, session.expectation(), message.digits))
    case "question.repeat":
    case "question.back":
    case "question.skip":
      return interview(session, started, message, { type: message.type })
    case "help.request":
      return interview(session, started, message, { type: "handover.request" })
    case "question.goto":
      return interview(session, started, message, { type: "question.goto", linkId: message.link_id })
    case "session.pause":
    case "session.continue":
      if (session.paused === (message.type === "session.pause"))
        return session.refuse(
          "not_ready",
          session.paused ? "the session is paused already" : "the session is not paused"
        )
      return session.actor.send({ type: message.type })
    case "speech.say":
      return say(session, message)
    case "speech.cancel":
      return session.actor.send({ type: "prompt.cancelled", ...(message.id === undefined ? {} : { id: message.id }) })
    case "speech.played":
      return started.playback.played(message.id, message.played_ms, message.at_ms)
    case "session.refresh":
      return session.options.token.refresh(session, message)
    case "ack":
      if (session.acknowledged(message.seq)) return
      return session.refuse("invalid_message", "ack names a message that has not been sent")
  }
}
