/** Text as it may be kept, shown and spoken: composed (NFC), and without characters that change how the rest is read. Pure. */
import { directionMarks } from "#schemas/text.ts"
import type { ClientMessage } from "#schemas/wire.ts"

const controls = /(?!\n)\p{Cc}/gu
const bidirectional = new RegExp(`[${directionMarks}]`, "g")
/** Half a surrogate pair: no text, and refused by whoever encodes it. */
const lone = /\p{Surrogate}/gu

export const plainText = (text: string): string =>
  text.replace(controls, " ").replace(bidirectional, "").replace(lone, "\uFFFD").normalize("NFC").trim()

/** The same message, with whatever a person wrote in it made plain. Everything else in it is an id, a number or a choice. */
export const plainMessage = (message: ClientMessage): ClientMessage => {
  switch (message.type) {
    case "text.input":
    case "speech.say":
      return { ...message, text: plainText(message.text) }
    case "answer.select":
      return typeof message.value === "string" ? { ...message, value: plainText(message.value) } : message
    default:
      return message
  }
}
