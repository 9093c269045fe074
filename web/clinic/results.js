/** Finished questionnaires with their answers and scores, for clinicians. */
import { call, request } from "./api.js"
import { busy, button, byId, element, onSubmit, table } from "./dom.js"
import { time, word } from "./words.js"

/** What an answer says. @param {any} answer */
const shown = ({ valueCoding, valueQuantity, ...rest }) => {
  if (valueCoding !== undefined) return valueCoding.display ?? valueCoding.code ?? ""
  if (valueQuantity !== undefined) return `${valueQuantity.value} ${valueQuantity.unit ?? ""}`
  const value = Object.entries(rest).find(([name]) => name.startsWith("value"))?.[1]
  return value === true ? "✓" : value === false ? "✗" : String(value ?? "")
}

/** @param {any[]} items @returns {[string, string][]} */
const answersOf = (items = []) =>
  items.flatMap(({ text, linkId, answer = [], item }) => [
    .../** @type {[string, string][]} */ (answer.length === 0 ? [] : [[text ?? linkId, answer.map(shown).join(", ")]]),
    ...answersOf(item)
  ])

/** @param {any} resource @param {any[]} scores */
const resultOf = (resource, scores) => {
  const title = String(resource.questionnaire)
    .replace(/\|.*$/, "")
    .replace(/^.*[/:]/, "")
  const totals = scores.map(({ valueInteger, valueQuantity, interpretation }) =>
    element(
      "strong",
      { class: "score" },
      `${word("score")} ${valueInteger ?? valueQuantity?.value} `,
      interpretation?.[0]?.text ?? ""
    )
  )
  const remove = button(word("remove"), async () => {
    if (!confirm(word("sureRemove"))) return
    await call("DELETE", `/responses/${encodeURIComponent(resource.id)}`)
    await showResults()
  })
  return element(
    "details",
    {},
    element(
      "summary",
      {},
      ...[resource.subject?.identifier?.value ?? "–", title, time(resource.authored), word(resource.status)].flatMap(
        (part) => [element("bdi", {}, part), " · "]
      ),
      ...totals
    ),
    table(
      title,
      [word("question"), word("answer")],
      answersOf(resource.item).map(([question, answer]) => [question, answer])
    ),
    remove
  )
}

const query = () => {
  const questionnaire = byId("results-questionnaire").value
  const subject = byId("results-subject").value.trim()
  return { ...(questionnaire === "" ? {} : { questionnaire }), ...(subject === "" ? {} : { subject }) }
}

/** @param {string} [next] */
export const showResults = async (next) => {
  const asked = query()
  const first = "subject" in asked ? "/responses/search" : `/responses?${new URLSearchParams(asked)}`
  const body = "subject" in asked ? asked : undefined
  const bundle = await call(body === undefined ? "GET" : "POST", next ?? first, body)
  /** @type {any[]} */
  const resources = (bundle.entry ?? []).map((/** @type {any} */ { resource }) => resource)
  const responses = resources.filter(({ resourceType }) => resourceType === "QuestionnaireResponse")
  const shownNow = responses.map((resource) =>
    resultOf(
      resource,
      resources.filter(({ derivedFrom }) => derivedFrom?.[0]?.reference === `QuestionnaireResponse/${resource.id}`)
    )
  )
  const list = byId("results-list")
  if (next === undefined) list.replaceChildren()
  list.querySelector(".more")?.remove()
  list.append(...shownNow)
  if (list.childElementCount === 0) list.append(element("p", { class: "none" }, word("none")))
  const more = bundle.link.find((/** @type {any} */ { relation }) => relation === "next")?.url
  if (more !== undefined) {
    const control = button(word("more"), () => showResults(more))
    control.className = "more"
    list.append(control)
  }
}

export const beginResults = () => {
  onSubmit(byId("results-form"), () => showResults())
  byId("results-table").addEventListener("click", () =>
    busy(byId("results-table"), async () => {
      const { questionnaire = byId("invite-questionnaire").value } = query()
      const path = `/responses?${new URLSearchParams({ questionnaire })}`
      const response = await request("GET", path, undefined, "text/csv")
      const link = element("a", { download: `${questionnaire}.csv`, href: URL.createObjectURL(await response.blob()) })
      link.click()
      URL.revokeObjectURL(link.href)
    })
  )
  onSubmit(byId("erase-form"), async () => {
    const subject = byId("erase-subject").value.trim()
    if (!confirm(`${word("sureErase")} ${subject}`)) return
    const { responses } = await call("POST", "/subjects/erase", { subject })
    byId("erase-form").reset()
    byId("erase-done").textContent = `${word("erased")} ${responses}`
    await showResults()
  })
}
