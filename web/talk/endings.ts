/** How a visit may end, or not begin, in words; and whether trying again makes sense. */
import { SawtError, type SessionEnd } from "../../client/sawt-client.ts"
import { byId, say, show } from "./dom.ts"
import { type Word, word } from "./words.ts"

export type Ending = "busy" | "refused" | "unreachable" | "declined" | "withdrawn" | "later" | "over" | "replaced"

const mayTryAgain: ReadonlySet<Ending> = new Set(["busy", "unreachable", "later", "replaced"])

const endingOfCode = (code: string): Ending => {
  switch (code) {
    case "sessions_full":
    case "draining":
    case "rate_limited":
    case "internal":
    case "storage_unavailable":
      return "busy"
    case "unauthorized":
    case "forbidden":
    case "token_expired":
    case "resume_failed":
    case "unknown_questionnaire":
    case "invalid_message":
      return "refused"
    case "session_replaced":
      return "replaced"
    case "idle_timeout":
    case "duration_exceeded":
      return "later"
    default:
      return "unreachable"
  }
}

export const endingOfError = (error: unknown): Ending =>
  endingOfCode(error instanceof SawtError ? error.code : "unreachable")

export const endingOf = ({ reason, error }: SessionEnd): Ending =>
  error !== undefined ? endingOfCode(error.code) : reason === "paused" ? "later" : "over"

export const showEnding = (ending: Ending): void => {
  byId("over").dataset["ending"] = ending
  say("over-title", word(`${ending}Title` as Word))
  say("over-note", ending === "replaced" ? "" : word(`${ending}Note` as Word))
  byId("again").hidden = !mayTryAgain.has(ending)
  byId("again").textContent = word(ending === "later" ? "continue" : "again")
  show("over")
}
