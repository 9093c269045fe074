/** A kept session, one step after the other. */
import { ask, attempt, element, fill, words } from "./api.js"
import { shown, stand } from "./picture.js"

/** @typedef {import("../../schemas/studio.ts").RunSteps} RunSteps */

const list = element("runs-list", HTMLSelectElement)
const back = element("run-back", HTMLButtonElement)
const on = element("run-on", HTMLButtonElement)
const line = element("run-step", HTMLElement)

/** @type {RunSteps | undefined} */
let run
let at = 0

const tell = () => {
  const step = run?.steps[at]
  back.disabled = at <= 0
  on.disabled = run === undefined || at >= run.steps.length - 1
  if (run === undefined || step === undefined) return
  const what = [step.type, step.link_id ?? "", step.via ?? "", step.revised === true ? "↺" : "", step.status ?? ""]
  line.textContent = `${words.step} ${at + 1}/${run.steps.length}: ${what.filter((part) => part !== "").join(" · ")} → ${step.state}`
  const { kind, id } = shown()
  const isShown = kind === "questionnaire" && id === run.questionnaire.id
  stand(isShown ? [step.node] : [step.state.replace(/^(q|another)\d+/, "$11")], step.state)
}

const load = () =>
  attempt("runs", async () => {
    /** @type {typeof import("../../schemas/studio.ts").Runs.Type} */
    const { runs } = await (await ask("/admin/studio/runs")).json()
    fill(
      list,
      runs.map(({ id, questionnaire, started_at, entries }) => ({
        value: id,
        text: `${started_at.slice(0, 16).replace("T", " ")} · ${questionnaire?.id ?? ""} · ${entries}`
      }))
    )
  })

const open = () =>
  attempt("runs", async () => {
    if (list.value === "") await load()
    if (list.value === "") return
    run = await (await ask(`/admin/studio/runs/${list.value}`)).json()
    at = 0
    tell()
  })

/** @param {number} by */
const go = (by) => {
  at += by
  tell()
  // A button that has become useless must not take the keyboard with it.
  if (back.disabled && document.activeElement === back) on.focus()
  if (on.disabled && document.activeElement === on) back.focus()
}

export const begin = () => {
  fill(list, [])
  element("runs-load", HTMLButtonElement).addEventListener("click", () => void load())
  element("runs-act", HTMLButtonElement).addEventListener("click", () => void open())
  back.addEventListener("click", () => go(-1))
  on.addEventListener("click", () => go(1))
}
