/** The page: from an invitation's link to the summary, by touch, keyboard and voice. */
import type { ServerMessage, ServerMessageOf } from "../../client/sawt-client.ts"
import { chosenQuestionnaire, offerQuestionnaires, retitle } from "./choose.ts"
import { byId, element, inputOf, onClick, onSubmit, say, show, spell, viewNow } from "./dom.ts"
import { endingOf, endingOfError, showEnding, type Ending } from "./endings.ts"
import { forget, keep, type Kept, keptVisit, scopesOf, tokenOfAddress } from "./kept.ts"
import { respell, showConnection, showLevel, showLive, showMicrophone, showSpeaking } from "./live.ts"
import { optionOfKey, type Question, showQuestion } from "./question.ts"
import { showResult } from "./result.ts"
import { Visit } from "./visit.ts"
import { follow } from "./waterfall.ts"
import { languageNow, useLanguage, word } from "./words.ts"

let kept: Kept | undefined
let visit: Visit | undefined
/** Of the visit, where it was chosen by link or by the page; the service knows an invitation's. */
let asksIn: Kept["language"]
let question: Question | undefined
let consentVersion = ""
/** All is answered; the answers may still be read back, and corrected. */
let finished = false
/** What the person chose themselves, and how that ends. */
let chosen: Ending | undefined
/** Of the prompt that is spoken. */
let promptText = ""

const asked = (shown: Question): void => {
  // The answers are read back in several groups under one id.
  if (question?.link_id !== shown.link_id || question.text !== shown.text) say("lead", "")
  question = shown
  showQuestion(shown, (answer) => visit?.send({ type: "answer.select", link_id: shown.link_id, ...answer }))
  byId("withdrawal").hidden = false
  if (viewNow() === "question") byId("question-text").focus()
  else show("question")
}

/** What is said before the question belongs to it: of which weeks it asks, for instance. */
const showLead = (): void => {
  const at = question === undefined ? -1 : promptText.indexOf(question.text)
  if (at > 0) say("lead", promptText.slice(0, at).trim())
}

const askToConfirm = (text: string): void => {
  say("confirm-text", text)
  byId("confirm").hidden = false
  byId("confirm-text").focus()
}

const notice = (text: string): void => {
  say("notice-text", text)
  byId("notice").hidden = false
}

const reprompt = ({ reason, message }: ServerMessageOf<"question.reprompt">): void => {
  byId("confirm").hidden = true
  say("reprompt", message ?? word(reason))
}

const stateChanged = ({ state, previous }: ServerMessageOf<"state.changed">): void => {
  if (state === "paused") return show("paused")
  if (state === "completed" && chosen === "declined") {
    showEnding(chosen)
    return visit?.endWhenSilent()
  }
  if (state === "completed" && finished) return show("result")
  if (previous === "paused" && question !== undefined) show("question")
  // Stopping and pausing are asked about too, in words alone.
  if (state === "confirming" && byId("confirm").hidden && viewNow() === "question") askToConfirm(promptText)
}

const models = ({ model, status }: ServerMessageOf<"models.changed">): void => {
  if (model === "tts") say("connection", status === "failed" ? word("speechDown") : "")
  if (model === "stt") say("connection", status === "failed" ? word("hearingDown") : "")
}

/** Vosk's models have their language in their names; of another name nothing is known, and nothing said. */
const hearsArabicOnly = (backend: string): boolean => /-ar(-|$)/.test(backend)

/** Who would not be understood is not led to speak. */
const showHearing = (isUnderstood: boolean): void => {
  byId("not-heard").hidden = isUnderstood
  byId("agree-voice").classList.toggle("main", isUnderstood)
  byId("agree-touch").classList.toggle("main", !isUnderstood)
  const first = byId(isUnderstood ? "agree-voice" : "agree-touch")
  first.parentElement?.prepend(first)
}

const receive = (message: ServerMessage): void => {
  showLive(message)
  follow(message)
  switch (message.type) {
    case "session.ready":
      return showHearing(asksIn !== "en" || !hearsArabicOnly(message.models.stt.backend))
    case "consent.requested":
      consentVersion = message.version
      say("consent-text", message.text)
      return show("consent")
    case "state.changed":
      return stateChanged(message)
    case "audio.begin":
      promptText = message.text
      showLead()
      if (!byId("confirm").hidden && byId("confirm-text").textContent === "") say("confirm-text", promptText)
      return
    case "question.reprompt":
      return reprompt(message)
    case "answer.confirm":
      return askToConfirm(word("confirming", { display: message.display }))
    case "answer.recorded":
      byId("confirm").hidden = true
      return
    case "questionnaire.notice":
      return notice(message.message)
    case "questionnaire.completed":
      showResult(message)
      finished = true
      return show("result")
    case "consent.withdrawn":
      chosen = "withdrawn"
      return visit?.end()
    case "models.changed":
      return models(message)
    case "session.expiring":
      if (message.reason !== "token") say("connection", word(message.reason === "draining" ? "draining" : "expiring"))
      return
    case "error":
      return say("fault", word("failed"))
    default:
  }
}

const ended = (ending: Ending): void => {
  visit = undefined
  byId("voice").hidden = true
  byId("withdrawal").hidden = true
  say("connection", "")
  if (ending === "declined" || ending === "withdrawn" || ending === "refused") forget()
  if (finished && chosen !== "withdrawn") show("result")
  else showEnding(ending)
}

const begin = async (): Promise<void> => {
  if (kept === undefined || viewNow() === "connecting") return
  say("fault", "")
  chosen = undefined
  finished = false
  const started: Kept = { ...kept, ...chosenQuestionnaire() }
  asksIn = started.language
  show("connecting")
  try {
    visit = await Visit.begin(started, {
      message: receive,
      question: asked,
      connection: (status) => {
        document.body.dataset["connection"] = status
        showConnection(status === "connected")
        say("connection", status === "reconnecting" ? word("reconnecting") : "")
      },
      speaking: showSpeaking,
      microphone: showMicrophone,
      level: showLevel,
      ended: (end) => {
        kept = keptVisit() ?? kept
        ended(chosen ?? endingOf(end))
      }
    })
    byId("voice").hidden = false
  } catch (error) {
    ended(endingOfError(error))
  }
}

const withToken = (token: string): void => {
  const asks = new URLSearchParams(location.search)
  const questionnaire = asks.get("questionnaire")
  const language = asks.get("language")
  kept = {
    token,
    ...(language === "ar" || language === "en" ? { language } : {}),
    ...(questionnaire === null ? {} : { questionnaire })
  }
  keep(kept)
  // An invitation names its questionnaire; any other token leaves the choice.
  if (scopesOf(token) !== undefined && questionnaire === null)
    void offerQuestionnaires().catch(() => say("fault", word("unreachableNote")))
  show("begin")
}

const agree = (byVoice: boolean): void => {
  if (byVoice) visit?.useVoice(false)
  visit?.send({ type: "consent.give", version: consentVersion })
}

const yes = (isMeant: boolean): void => {
  byId("confirm").hidden = true
  visit?.send({ type: "dtmf", digits: isMeant ? "1" : "2" })
}

const keys = [..."123456789*0#"]
byId("keypad").replaceChildren(
  ...keys.map((digits) => {
    const key = element("button", { type: "button" }, digits)
    key.addEventListener("click", () => visit?.send({ type: "dtmf", digits }))
    return key
  })
)

/** Where nothing is typed, a digit chooses the option that carries it. */
document.addEventListener("keydown", (event) => {
  const isTyped =
    event.target instanceof HTMLInputElement ||
    event.target instanceof HTMLTextAreaElement ||
    event.target instanceof HTMLSelectElement
  if (isTyped || event.repeat || event.ctrlKey || event.altKey || event.metaKey || viewNow() !== "question") return
  optionOfKey(event.key)?.click()
})

onSubmit(byId("enter-form"), () => {
  const typed = inputOf("token").value.trim()
  inputOf("token").value = ""
  withToken(typed.includes("#") ? typed.slice(typed.indexOf("#") + 1) : typed)
})
onSubmit(byId("type-form"), () => {
  const typed = inputOf("typed")
  const text = typed.value.trim()
  typed.value = ""
  if (text !== "") visit?.send({ type: "text.input", text })
})
onClick("start", begin)
onClick("again", begin)
onClick("agree-voice", () => agree(true))
onClick("agree-touch", () => agree(false))
onClick("decline", () => {
  chosen = "declined"
  forget()
  visit?.send({ type: "consent.decline", version: consentVersion })
})
onClick("yes", () => yes(true))
onClick("no", () => yes(false))
onClick("repeat", () => visit?.send({ type: "question.repeat" }))
onClick("back", () => visit?.send({ type: "question.back" }))
onClick("skip", () => visit?.send({ type: "question.skip" }))
onClick("pause", () => visit?.send({ type: "session.pause" }))
onClick("continue", () => visit?.send({ type: "session.continue" }))
onClick("help", () => visit?.send({ type: "help.request" }))
onClick("withdraw", () => visit?.send({ type: "consent.withdraw" }))
onClick("microphone", () => visit?.toggleMicrophone())
onClick("quiet", () => visit?.quiet())
onClick("notice-close", () => {
  byId("notice").hidden = true
  byId("question-text").focus()
})
onClick("print", () => print())
onClick("developer-toggle", () => {
  const shows = byId("developer").hidden
  byId("developer").hidden = !shows
  byId("developer-toggle").setAttribute("aria-pressed", String(shows))
})
onClick("language", () => {
  useLanguage(languageNow() === "ar" ? "en" : "ar")
  spell()
  respell()
  retitle()
})

const wanted = new URLSearchParams(location.search).get("language")
useLanguage(wanted === "en" ? "en" : "ar")
spell()
respell()

const token = tokenOfAddress()
const before = keptVisit()
if (token !== undefined && before?.token !== token) withToken(token)
else if (before === undefined) show("enter")
else {
  kept = before
  if (before.resume !== undefined) byId("start").textContent = word("continue")
  show("begin")
}
// A link that is opened where this page stands already.
addEventListener("hashchange", () => {
  const next = tokenOfAddress()
  if (next !== undefined && visit === undefined) withToken(next)
})
