/** The question as controls to touch: options as large buttons, or the field that the browser has for its type. */
import type { ClientMessage, ServerMessageOf } from "../../client/sawt-client.ts"
import { byId, element, onSubmit, say } from "./dom.ts"
import { word } from "./words.ts"

export type Question = Omit<ServerMessageOf<"question.asked">, "type" | "seq" | "ref">
export type Select = (answer: Pick<Extract<ClientMessage, { type: "answer.select" }>, "code" | "value">) => void

const optionButton = (option: Question["options"][number], act: () => void): HTMLElement => {
  const key = element("kbd", { "aria-hidden": "true" }, option.key)
  const button = element(
    "button",
    { type: "button", class: "option", "data-code": option.code },
    key,
    element("span", { dir: "auto" }, option.display)
  )
  button.addEventListener("click", act)
  return button
}

const severalOf = (question: Question, max: number, select: Select): HTMLElement => {
  const boxes = question.options.map(({ code, display }) => {
    const box = element("input", { type: "checkbox", value: code })
    return { box, label: element("label", { class: "option" }, box, element("span", { dir: "auto" }, display)) }
  })
  const form = element(
    "form",
    { class: "stack" },
    element("p", { class: "note" }, word("chooseMax", { max })),
    ...boxes.map(({ label }) => label),
    element("button", { class: "main" }, word("send"))
  )
  onSubmit(form, () => select({ value: boxes.filter(({ box }) => box.checked).map(({ box }) => box.value) }))
  return form
}

const inputTypes: Readonly<Record<string, string>> = {
  integer: "number",
  decimal: "number",
  quantity: "number",
  date: "date",
  dateTime: "datetime-local",
  time: "time",
  url: "url"
}

/** Seconds and offset as FHIR wants them. */
const moment = (local: string): string => {
  const at = new Date(local)
  const offset = -at.getTimezoneOffset()
  const two = (number: number) => String(Math.trunc(Math.abs(number))).padStart(2, "0")
  return `${local}:00${offset < 0 ? "-" : "+"}${two(offset / 60)}:${two(offset % 60)}`
}

const fieldOf = (question: Question, select: Select): HTMLElement => {
  const type = inputTypes[question.item_type]
  const bounds = {
    ...(question.min === undefined ? {} : { min: String(question.min) }),
    ...(question.max === undefined ? {} : { max: String(question.max) }),
    ...(question.min_length === undefined ? {} : { minlength: String(question.min_length) }),
    ...(question.max_length === undefined ? {} : { maxlength: String(question.max_length) })
  }
  const common = {
    id: "field",
    "aria-labelledby": "question-text",
    required: "",
    autocomplete: "off",
    dir: "auto",
    ...bounds
  }
  const field =
    question.item_type === "text"
      ? element("textarea", { ...common, rows: "3" })
      : element("input", {
          ...common,
          type: type ?? "text",
          ...(type === "number" ? { inputmode: "decimal", step: question.item_type === "integer" ? "1" : "any" } : {})
        })
  const units =
    question.units === undefined || question.units.length < 2
      ? undefined
      : element(
          "select",
          { "aria-label": word("choose") },
          ...question.units.map(({ display, code }) => element("option", { value: code ?? display }, display))
        )
  const form = element(
    "form",
    { class: "row" },
    field,
    ...(units === undefined ? [] : [units]),
    element("button", { class: "main" }, word("send"))
  )
  onSubmit(form, () => {
    const text = field.value.trim()
    if (text === "") return
    if (type !== "number")
      return select({
        value: question.item_type === "dateTime" ? moment(text) : question.item_type === "time" ? `${text}:00` : text
      })
    const unit = units?.value ?? question.units?.[0]?.code ?? question.units?.[0]?.display
    select({
      value: question.item_type === "quantity" && unit !== undefined ? { value: Number(text), unit } : Number(text)
    })
  })
  return form
}

const controlsOf = (question: Question, select: Select): ReadonlyArray<HTMLElement> => {
  if (question.item_type === "boolean" || question.another === true) {
    const codes: Readonly<Record<string, boolean>> = { true: true, false: false }
    const options = question.options.length > 0 ? question.options : undefined
    if (options === undefined) {
      return [true, false].map((value, at) =>
        optionButton(
          { code: String(value), display: word(value ? "yes" : "no"), spoken: [], key: String(at + 1) },
          () => select({ value })
        )
      )
    }
    return options.map((option) => {
      const value = codes[option.code]
      return optionButton(option, () => select(value === undefined ? { code: option.code } : { value }))
    })
  }
  const isOpen = question.item_type === "open-choice"
  if (question.options.length === 0) return [fieldOf(question, select)]
  if ((question.choose_max ?? 1) > 1) return [severalOf(question, question.choose_max ?? 1, select)]
  const buttons = question.options.map((option) => optionButton(option, () => select({ code: option.code })))
  return isOpen ? [...buttons, fieldOf(question, select)] : buttons
}

/**
 * Who taps twice answers once: for this long the next question's options take nothing. Shorter than it takes to read them,
 * longer than between the taps of a double tap.
 */
const restMs = 400

const rest = (controls: ReadonlyArray<HTMLElement>): void => {
  const buttons = controls.filter((one) => one instanceof HTMLButtonElement)
  for (const button of buttons) button.disabled = true
  setTimeout(() => {
    for (const button of buttons) button.disabled = false
  }, restMs)
}

export const showQuestion = (question: Question, select: Select): void => {
  const { index, total, text, required, initial, help } = question
  const bar = byId("progress-bar") as HTMLProgressElement
  bar.max = Math.max(1, total)
  bar.value = index
  // Answers that are read back are a text to go through, and their groups are no questions.
  const isReview = question.review === true
  byId("question").classList.toggle("review", isReview)
  const place = word(isReview ? "part" : "of", { index, total })
  bar.setAttribute("aria-valuetext", place)
  say("progress-text", place)
  say("question-text", text)
  say("reprompt", help ?? "")
  byId("confirm").hidden = true
  byId("answers").hidden = false
  byId("skip").hidden = required
  byId("back").hidden = index <= 1
  const controls = [...controlsOf(question, select)]
  if (initial !== undefined) {
    const keep = element("button", { type: "button", class: "option" }, word("keep", { display: initial.display }))
    keep.addEventListener("click", () => select({ value: initial.value }))
    controls.unshift(keep)
  }
  rest(controls)
  byId("answers").replaceChildren(...controls)
}

/** Digits choose the option that has this key, as on the keypad. */
export const optionOfKey = (key: string): HTMLElement | undefined =>
  [...byId("answers").querySelectorAll<HTMLElement>("button.option")].find(
    (one) => one.querySelector("kbd")?.textContent === key
  )
