/** Values as a person reads or hears them back. Numbers stay digits: the voice turns them into words. */
import type { Item, Language, Quantity } from "./ask.ts"

const months: Readonly<Record<Language, ReadonlyArray<string>>> = {
  ar: "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر".split(" "),
  en: "January February March April May June July August September October November December".split(" ")
}

/** Not folded: these are shown. */
const unitNames: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  kg: { ar: "كيلوغرام", en: "kg" },
  g: { ar: "غرام", en: "g" },
  mg: { ar: "مليغرام", en: "mg" },
  ug: { ar: "ميكروغرام", en: "µg" },
  mL: { ar: "مليلتر", en: "mL" },
  L: { ar: "لتر", en: "L" },
  cm: { ar: "سنتيمتر", en: "cm" },
  m: { ar: "متر", en: "m" },
  mm: { ar: "مليمتر", en: "mm" },
  km: { ar: "كيلومتر", en: "km" },
  "[lb_av]": { ar: "رطل", en: "lb" },
  "[oz_av]": { ar: "أونصة", en: "oz" },
  "[stone_av]": { ar: "ستون", en: "stone" },
  "[in_i]": { ar: "بوصة", en: "in" },
  "[ft_i]": { ar: "قدم", en: "ft" },
  Cel: { ar: "درجة مئوية", en: "°C" },
  "[degF]": { ar: "درجة فهرنهايت", en: "°F" },
  "mm[Hg]": { ar: "ملم زئبق", en: "mmHg" },
  "mmol/L": { ar: "مليمول لكل لتر", en: "mmol/L" },
  "mg/dL": { ar: "مليغرام لكل ديسيلتر", en: "mg/dL" },
  "%": { ar: "بالمئة", en: "%" },
  "/min": { ar: "في الدقيقة", en: "per minute" },
  s: { ar: "ثانية", en: "s" },
  min: { ar: "دقيقة", en: "min" },
  h: { ar: "ساعة", en: "h" },
  d: { ar: "يوم", en: "days" },
  wk: { ar: "أسبوع", en: "weeks" },
  mo: { ar: "شهر", en: "months" },
  a: { ar: "سنة", en: "years" }
}

export const unitName = (unit: string, language: Language): string => unitNames[unit]?.[language] ?? unit

export const shownDate = (date: string, language: Language): string => {
  const [year = "", month, day] = date.split("-")
  return [
    ...(day === undefined ? [] : [String(Number(day))]),
    ...(month === undefined ? [] : [months[language][Number(month) - 1] ?? month]),
    year
  ].join(" ")
}

const shownTime = (time: string): string => time.slice(0, 5)

export const numberItem = (value: number): Item => ({ kind: "number", value, display: String(value) })

export const quantityItem = ({ value, unit }: Quantity, language: Language): Item => ({
  kind: "quantity",
  value: unit === undefined ? { value } : { value, unit },
  display: unit === undefined ? String(value) : `${value} ${unitName(unit, language)}`
})

export const dateItem = (date: string, language: Language): Item => ({
  kind: "date",
  value: date,
  display: shownDate(date, language)
})

export const timeItem = (time: string): Item => ({ kind: "time", value: time, display: shownTime(time) })

/** Without a time of day it is a date. */
export const dateTimeItem = (date: string, time: string | undefined, utcOffset: string, language: Language): Item => ({
  kind: "dateTime",
  value: time === undefined ? date : `${date}T${time}${utcOffset}`,
  display: [
    shownDate(date, language),
    ...(time === undefined ? [] : [`${language === "ar" ? "الساعة" : "at"} ${shownTime(time)}`])
  ].join(" ")
})

export const textItem = (text: string, kind: "text" | "other" = "text"): Item => ({ kind, value: text, display: text })
