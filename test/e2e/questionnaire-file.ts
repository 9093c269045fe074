/** PHQ-9 read straight from its file, without the engine's own compiler: what a score must be, and what may be answered. */
import { readFileSync } from "node:fs"
import type { AnswerValue } from "#schemas/wire.ts"

interface Extension {
  readonly url: string
  readonly valueString?: string
  readonly valueDecimal?: number
}
interface Item {
  readonly linkId: string
  readonly type: string
  readonly extension?: ReadonlyArray<Extension>
  readonly answerOption?: ReadonlyArray<{
    readonly valueCoding: { readonly code: string; readonly display: string }
    readonly extension?: ReadonlyArray<Extension>
  }>
  readonly item?: ReadonlyArray<Item>
}

const file = new URL("../../questionnaires/phq-9.ar.json", import.meta.url)
const flat = (items: ReadonlyArray<Item>): ReadonlyArray<Item> =>
  items.flatMap((item) => [item, ...flat(item.item ?? [])])
const items = flat((JSON.parse(readFileSync(file, "utf8")) as { readonly item: ReadonlyArray<Item> }).item)

export const choiceItems = items.filter(({ type }) => type === "choice")
export const linkIds = choiceItems.map(({ linkId }) => linkId)
export const safetyItem = "44260-8"

const pointsOf = (linkId: string, code: AnswerValue | undefined): number => {
  const option = choiceItems
    .find((item) => item.linkId === linkId)
    ?.answerOption?.find(({ valueCoding }) => valueCoding.code === code)
  return option?.extension?.find(({ url }) => url.endsWith("ordinalValue"))?.valueDecimal ?? Number.NaN
}

/** The items that the total adds up. */
const summed = items
  .flatMap((item) => item.extension ?? [])
  .flatMap(({ url, valueString }) => (url === "urn:sawt:fhir:sum-of" && valueString !== undefined ? [valueString] : []))

export const totalOf = (answers: ReadonlyMap<string, AnswerValue>): number =>
  summed.reduce((sum, linkId) => sum + pointsOf(linkId, answers.get(linkId)), 0)

const arabicBands = {
  minimal: "ضئيل",
  mild: "خفيف",
  moderate: "متوسط",
  "moderately severe": "متوسط إلى شديد",
  severe: "شديد"
}

/** Bands of PHQ-9 (Kroenke, Spitzer, Williams 2001). */
export const bandOf = (total: number): keyof typeof arabicBands =>
  total < 5 ? "minimal" : total < 10 ? "mild" : total < 15 ? "moderate" : total < 20 ? "moderately severe" : "severe"

/** As staff are told it in an Arabic visit. */
export const scoreOf = (total: number) => {
  const band = bandOf(total)
  return { id: "44261-6", text: "مجموع PHQ-9", value: total, band, band_text: arabicBands[band] }
}
