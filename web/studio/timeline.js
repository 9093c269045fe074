/** Where the time of each turn went: a bar for each part, from the turn's beginning to its end. */
import { ask, attempt, element, fill, made, words } from "./api.js"

/** @typedef {import("../../schemas/timeline.ts").Timeline} Timeline */
/** @typedef {import("../../schemas/timeline.ts").TimelineTurn} TimelineTurn */

const list = element("timeline-list", HTMLSelectElement)
const turns = element("timeline-turns", HTMLOListElement)
const saveButton = element("timeline-save", HTMLButtonElement)

/** @type {Timeline | undefined} */
let timeline

/** Outer parts hold the others, and are no part of their own. */
const outer = new Set(["prompt", "recognition"])
/** @type {Readonly<Record<string, string>>} */
const names = {
  speech: words.partSpeech,
  endpointing: words.partEndpointing,
  queue: words.partQueue,
  decode: words.partDecode,
  recognition: words.partRecognition,
  match: words.partMatch,
  store: words.partStore,
  synthesis: words.partSynthesis,
  playback: words.partPlayback
}

/** From left to right, also within Arabic. @param {number} ms */
const time = (ms) => `\u2066${Math.round(ms)} ms\u2069`

/**
 * Runs in the page's direction, whatever stands in it.
 * @param {string} tag
 * @param {string} name
 */
const box = (tag, name = "") => {
  const node = document.createElement(tag)
  if (name !== "") node.className = name
  return node
}

/** A lost hearing has no decoding to show: it stands for itself. @param {TimelineTurn["parts"][number]} part */
const isShown = ({ name, failed }) => !outer.has(name) || (name === "recognition" && failed)

/**
 * @param {TimelineTurn["parts"][number]} part
 * @param {number} durationMs
 */
const row = ({ name, from_ms, to_ms, failed }, durationMs) => {
  const line = box("tr")
  const bar = box("span", `bar-part part-${name}${failed ? " failed" : ""}`)
  bar.style.insetInlineStart = `${(100 * from_ms) / durationMs}%`
  bar.style.inlineSize = `${Math.max(0.5, (100 * (to_ms - from_ms)) / durationMs)}%`
  const track = box("td", "track")
  track.append(bar)
  const title = box("th")
  title.textContent = names[name] ?? name
  title.setAttribute("scope", "row")
  const took = box("td")
  took.textContent = time(to_ms - from_ms)
  line.append(title, track, took)
  return line
}

/** @param {TimelineTurn} turn */
const drawn = ({ number, duration_ms, facts, parts }) => {
  const response = facts["sawt.turn.response_ms"]
  const told = [
    `${words.turn} ${number}`,
    words.outcomes[String(facts["sawt.turn.outcome"])] ?? "",
    String(facts["sawt.question"] ?? ""),
    typeof response === "number" ? `${words.response} ${time(response)}` : "",
    facts["sawt.turn.slow"] === true ? words.slow : "",
    facts["sawt.turn.failed"] === true ? words.turnFailed : ""
  ]
  const item = box("li")
  const details = document.createElement("details")
  details.open = true
  const summary = made("summary", told.filter((part) => part !== "").join(" · "))
  if (facts["sawt.turn.slow"] === true || facts["sawt.turn.failed"] === true) summary.className = "remarkable"
  const table = box("table", "waterfall")
  table.append(...parts.filter(isShown).map((part) => row(part, Math.max(1, duration_ms))))
  details.append(summary, table)
  item.append(details)
  return item
}

const load = () =>
  attempt("timeline", async () => {
    const { sessions } = await (await ask("/admin/sessions")).json()
    /** @type {ReadonlyArray<{ readonly id: string, readonly endpoint: string, readonly questionnaire: { readonly id: string } | null }>} */
    const all = sessions
    fill(
      list,
      all.map(({ id, endpoint, questionnaire }) => ({
        value: id,
        text: `${id.slice(0, 8)} · ${questionnaire?.id ?? endpoint}`
      }))
    )
  })

const show = () =>
  attempt("timeline", async () => {
    if (list.value === "") await load()
    if (list.value === "") return
    timeline = /** @type {Timeline} */ (await (await ask(`/admin/sessions/${list.value}/timeline`)).json())
    turns.replaceChildren(...timeline.turns.map(drawn))
    saveButton.disabled = false
  })

/** For a bug report: there is nothing personal in it. */
const save = () => {
  if (timeline === undefined) return
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob([JSON.stringify(timeline, undefined, 2)], { type: "application/json" }))
  link.download = `timeline-${timeline.session_id.slice(0, 8)}.json`
  link.click()
  URL.revokeObjectURL(link.href)
}

export const begin = () => {
  fill(list, [])
  element("timeline-load", HTMLButtonElement).addEventListener("click", () => void load())
  element("timeline-act", HTMLButtonElement).addEventListener("click", () => void show())
  saveButton.addEventListener("click", save)
}
