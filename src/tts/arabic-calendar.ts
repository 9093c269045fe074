/** Dates and times of day as vowelled Arabic words; undefined where the digits are no such date or time. */
import { cardinal, hour, oblique, ordinal } from "./arabic-numbers.ts"

const months = [
  "يَنَايِر",
  "فِبْرَايِر",
  "مَارِس",
  "أَبْرِيل",
  "مَايُو",
  "يُونْيُو",
  "يُولْيُو",
  "أَغُسْطُس",
  "سِبْتَمْبِر",
  "أُكْتُوبَر",
  "نُوفَمْبِر",
  "دِيسَمْبِر"
]

export const dateWords = (year: number, month: number, day: number): string | undefined => {
  const name = months[month - 1]
  if (name === undefined || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined
  return `${ordinal(day)} مِنْ ${name} عَامَ ${oblique(cardinal(year))}`
}

/** Minutes are feminine and counted: دقيقتان، ثلاث دقائق، عشرون دقيقة. */
const minuteWords = (minute: number): string => {
  if (minute === 0) return ""
  if (minute === 15) return " وَالرُّبْع"
  if (minute === 30) return " وَالنِّصْف"
  if (minute === 1) return " وَدَقِيقَة"
  if (minute === 2) return " وَدَقِيقَتَان"
  return ` وَ${cardinal(minute, "feminine")} ${minute <= 10 ? "دَقَائِق" : "دَقِيقَة"}`
}

/** From the 24-hour clock; the half of the day is told only where the digits leave no doubt about it. */
export const timeWords = (hourOfDay: number, minute: number): string | undefined => {
  if (hourOfDay > 23 || minute > 59) return undefined
  const half = hourOfDay === 0 ? " لَيْلًا" : hourOfDay > 12 ? " مَسَاءً" : ""
  return `${hour(hourOfDay % 12 || 12)}${minuteWords(minute)}${half}`
}
