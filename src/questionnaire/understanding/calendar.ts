/** Days as `YYYY-MM-DD`, months as `YYYY-MM`, years as `YYYY` (FHIR `date`), and the arithmetic on them. No clock. */

const dayMs = 86_400_000

const two = (value: number): string => String(value).padStart(2, "0")
const iso = (date: Date): string =>
  `${String(date.getUTCFullYear()).padStart(4, "0")}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
const utc = (date: string): Date => new Date(`${date}T00:00:00Z`)

export const yearOf = (date: string): number => Number(date.slice(0, 4))

/** Undefined where there is no such day. */
export const dayOf = (year: number, month: number, day: number): string | undefined => {
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? iso(date)
    : undefined
}

export const daysAfter = (date: string, days: number): string => iso(new Date(utc(date).getTime() + days * dayMs))

/** `YYYY-MM`. */
export const monthsAfter = (date: string, months: number): string => {
  const start = utc(`${date.slice(0, 7)}-01`)
  return iso(new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months, 1))).slice(0, 7)
}

/** 0 is Sunday. */
export const weekdayOf = (date: string): number => utc(date).getUTCDay()

const prefix = (value: string, bound: string): readonly [string, string] => {
  const length = Math.min(value.length, bound.length)
  return [value.slice(0, length), bound.slice(0, length)]
}

/** Partial dates and times are inside if any moment of theirs may be. */
export const isWithin = (value: string, range: { readonly min?: string; readonly max?: string }): boolean => {
  const [atLeast, min] = prefix(value, range.min ?? "")
  const [atMost, max] = prefix(value, range.max ?? "")
  return atLeast >= min && atMost <= max
}
