/** The questionnaires that whoever has more than an invitation may choose from. */
import { byId, element } from "./dom.ts"
import type { Kept } from "./kept.ts"
import { languageNow } from "./words.ts"

interface Offered {
  readonly id: string
  /** In each of its languages. */
  readonly title: Readonly<Record<string, string>>
}

let offered: ReadonlyArray<Offered> = []

const select = (): HTMLSelectElement => byId("questionnaire") as unknown as HTMLSelectElement

const titleOf = ({ id, title }: Offered): string => title[languageNow()] ?? Object.values(title)[0] ?? id

export const offerQuestionnaires = async (): Promise<void> => {
  const response = await fetch("/questionnaires")
  offered = ((await response.json()) as { readonly questionnaires: ReadonlyArray<Offered> }).questionnaires
  select().replaceChildren(...offered.map((one) => element("option", { value: one.id, dir: "auto" }, titleOf(one))))
  byId("choose").hidden = false
}

/** In the page's other language. */
export const retitle = (): void => {
  for (const [index, one] of offered.entries()) {
    const option = select().options[index]
    if (option !== undefined) option.textContent = titleOf(one)
  }
}

/** In the language of the page, where the questionnaire has it. */
export const chosenQuestionnaire = (): Pick<Kept, "questionnaire" | "language"> => {
  if (byId("choose").hidden) return {}
  const { value } = select()
  const speaks = offered.find(({ id }) => id === value)?.title[languageNow()] !== undefined
  return { questionnaire: value, ...(speaks ? { language: languageNow() } : {}) }
}
