/** The prompts of the questionnaire that is shown, as the configured voice says them. */
import { ask, attempt, element, fill } from "./api.js"
import { onShown, shown } from "./picture.js"

/** @typedef {import("../../schemas/studio.ts").StudioPrompt} Prompt */

const list = element("listen-list", HTMLSelectElement)
const text = element("prompt-text", HTMLElement)
const audio = element("audio", HTMLAudioElement)

/** @type {ReadonlyArray<Prompt>} */
let prompts = []

const query = () => {
  const { id, language } = shown()
  return new URLSearchParams({ questionnaire: id, language })
}

const tell = () => {
  const prompt = prompts.find(({ key }) => key === list.value)
  text.textContent = prompt?.spoken ?? ""
  text.dir = "auto"
}

const load = () =>
  attempt("listen", async () => {
    if (shown().kind !== "questionnaire") return fill(list, [])
    /** @type {{ readonly prompts: ReadonlyArray<Prompt> }} */
    const answer = await (await ask(`/admin/studio/prompts?${query()}`)).json()
    prompts = answer.prompts
    fill(
      list,
      prompts.map(({ key, about, link_id, text }) => ({
        value: key,
        text: `${link_id ?? about}: ${text.slice(0, 60)}`
      }))
    )
    tell()
  })

const play = () =>
  attempt("listen", async () => {
    if (prompts.length === 0) await load()
    if (list.value === "") return
    const response = await ask(`/admin/studio/speech?${query()}&prompt=${list.value}`)
    URL.revokeObjectURL(audio.src)
    audio.src = URL.createObjectURL(await response.blob())
    audio.hidden = false
    await audio.play()
  })

export const begin = () => {
  fill(list, [])
  list.addEventListener("change", tell)
  element("listen-load", HTMLButtonElement).addEventListener("click", () => void load())
  element("listen-act", HTMLButtonElement).addEventListener("click", () => void play())
  onShown(() => {
    prompts = []
    fill(list, [])
    tell()
    audio.pause()
    audio.hidden = true
  })
}
