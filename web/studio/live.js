/** A live session's machines as they move: the events of Stately's inspection protocol, shown in the diagram that is chosen. */
import { ask, attempt, element, fill, made } from "./api.js"
import { onShown, shown, stand } from "./picture.js"

/** @typedef {import("../../schemas/inspection.ts").InspectionEvent} InspectionEvent */

const list = element("live-list", HTMLSelectElement)
const log = element("live-log", HTMLOListElement)
const stopButton = element("live-stop", HTMLButtonElement)
const linesMax = 200

/** @type {AbortController | undefined} */
let watching

/** Where each machine stands, by its name. @type {Map<string, unknown>} */
const states = new Map()
/** Names of actors by their ids, and the question of each state of the interview. @type {Map<string, string>} */
const names = new Map()
/** @type {Map<string, string>} */
const questions = new Map()

/**
 * Paths of the states that stand: `{ playback: { playing: "ducked" } }` is `playback.playing.ducked`.
 * @param {unknown} value
 * @param {string} before
 * @returns {ReadonlyArray<string>}
 */
const leaves = (value, before = "") =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${before}${key}.`))
    : [`${before}${String(value)}`]

/** The box of a questionnaire in which the interview's state is. @param {string} path */
const box = (path) => {
  const [state = ""] = path.split(".")
  const question = questions.get(state)
  if (question !== undefined) return question
  return /^(completed|amended|resting|stopped|declined|withdrawn)$/.test(state) ? "·end" : "·start"
}

const point = () => {
  const { kind, id } = shown()
  const machine = kind === "machine" ? id : "interview"
  const value = states.get(machine)
  if (value === undefined) return
  const paths = leaves(value)
  if (kind === "questionnaire") return stand(paths.map(box), paths.join(", "))
  // One question stands for all in the drawing of an interview.
  const drawn = machine === "interview" ? paths.map((path) => path.replace(/^(q|another)\d+/, "$11")) : paths
  stand(drawn, paths.join(", "))
}

/** @param {string} definition */
const learn = (definition) => {
  for (const [state, { meta }] of Object.entries(JSON.parse(definition).states ?? {})) {
    if (typeof meta?.linkId === "string") questions.set(state, meta.linkId)
  }
}

/** @param {string} text */
const write = (text) => {
  log.append(made("li", text, { dir: "ltr" }))
  while (log.childElementCount > linesMax) log.firstElementChild?.remove()
  log.scrollTop = log.scrollHeight
}

/** @param {InspectionEvent} event */
const follow = (event) => {
  if (event.type === "@xstate.actor") {
    names.set(event.sessionId, event.name)
    if (event.definition !== undefined) learn(event.definition)
  }
  const name = names.get(event.sessionId) ?? event.sessionId
  if (event.type === "@xstate.event") return
  const { value } = event.snapshot
  if (value === undefined) return
  const before = leaves(states.get(name))
  const entered = leaves(value).filter((path) => !before.includes(path))
  states.set(name, value)
  const where = entered.length === 0 ? "" : ` → ${entered.join(", ")}`
  write(`${name}: ${event.type === "@xstate.snapshot" ? event.event.type : "…"}${where}`)
  point()
}

/** @param {ReadableStream<Uint8Array>} body */
const read = async (body) => {
  let rest = ""
  const decoder = new TextDecoder()
  const reader = body.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (rest + decoder.decode(part.value, { stream: true })).split("\n\n")
    rest = events.pop() ?? ""
    for (const event of events) if (event.startsWith("data: ")) follow(JSON.parse(event.slice("data: ".length)))
  }
}

const load = () =>
  attempt("live", async () => {
    const { sessions } = await (await ask("/admin/sessions")).json()
    /** @type {ReadonlyArray<{ readonly id: string, readonly connected: boolean, readonly endpoint: string, readonly state: string | null, readonly questionnaire: { readonly id: string } | null }>} */
    const all = sessions
    fill(
      list,
      all
        .filter(({ connected }) => connected)
        .map(({ id, endpoint, state, questionnaire }) => ({
          value: id,
          text: `${id.slice(0, 8)} · ${questionnaire?.id ?? endpoint} · ${state ?? ""}`
        }))
    )
  })

const stop = () => {
  watching?.abort()
  watching = undefined
  stopButton.disabled = true
}

const watch = () =>
  attempt("live", async () => {
    if (list.value === "") await load()
    if (list.value === "") return
    stop()
    const mine = (watching = new AbortController())
    for (const known of [states, names, questions]) known.clear()
    log.replaceChildren()
    const response = await ask(`/admin/studio/sessions/${list.value}/events`, { signal: mine.signal })
    stopButton.disabled = false
    if (response.body !== null) await read(response.body)
    write("■")
    if (watching === mine) stop()
  })

export const begin = () => {
  fill(list, [])
  element("live-load", HTMLButtonElement).addEventListener("click", () => void load())
  element("live-act", HTMLButtonElement).addEventListener("click", () => void watch())
  stopButton.addEventListener("click", stop)
  onShown(point)
}
