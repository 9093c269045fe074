/** The diagram that is shown, and the boxes in it where something stands. */
import { element, words } from "./api.js"

const canvas = element("canvas", HTMLElement)
const show = element("show", HTMLSelectElement)
const heldIn = element("held-in", HTMLSelectElement)
const where = element("where", HTMLElement)
const scales = [0.35, 0.5, 0.7, 0.85, 1, 1.25, 1.6, 2]

let scale = 1
/** @type {ReadonlyArray<string>} */
let standing = []
let loads = 0

/** What is chosen: `{ kind: "questionnaire" | "machine", id, language }`. */
export const shown = () => {
  const [kind = "", id = ""] = show.value.split(":")
  return { kind, id, language: heldIn.value }
}

const rescale = () => {
  const svg = canvas.querySelector("svg")
  if (svg === null) return
  const { width, height } = svg.viewBox.baseVal
  svg.setAttribute("width", String(width * scale))
  svg.setAttribute("height", String(height * scale))
}

/** As wide as there is room, as far as it can then be read. */
const fit = () => {
  const width = canvas.querySelector("svg")?.viewBox.baseVal.width ?? 1
  scale = Math.min(1, Math.max(scales[0] ?? 1, (canvas.clientWidth - 24) / width))
  rescale()
}

/** @param {number} by */
const zoom = (by) => {
  const further = by > 0 ? scales.find((one) => one > scale + 0.01) : scales.findLast((one) => one < scale - 0.01)
  scale = further ?? scale
  rescale()
}

const mark = () => {
  const wanted = new Set(standing)
  /** @type {Element | undefined} */
  let first
  for (const node of canvas.querySelectorAll("[data-node]")) {
    const isHere = wanted.has(node.getAttribute("data-node") ?? "")
    node.classList.toggle("current", isHere)
    if (isHere) first ??= node
  }
  if (first === undefined) return
  const [box, frame] = [first.getBoundingClientRect(), canvas.getBoundingClientRect()]
  canvas.scrollBy({
    top: box.top - frame.top - (frame.height - box.height) / 2,
    left: box.left - frame.left - (frame.width - box.width) / 2
  })
}

/**
 * @param {ReadonlyArray<string>} nodes
 * @param {string} state
 */
export const stand = (nodes, state) => {
  standing = nodes
  where.textContent = state === "" ? words.nothingRuns : `${words.standsAt}: ${state}`
  mark()
}

/** @type {Array<() => void>} */
const followers = []
/** @param {() => void} follow Called after another thing was chosen. */
export const onShown = (follow) => void followers.push(follow)

/** A questionnaire has the languages that it has. */
const offerLanguages = () => {
  const languages = show.selectedOptions[0]?.dataset["languages"]?.split(" ") ?? []
  for (const option of heldIn.options) option.disabled = !languages.includes(option.value)
  heldIn.disabled = languages.length === 0
  if (languages.length > 0 && heldIn.selectedOptions[0]?.disabled !== false) heldIn.value = languages[0] ?? ""
}

const load = async () => {
  const mine = ++loads
  const { kind, id, language } = shown()
  const path = kind === "machine" ? `machines/${id}` : `questionnaires/${id}?language=${language}`
  const response = await fetch(`/studio/${path}`)
  if (!response.ok) throw new Error("no drawing")
  const drawn = new DOMParser().parseFromString(await response.text(), "image/svg+xml")
  // Another one was chosen meanwhile.
  if (mine !== loads) return
  canvas.replaceChildren(document.importNode(drawn.documentElement, true))
  fit()
  mark()
}

const choose = async () => {
  offerLanguages()
  const { id, kind, language } = shown()
  const url = new URL(location.href)
  url.hash = kind === "machine" ? id : `${id}.${language}`
  history.replaceState(null, "", url)
  stand([], "")
  for (const follow of followers) follow()
  await load()
}

/** Shows what the address names, else the first. */
export const begin = async () => {
  const [id, language] = location.hash.slice(1).split(/\.(?=ar$|en$)/)
  const named = [...show.options].find(({ value }) => value.split(":")[1] === id)
  if (named !== undefined) show.value = named.value
  heldIn.value = language ?? document.documentElement.lang
  for (const list of [show, heldIn]) list.addEventListener("change", () => void choose())
  element("smaller", HTMLButtonElement).addEventListener("click", () => zoom(-1))
  element("larger", HTMLButtonElement).addEventListener("click", () => zoom(1))
  await choose()
}
