/** The clinic's page: who may see what follows from what was typed to get in; the service refuses everything else. */
import { call, enter, leave, Refused } from "./api.js"
import { busy, button, byId, element, onSubmit, table } from "./dom.js"
import { beginResults, showResults } from "./results.js"
import { language, time, word } from "./words.js"

const dayMs = 86_400_000
const alertsEveryMs = 30_000
/** @type {"admin" | "clinician" | undefined} */
let role

/** @param {any} row */
const whoOf = ({ subject, subject_hash }) => element("bdi", {}, subject ?? subject_hash ?? "–")

const showAlerts = async () => {
  const { alerts, unacknowledged } = await call("GET", "/admin/alerts?state=waiting")
  byId("alerts-count").textContent = unacknowledged === 0 ? "" : `${word("waiting")} ${unacknowledged}`
  const cards = alerts.map((/** @type {any} */ { id, raised_at, about }) => {
    const by = element("input", { id: `by-${id}`, maxlength: "200", required: "", autocomplete: "off" })
    const note = element("input", { id: `note-${id}`, maxlength: "2000", autocomplete: "off" })
    const form = element(
      "form",
      {},
      element("label", { for: by.id }, word("yourName")),
      by,
      element("label", { for: note.id }, word("note")),
      note,
      element("button", {}, word("acknowledge"))
    )
    onSubmit(form, async () => {
      const said = note.value.trim()
      const body = { by: by.value.trim(), ...(said === "" ? {} : { note: said }) }
      await call("POST", `/admin/alerts/${id}/acknowledge`, body)
      await showAlerts()
    })
    const what = [about?.questionnaire, about?.rule].filter((text) => text !== undefined).join(" · ")
    return element(
      "li",
      {},
      element("p", {}, element("strong", {}, about === null ? "–" : whoOf(about)), ` · ${what} · ${time(raised_at)}`),
      form
    )
  })
  const list = byId("alerts-list")
  list.replaceChildren(...cards)
  list.hidden = cards.length === 0
  byId("alerts-none").hidden = cards.length > 0
}

/** @param {string} [after] */
const showInvitations = async (after) => {
  const query = after === undefined ? "" : `?after=${encodeURIComponent(after)}`
  const { invitations, next } = await call("GET", `/invitations${query}`)
  const rows = invitations.map((/** @type {any} */ row) => [
    whoOf(row),
    row.questionnaire,
    word(row.state),
    time(row.created_at),
    time(row.expires_at),
    row.state === "open" || row.state === "begun"
      ? button(word("revoke"), async () => {
          await call("DELETE", `/invitations/${row.id}`)
          await showInvitations()
        })
      : ""
  ])
  const heads = ["patient", "questionnaire", "state", "created", "until", "revoke"].map(word)
  const list = byId("invitations-list")
  if (after === undefined) list.replaceChildren()
  list.querySelector(".more")?.remove()
  list.append(table(word("invitations"), heads, rows))
  if (next !== undefined) {
    const control = button(word("more"), () => showInvitations(next))
    control.className = "more"
    list.append(control)
  }
}

const showSessions = async () => {
  const { sessions } = await call("GET", "/admin/sessions")
  const rows = sessions.map((/** @type {any} */ session) => [
    element("bdi", {}, session.subject_hash ?? "–"),
    session.questionnaire?.id ?? "–",
    session.questionnaire === null ? "–" : `${session.questionnaire.answered} / ${session.questionnaire.total}`,
    session.state ?? "–",
    time(session.started_at)
  ])
  const heads = ["patient", "questionnaire", "progress", "state", "began"].map(word)
  byId("sessions-list").replaceChildren(table(word("sessions"), heads, rows))
}

const invite = async () => {
  const made = await call("POST", "/invitations", {
    subject: byId("invite-subject").value.trim(),
    questionnaire: byId("invite-questionnaire").value,
    language: byId("invite-language").value,
    expires: new Date(Date.now() + Number(byId("invite-days").value) * dayMs).toISOString()
  })
  byId("invite-qr").src = `data:image/svg+xml,${encodeURIComponent(made.qr_svg)}`
  byId("invite-link").textContent = made.link
  byId("invite-until").textContent = `${word("until")} ${time(made.expires_at)}`
  byId("invite-made").hidden = false
  byId("invite-made").focus()
  byId("invite-subject").value = ""
  await showInvitations()
}

const showAll = () =>
  Promise.all([
    showAlerts(),
    showInvitations(),
    ...(role === "admin" ? [showSessions()] : []),
    ...(role === "clinician" ? [showResults()] : [])
  ])

/** Whatever was shown is gone with the way in. */
const signOut = () => {
  leave()
  role = undefined
  for (const id of ["alerts-list", "invitations-list", "sessions-list", "results-list"]) byId(id).replaceChildren()
  byId("invite-qr").removeAttribute("src")
  for (const id of ["invite-link", "invite-until", "erase-done", "alerts-count"]) byId(id).textContent = ""
  for (const form of document.forms) form.reset()
  byId("invite-made").hidden = true
  byId("inside").hidden = true
  byId("leave").hidden = true
  byId("outside").hidden = false
  byId("bearer").focus()
}

const signIn = async () => {
  role = enter(byId("bearer").value)
  byId("bearer").value = ""
  try {
    await showAll()
  } catch (error) {
    signOut()
    throw error instanceof Refused && (error.status === 401 || error.status === 403)
      ? new Error(word("refused"))
      : error
  }
  byId("sessions").hidden = role !== "admin"
  byId("results").hidden = role !== "clinician"
  byId("erase").hidden = role !== "clinician"
  byId("outside").hidden = true
  byId("inside").hidden = false
  byId("leave").hidden = false
  byId("alerts-title").focus()
}

document.documentElement.lang = language
document.documentElement.dir = language === "ar" ? "rtl" : "ltr"
document.title = word("title")
for (const labelled of document.querySelectorAll("[data-word]")) {
  const text = word(labelled.getAttribute("data-word") ?? "")
  if (labelled instanceof HTMLImageElement) labelled.alt = text
  else labelled.textContent = text
}
for (const hinted of document.querySelectorAll("[data-hint]")) {
  hinted.setAttribute("placeholder", word(hinted.getAttribute("data-hint") ?? ""))
}
byId("other").href = `?language=${language === "ar" ? "en" : "ar"}`
byId("other").lang = language === "ar" ? "en" : "ar"
byId("invite-language").value = language

onSubmit(byId("bearer-form"), signIn)
onSubmit(byId("invite-form"), invite)
beginResults()
byId("leave").addEventListener("click", signOut)
byId("refresh").addEventListener("click", () => busy(byId("refresh"), showAll))
byId("invite-print").addEventListener("click", () => print())
setInterval(() => {
  // Whoever is writing is not disturbed.
  if (role !== undefined && !byId("alerts").contains(document.activeElement)) showAlerts().catch(() => undefined)
}, alertsEveryMs)
byId("bearer").focus()
