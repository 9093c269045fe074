/** The bar below: who has the turn, what is heard, how loud, and the microphone's own button. */
import type { SawtError, ServerMessage } from "../../client/sawt-client.ts"
import { byId, say } from "./dom.ts"
import type { MicrophoneStatus } from "./visit.ts"
import { isWord, word } from "./words.ts"

let state = "authenticating"
let microphone: MicrophoneStatus = "closed"
let speaking = false
let person = false
let connected = true
/** Not before the person has consented. */
let mayListen = false

const tell = (): void => {
  const button = byId("microphone")
  button.setAttribute("aria-pressed", String(microphone === "open"))
  button.textContent = word(microphone === "closed" ? "microphoneOff" : "microphoneOn")
  // Who has paused is not asked to speak.
  button.hidden = !mayListen || (state === "paused" && microphone === "closed")
  byId("level").hidden = microphone !== "open"
  byId("voice").dataset["turn"] = !connected ? "nobody" : person ? "person" : speaking ? "service" : state
  byId("quiet").hidden = !speaking
  const name = !connected
    ? "authenticating"
    : state === "confirming"
      ? "confirmingState"
      : state === "listening" && microphone !== "open"
        ? "listeningQuiet"
        : state
  say("state", person && connected ? word("you") : speaking ? word("speaking") : isWord(name) ? word(name) : "")
}

/** While it is lost, nobody has the turn. */
export const showConnection = (isConnected: boolean): void => {
  connected = isConnected
  tell()
}

export const showSpeaking = (isSpeaking: boolean): void => {
  speaking = isSpeaking
  tell()
}

export const showMicrophone = (status: MicrophoneStatus, fault?: SawtError): void => {
  microphone = status
  if (status !== "open") person = false
  if (fault !== undefined) say("fault", isWord(fault.code) ? word(fault.code) : word("unsupported"))
  else if (status === "open") say("fault", "")
  tell()
}

/** -60 dBFS, a quiet room, is nothing; full scale is all of it. */
export const showLevel = (dbfs: number): void => {
  ;(byId("level") as HTMLMeterElement).value = Math.max(0, Math.min(1, (dbfs + 60) / 60))
}

export const showLive = (message: ServerMessage): void => {
  switch (message.type) {
    case "session.ready":
    case "state.changed":
      state = message.state
      return tell()
    case "speech.started":
    case "speech.stopped":
      person = message.type === "speech.started"
      return tell()
    case "transcript.partial":
    case "transcript.final": {
      byId("heard").classList.toggle("partial", message.type === "transcript.partial")
      return say("heard", message.text === "" ? "" : word("heard", { text: message.text }))
    }
    case "consent.requested":
      mayListen = false
      return tell()
    case "question.asked":
    case "session.snapshot":
      mayListen = true
      say("heard", "")
      return tell()
    default:
  }
}

/** Words in the other language. */
export const respell = tell
