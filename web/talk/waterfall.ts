/** For developers: what each turn was made of, from the end of speech to the first sound of the reply. */
import type { ServerMessage } from "../../client/sawt-client.ts"
import { byId, element, say } from "./dom.ts"

const turnsMax = 20
const steps = {
  "speech.stopped": "end of speech",
  "transcript.final": "final",
  "answer.recorded": "kept",
  "question.asked": "next question",
  "audio.begin": "reply begins"
} as const

let startedAt = 0
let line: HTMLElement | undefined

const isStep = (type: string): type is keyof typeof steps => Object.hasOwn(steps, type)

/** A turn begins where the person stops speaking, or touches. */
export const follow = (message: ServerMessage): void => {
  if (message.type === "session.ready") say("trace", `trace ${message.trace_id}`)
  if (!isStep(message.type)) return
  const now = performance.now()
  if (message.type === "speech.stopped" || line === undefined) {
    startedAt = now
    line = element("p", {})
    byId("waterfall").prepend(line)
    while (byId("waterfall").childElementCount > turnsMax) byId("waterfall").lastElementChild?.remove()
  }
  const afterMs = Math.round(now - startedAt)
  const bar = element("span", { class: "bar" })
  bar.style.inlineSize = `${Math.min(100, afterMs / 20)}%`
  line.append(element("span", { class: "step" }, `${steps[message.type]} +${afterMs} ms`, bar))
  if (message.type === "audio.begin") line = undefined
}
