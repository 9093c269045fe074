/** Small helpers: everything that is shown is text, never markup. */
import { isWord, languageNow, word } from "./words.ts"

export const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}

export const inputOf = (id: string): HTMLInputElement => byId(id) as HTMLInputElement

export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[Tag] => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

export const onClick = (id: string, act: () => unknown): void => byId(id).addEventListener("click", () => void act())

export const onSubmit = (form: HTMLElement, act: () => unknown): void =>
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    void act()
  })

/** An empty text is not announced, and a repeated one is not announced again. */
export const say = (id: string, text: string): void => {
  const line = byId(id)
  if (line.textContent !== text) line.textContent = text
}

/** Everything on the page that has a word of its own. */
export const spell = (): void => {
  document.documentElement.lang = languageNow()
  document.documentElement.dir = languageNow() === "ar" ? "rtl" : "ltr"
  document.title = word("brand")
  for (const one of document.querySelectorAll<HTMLElement>("[data-word]")) {
    const name = one.dataset["word"] ?? ""
    if (isWord(name)) one.textContent = word(name)
  }
  for (const one of document.querySelectorAll<HTMLElement>("[data-label]")) {
    const name = one.dataset["label"] ?? ""
    if (isWord(name)) one.setAttribute("aria-label", word(name))
  }
  byId("language").lang = languageNow() === "ar" ? "en" : "ar"
}

const views = ["enter", "begin", "connecting", "consent", "question", "paused", "result", "over"] as const
export type View = (typeof views)[number]

export const viewNow = (): View | undefined => views.find((view) => !byId(view).hidden)

/** One part of the page at a time; its heading takes the focus, so that a screen reader reads on from there. */
export const show = (view: View): void => {
  const changes = viewNow() !== view
  for (const one of views) byId(one).hidden = one !== view
  document.body.dataset["view"] = view
  if (changes) byId(view).querySelector<HTMLElement>("h2")?.focus()
}
