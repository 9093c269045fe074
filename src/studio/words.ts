/** What a questionnaire's diagram says in each language beside the questionnaire's own texts. */
import type { PlanTest, QuestionType } from "#machines/plan.ts"
import type { Language } from "#src/questionnaire/extensions.ts"

interface DiagramWords {
  readonly consent: string
  readonly end: string
  readonly yes: string
  readonly no: string
  readonly all: string
  readonly any: string
  readonly expression: string
  readonly required: string
  readonly told: string
  readonly readBack: string
  readonly onceAnswered: string
  readonly alert: (rule: string, when: string) => string
  readonly unanswered: string
  readonly total: (name: string, count: number) => string
  readonly computed: string
  readonly repeats: (min: number, max: number) => string
  readonly several: (max: number) => string
  readonly types: Readonly<Record<QuestionType, string>>
  readonly test: (question: string, operator: PlanTest["operator"], value: string) => string
}

const en: DiagramWords = {
  consent: "Consent",
  end: "End",
  yes: "yes",
  no: "no",
  all: " and ",
  any: " or ",
  expression: "a computed condition holds",
  required: "required",
  told: "told",
  readBack: "always read back",
  onceAnswered: "once answered",
  alert: (rule, when) => `⚠ alert ${rule}: ${when}`,
  unanswered: "left unanswered",
  total: (name, count) => `${name} = sum of ${count} answers`,
  computed: "computed",
  repeats: (min, max) => `repeats ${min} to ${max} times`,
  several: (max) => `up to ${max} choices`,
  types: {
    boolean: "yes or no",
    choice: "choice",
    "open-choice": "choice or own words",
    integer: "whole number",
    decimal: "number",
    date: "date",
    dateTime: "date and time",
    time: "time",
    string: "a few words",
    text: "own words",
    url: "web address",
    quantity: "amount with unit"
  },
  test: (question, operator, value) => {
    if (operator === "exists") return value === "true" ? `“${question}” is answered` : `“${question}” is not answered`
    const is = { "=": "is", "!=": "is not", ">": "is over", "<": "is under", ">=": "is at least", "<=": "is at most" }
    return `“${question}” ${is[operator]} ${value}`
  }
}

const ar: DiagramWords = {
  consent: "الموافقة",
  end: "النهاية",
  yes: "نعم",
  no: "لا",
  all: " و",
  any: " أو ",
  expression: "يتحقق شرط محسوب",
  required: "إلزامي",
  told: "يُقال",
  readBack: "يُعاد للتأكيد دائما",
  onceAnswered: "بعد الإجابة",
  alert: (rule, when) => `⚠ تنبيه ${rule}: ${when}`,
  unanswered: "بلا إجابة",
  total: (name, count) => `${name} = مجموع ${count} من الإجابات`,
  computed: "يُحسب",
  repeats: (min, max) => `يتكرر من ${min} إلى ${max} مرات`,
  several: (max) => `حتى ${max} اختيارات`,
  types: {
    boolean: "نعم أو لا",
    choice: "اختيار",
    "open-choice": "اختيار أو كلمات حرة",
    integer: "عدد صحيح",
    decimal: "عدد",
    date: "تاريخ",
    dateTime: "تاريخ ووقت",
    time: "وقت",
    string: "كلمات قليلة",
    text: "كلمات حرة",
    url: "عنوان إنترنت",
    quantity: "مقدار بوحدة"
  },
  test: (question, operator, value) => {
    if (operator === "exists") return value === "true" ? `أُجيب عن «${question}»` : `لم يُجب عن «${question}»`
    const is = {
      "=": "هو",
      "!=": "ليس",
      ">": "أكثر من",
      "<": "أقل من",
      ">=": "على الأقل",
      "<=": "على الأكثر"
    }
    return `«${question}» ${is[operator]} ${value}`
  }
}

export const diagramWords: Readonly<Record<Language, DiagramWords>> = { en, ar }
