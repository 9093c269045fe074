/** Answers by typing: all of them go to the service each time, which goes through them from the beginning. */
import { ask, attempt, element, made, words } from "./api.js"
import { onShown, shown, stand } from "./picture.js"

/** @typedef {import("../../schemas/studio.ts").Trial} Trial */

const conversation = element("conversation", HTMLOListElement)
const answer = element("answer", HTMLInputElement)
const how = element("how", HTMLSelectElement)

/** @type {Array<{ readonly text: string, readonly heard?: number }>} */
let inputs = []

/** Words of two directions: each foreign part stands for itself. @param {Trial["steps"][number]} step */
const understanding = ({ understood: { kind, rule, display, score, sure }, event }) => {
  const figures = [score === undefined ? "" : score.toFixed(2), sure === undefined ? "" : sure ? "✓" : "?"]
  const parts = [kind, display ?? "", ...figures].filter((part) => part !== "")
  const row = made("small", "")
  const told = parts.flatMap((part) => [made("bdi", part), " "])
  row.append(`${words.understood}: `, ...told, `· ${words.rule}: `, made("bdi", rule), " · ", made("bdi", event))
  return row
}

/** @param {ReadonlyArray<string>} said */
const turns = (said) => said.map((text) => made("li", text, { class: "machine" }))

/** @param {Trial} trial */
const tell = (trial) => {
  const rows = [
    ...turns(trial.said),
    ...trial.steps.flatMap((step) => {
      const row = made("li", "", { class: "person" })
      row.append(made("span", step.text, { class: "typed" }), understanding(step))
      return [row, ...turns(step.said)]
    })
  ]
  if (trial.choices.length > 0) {
    const choices = trial.choices.map(({ key, display }) => `${key} ${display}`).join(" · ")
    rows.push(made("li", choices, { class: "choices" }))
  }
  if (trial.alerts.length > 0) {
    const alerts = trial.alerts.map(({ rule, link_id }) => `${rule} (${link_id})`).join(", ")
    rows.push(made("li", `${words.alerts}: ${alerts}`, { class: "alert" }))
  }
  if (trial.finished) {
    const scores = trial.scores.map(
      ({ id, value, band }) => `${id} = ${value}${band === undefined ? "" : ` (${band})`}`
    )
    rows.push(made("li", [`${words.ended}: ${trial.status}`, ...scores].join(" · "), { class: "ended" }))
  }
  conversation.replaceChildren(...rows)
  conversation.scrollTop = conversation.scrollHeight
  stand([trial.node], trial.state)
}

/** @param {typeof inputs} wanted */
const run = (wanted) =>
  attempt("try", async () => {
    const { kind, id, language } = shown()
    if (kind !== "questionnaire") return conversation.replaceChildren(made("li", words.onlyQuestionnaires))
    const response = await ask("/admin/studio/try", { body: { questionnaire: id, language, inputs: wanted } })
    inputs = wanted
    tell(await response.json())
  })

export const begin = () => {
  element("try-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault()
    const text = answer.value.trim()
    const heard = how.value === "" ? {} : { heard: Number(how.value) }
    const next = text === "" ? inputs : [...inputs, { text, ...heard }]
    void run(next).then(() => {
      if (inputs === next) answer.value = ""
      answer.focus()
    })
  })
  element("try-undo", HTMLButtonElement).addEventListener("click", () => void run(inputs.slice(0, -1)))
  element("try-restart", HTMLButtonElement).addEventListener("click", () => void run([]))
  onShown(() => {
    inputs = []
    conversation.replaceChildren()
  })
}
