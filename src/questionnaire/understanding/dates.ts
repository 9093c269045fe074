/** Dates as people say them: of all ways to tell one, the longest that begins at a word. */
import { dayMonthYear, numeric, threeNumbers, yearAlone } from "./calendar-dates.ts"
import type { DateContext, DateRead } from "./date-context.ts"
import { period, relativeDay, timeAgo, weekday } from "./relative-dates.ts"
import type { Word } from "./words.ts"

const patterns = [numeric, relativeDay, timeAgo, weekday, period, dayMonthYear, threeNumbers, yearAlone]

/** The longest date that begins at a word. */
export const dateAt = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  let best: DateRead | undefined
  for (const pattern of patterns) {
    const read = pattern(words, at, context)
    if (read !== undefined && (best === undefined || read.to > best.to)) best = read
  }
  return best
}
