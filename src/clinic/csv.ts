/**
 * Answers as a table for statistics: codes and numbers, the day, the language, the scores. Whom a row is about stands
 * nowhere in it, nor what was told in a person's own words or as a date, which may name somebody. RFC 4180. Pure.
 */
import type { ResponseAnswer, ResponseItem } from "#schemas/fhir.ts"
import type { StoredResponse } from "#src/store/clinic.ts"

type Cell = string | number | boolean | undefined

/** A spreadsheet takes these for the beginning of a formula, or passes over them and then does. */
const formula = /^[=+\-@\t\r\n|%]/

export const cellOf = (value: Cell): string => {
  if (value === undefined) return ""
  if (typeof value !== "string") return String(value)
  const safe = formula.test(value.trimStart()) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const codedOf = ({ valueCoding, valueBoolean, valueInteger, valueDecimal, valueQuantity }: ResponseAnswer): Cell =>
  valueCoding?.code ?? valueBoolean ?? valueInteger ?? valueDecimal ?? valueQuantity?.value

/** By linkId; several answers of one item are separated by blanks. */
const answersOf = (items: ReadonlyArray<ResponseItem> = []): ReadonlyArray<readonly [string, Cell]> =>
  items.flatMap(({ linkId, answer = [], item = [] }) => {
    const cells = answer.map(codedOf).filter((cell) => cell !== undefined)
    const own: ReadonlyArray<readonly [string, Cell]> =
      cells.length === 0 ? [] : [[linkId, cells.length === 1 ? cells[0] : cells.join(" ")]]
    return [...own, ...answer.flatMap((one) => answersOf(one.item)), ...answersOf(item)]
  })

/** `linkIds`: a column for each, in the order of the questionnaire. */
export const csvOf = (responses: ReadonlyArray<StoredResponse>, linkIds: ReadonlyArray<string>): string => {
  const scores = [...new Set(responses.flatMap(({ content }) => content.scores.map(({ id }) => id)))]
  const columns = linkIds.filter((linkId) => !scores.includes(linkId))
  const head = ["authored_on", "version", "status", "language", ...columns]
  const rows = responses.map(({ authoredAtMs, questionnaire, status, content }) => {
    const answers = new Map(answersOf(content.response.item))
    return [
      new Date(authoredAtMs).toISOString().slice(0, 10),
      questionnaire.version,
      status,
      content.response.language,
      ...columns.map((linkId) => answers.get(linkId)),
      ...scores.flatMap((id) => {
        const score = content.scores.find((one) => one.id === id)
        return [score?.value, score?.band]
      })
    ]
  })
  const scoreHead = scores.flatMap((id) => [`score ${id}`, `band ${id}`])
  return [[...head, ...scoreHead], ...rows].map((row) => `${row.map(cellOf).join(",")}\r\n`).join("")
}
