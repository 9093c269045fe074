/** Today where this machine stands, which is taken for where the person is: the service runs in the clinic or its country. */
import type { Today } from "#src/questionnaire/understanding/ask.ts"

const two = (value: number): string => String(Math.trunc(value)).padStart(2, "0")

export const todayAt = (nowMs: number): Today => {
  const now = new Date(nowMs)
  const eastMinutes = -now.getTimezoneOffset()
  const offset = `${two(Math.abs(eastMinutes) / 60)}:${two(Math.abs(eastMinutes) % 60)}`
  return {
    date: `${String(now.getFullYear()).padStart(4, "0")}-${two(now.getMonth() + 1)}-${two(now.getDate())}`,
    utcOffset: `${eastMinutes < 0 ? "-" : "+"}${offset}`
  }
}
