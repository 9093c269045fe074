/** Small helpers: everything that is shown is text, never markup. */
import { word } from "./words.js"

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id)

/**
 * @param {string} tag @param {Record<string, string>} [attributes] @param {...(Node | string)} children
 * @returns {any}
 */
export const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** @param {string} text @param {() => Promise<unknown>} act */
export const button = (text, act) => {
  const made = element("button", { type: "button" }, text)
  made.addEventListener("click", () => busy(made, act))
  return made
}

/** Nobody presses it twice meanwhile; what goes wrong is said. @param {any} control @param {() => Promise<unknown>} act */
export const busy = async (control, act) => {
  control.disabled = true
  byId("fault").textContent = ""
  try {
    await act()
  } catch (error) {
    byId("fault").textContent = error instanceof Error ? error.message : String(error)
  } finally {
    control.disabled = false
  }
}

/**
 * @param {string} caption @param {string[]} heads @param {(Node | string)[][]} rows
 */
export const table = (caption, heads, rows) =>
  rows.length === 0
    ? element("p", { class: "none" }, word("none"))
    : element(
        "div",
        { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
        element(
          "table",
          {},
          element("caption", { class: "hidden" }, caption),
          element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
          element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, cell)))))
        )
      )

/** @param {any} form @param {() => Promise<unknown>} act */
export const onSubmit = (form, act) =>
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault()
    void busy(form.querySelector("button"), act)
  })
