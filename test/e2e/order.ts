/** What docs/protocol.md promises about the order of a session's messages, as faults found in one. */
import type { ServerMessage, ServerMessageOf } from "#schemas/wire.ts"

const durable: ReadonlySet<ServerMessage["type"]> = new Set([
  "transcript.final",
  "question.asked",
  "answer.confirm",
  "answer.recorded",
  "questionnaire.notice",
  "questionnaire.completed",
  "session.ended"
])
const afterConsent: ReadonlySet<ServerMessage["type"]> = new Set([
  "question.asked",
  "answer.confirm",
  "answer.recorded"
])

type Messages = ReadonlyArray<ServerMessage>
type Placed<Type extends ServerMessage["type"]> = ServerMessageOf<Type> & { readonly at: number }

const placed = <Type extends ServerMessage["type"]>(messages: Messages, type: Type): ReadonlyArray<Placed<Type>> =>
  messages.flatMap((message, at) => (message.type === type ? [{ ...(message as ServerMessageOf<Type>), at }] : []))

const seqFaults = (messages: Messages): ReadonlyArray<string> => {
  let expected = 0
  return messages.flatMap((message) => {
    const seq = "seq" in message ? message.seq : undefined
    const due = durable.has(message.type) ? ++expected : undefined
    return seq === due ? [] : [`${message.type} has seq ${seq} instead of ${due}`]
  })
}

/** speech.started → partials → speech.stopped → one transcript.final, for each utterance. */
const utteranceFaults = (messages: Messages): ReadonlyArray<string> => {
  const started = placed(messages, "speech.started")
  const stopped = placed(messages, "speech.stopped")
  const finals = placed(messages, "transcript.final")
  const partials = placed(messages, "transcript.partial")
  if (started.length !== stopped.length || stopped.length !== finals.length) {
    return [`${started.length} started, ${stopped.length} stopped, ${finals.length} finals`]
  }
  return finals.flatMap((final, index) => {
    const [start, stop] = [started[index], stopped[index]]
    if (start === undefined || stop === undefined) return []
    const own = partials.filter(({ utterance_id }) => utterance_id === final.utterance_id)
    const inOrder = start.at < stop.at && stop.at < final.at && own.every(({ at }) => start.at < at && at < stop.at)
    const inTime = start.at_ms < stop.at_ms && final.start_ms === start.at_ms && final.end_ms === stop.at_ms
    return [
      ...(inOrder ? [] : [`utterance ${final.utterance_id} is out of order`]),
      ...(inTime ? [] : [`utterance ${final.utterance_id} has other times than its speech`])
    ]
  })
}

/** One prompt at a time: begin, perhaps ducks, end, all of one id. */
const promptFaults = (messages: Messages): ReadonlyArray<string> => {
  let current: string | undefined
  return messages.flatMap((message) => {
    switch (message.type) {
      case "audio.begin": {
        const before = current
        current = message.id
        return before === undefined ? [] : [`prompt ${message.id} begins within ${before}`]
      }
      case "audio.duck":
        return message.id === current ? [] : [`prompt ${message.id} is ducked within ${current}`]
      case "audio.end": {
        const before = current
        current = undefined
        return before === message.id ? [] : [`prompt ${message.id} ends within ${before}`]
      }
      default:
        return []
    }
  })
}

/** question.asked → audio.begin … audio.end → the person's turn → answer.recorded. */
const answerFaults = (messages: Messages): ReadonlyArray<string> =>
  placed(messages, "answer.recorded").flatMap((answer) => {
    const asked = placed(messages, "question.asked").findLast(({ at }) => at < answer.at)
    if (asked?.link_id !== answer.link_id) return [`${answer.link_id} is recorded while ${asked?.link_id} is asked`]
    if (answer.via !== "voice") return []
    const between = messages.slice(asked.at, answer.at).map(({ type }) => type)
    const steps = ["audio.begin", "audio.end", "speech.started", "transcript.final"] as const
    const places = steps.map((type) => between.indexOf(type))
    return places.every((place, index) => place > (places[index - 1] ?? 0))
      ? []
      : [`${answer.link_id} is recorded after ${between.join(", ")}`]
  })

const consentFaults = (messages: Messages): ReadonlyArray<string> => {
  const consent = messages.findIndex(({ type }) => type === "consent.requested")
  const early = messages.findIndex(({ type }) => afterConsent.has(type))
  return early < 0 || (consent >= 0 && consent < early) ? [] : [`${messages[early]?.type} before the consent`]
}

/** Item 9 by voice is read back, whatever was said (R7.3). */
export const unconfirmed = (messages: Messages, linkId: string): ReadonlyArray<string> =>
  placed(messages, "answer.recorded")
    .filter((answer) => answer.link_id === linkId && answer.via === "voice")
    .flatMap((answer) => {
      const asked = messages.findLastIndex(({ type }, at) => type === "question.asked" && at < answer.at)
      const confirm = placed(messages, "answer.confirm").findLast(({ at }) => asked < at && at < answer.at)
      return confirm?.link_id === linkId && confirm.value === answer.value ? [] : [`${linkId} without read-back`]
    })

export const orderFaults = (messages: Messages): ReadonlyArray<string> => [
  ...(messages[0]?.type === "session.ready" ? [] : [`${messages[0]?.type} comes before session.ready`]),
  ...(placed(messages, "session.ready").length === 1 ? [] : ["not one session.ready"]),
  ...seqFaults(messages),
  ...utteranceFaults(messages),
  ...promptFaults(messages),
  ...answerFaults(messages),
  ...consentFaults(messages)
]
