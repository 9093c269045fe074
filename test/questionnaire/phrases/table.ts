/** The phrase tables, one line each: `ask ⇥ expected ⇥ phrase ⇥ how`. docs/understanding.md says what the columns mean. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Item, Language, Said, Understanding } from "#src/questionnaire/understanding/ask.ts"

export interface Row {
  readonly language: Language
  /** `ar-1:17` */
  readonly place: string
  readonly ask: string
  readonly expected: string
  readonly phrase: string
  readonly how: ReadonlyArray<string>
}

export const tables = ["ar-1", "ar-2", "ar-3", "ar-4", "en-1", "en-2", "en-3", "en-4"] as const

export const rowsOf = (table: string): ReadonlyArray<Row> =>
  readFileSync(join(import.meta.dirname, `${table}.tsv`), "utf8")
    .split("\n")
    .flatMap((line, index) => {
      if (line === "" || line.startsWith("#")) return []
      const [ask = "", expected = "", phrase = "", how = ""] = line.split("\t")
      return [
        {
          language: table.startsWith("ar") ? "ar" : "en",
          place: `${table}:${index + 1}`,
          ask,
          expected,
          phrase,
          how: how.split(", ").filter((tag) => tag !== "")
        } as const
      ]
    })

/** Voice at a confidence of 0.95, where the row says nothing else; each `[unk]` is a word that the text lacks. */
export const saidIn = ({ phrase, how }: Row): Said => {
  const text = phrase.replaceAll("[unk]", " ").trim()
  if (how.includes("typed")) return { text, via: "text" }
  const confidence = how.map(Number).find((number) => number > 0 && number <= 1) ?? 0.95
  const unknownWords = phrase.split("[unk]").length - 1
  return { text, via: "voice", confidence, unknownWords, ...(how.includes("degraded") ? { degraded: true } : {}) }
}

const shown = ({ kind, value }: Item): string => {
  if (kind === "boolean") return value === true ? "yes" : "no"
  if (typeof value === "object") return `${value.value} ${value.unit ?? ""}`.trim()
  return String(value)
}

/** An understanding in the words of the table. */
export const outcomeOf = (understood: Understanding): string => {
  switch (understood.kind) {
    case "answer":
      return `${understood.sure ? "" : "confirm "}${understood.items.map(shown).join(" + ")}`
    case "yes":
    case "no":
      return `${understood.sure ? "" : "confirm "}${understood.kind}`
    case "command":
      return `command ${understood.command}`
    case "less":
      return `less ${understood.items.map(shown).join(" + ")}`
    case "ambiguous":
      return `ambiguous ${understood.candidates.map(shown).join(" / ")}`
    case "out_of_range":
      return "out_of_range"
    case "none":
      return "refused"
  }
}

/** What a person gets out of it. `wrong`: another value or command than was meant, or one taken that had to be asked about. */
export type Grade = "exact" | "confirmed" | "refused" | "wrong"

const asksAgain = (outcome: string): boolean => /^(?:refused|out_of_range|ambiguous .*)$/u.test(outcome)

export const gradeOf = (expected: string, outcome: string): Grade => {
  if (expected === outcome) return "exact"
  if (outcome === `confirm ${expected}`) return "confirmed"
  return asksAgain(outcome) ? "refused" : "wrong"
}

export const figuresOf = (grades: ReadonlyArray<Grade>): Readonly<Record<Grade, number>> => {
  const figures = { exact: 0, confirmed: 0, refused: 0, wrong: 0 }
  for (const grade of grades) figures[grade]++
  return figures
}
