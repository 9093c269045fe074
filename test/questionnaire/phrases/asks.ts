/** The questions that the phrase tables answer: one of each type, with the options and bounds that real forms have. */
import type { Ask, AskOption, Language, Moment, Today } from "#src/questionnaire/understanding/ask.ts"

/** A Wednesday. */
export const today: Today = { date: "2026-03-18", utcOffset: "+03:00" }

/** `code: display / phrase / phrase`, numbered from `first`. */
const options = (first: number, lines: ReadonlyArray<string>): ReadonlyArray<AskOption> =>
  lines.map((line, index) => {
    const [code = "", words = ""] = line.split(": ")
    const [display = "", ...phrases] = words.split(" / ")
    return { code, display, phrases, key: String(first + index) }
  })

const plain = {
  has: { type: "boolean" },
  age: { type: "integer", min: 0, max: 120, unit: "a" },
  children: { type: "integer", min: 0, max: 20 },
  pain: { type: "integer", min: 0, max: 10 },
  steps: { type: "integer", min: 0, max: 50_000 },
  temperature: { type: "decimal", min: 30, max: 45 },
  sleep: { type: "decimal", min: 0, max: 24, unit: "h" },
  weight: { type: "quantity", min: 1, max: 300, units: ["kg"] },
  height: { type: "quantity", min: 30, max: 250, units: ["cm"] },
  dose: { type: "quantity", min: 0, units: ["mg", "mL"] },
  duration: { type: "quantity", units: ["d", "wk", "mo", "a"] },
  birth: { type: "date", min: "1900-01-01", max: today.date },
  onset: { type: "date", max: today.date },
  visit: { type: "date" },
  due: { type: "date", min: today.date },
  appointment: { type: "dateTime" },
  bedtime: { type: "time" },
  name: { type: "string", lengthMax: 80 },
  complaint: { type: "text" },
  medicines: { type: "string", repeats: true },
  site: { type: "url" }
} satisfies Readonly<Record<string, Ask>>

const ar: Readonly<Record<string, Ask>> = {
  ...plain,
  /** PHQ-9 and GAD-7, as shipped. */
  scale: {
    type: "choice",
    options: options(0, [
      "0: ولا مرة / أبدا / إطلاقا",
      "1: عدة أيام / بعض الأيام",
      "2: أكثر من نصف الأيام",
      "3: تقريباً كل يوم / كل يوم / دائما"
    ])
  },
  /** A plain form from elsewhere: displays only. */
  often: {
    type: "choice",
    options: options(1, ["never: أبداً", "rarely: نادراً", "sometimes: أحياناً", "often: غالباً", "always: دائماً"])
  },
  difficulty: {
    type: "choice",
    options: options(1, [
      "none: ليست هناك أي صعوبة",
      "some: هناك بعض الصعوبات / بعض الصعوبات",
      "severe: هناك صعوبات شديدة / صعوبات شديدة",
      "extreme: هناك صعوبات بالغة التعقيد / صعوبات بالغة التعقيد"
    ])
  },
  sex: { type: "choice", options: options(1, ["male: ذكر", "female: أنثى"]) },
  smoking: {
    type: "choice",
    options: options(1, [
      "never: لم أدخن قط / لا أدخن / غير مدخن / ما بدخن",
      "former: مدخن سابق / كنت أدخن / تركت التدخين / بطلت",
      "current: مدخن حاليا / مدخن / أدخن / بدخن"
    ])
  },
  allergies: {
    type: "open-choice",
    repeats: true,
    options: options(1, [
      "penicillin: البنسلين",
      "aspirin: الأسبرين",
      "nuts: المكسرات / الفستق",
      "eggs: البيض",
      "latex: اللاتكس",
      "none: لا توجد حساسية"
    ])
  },
  symptoms: {
    type: "choice",
    repeats: true,
    options: options(1, [
      "headache: صداع",
      "nausea: غثيان",
      "dizziness: دوخة",
      "fever: حمى / حرارة",
      "cough: سعال / كحة"
    ])
  },
  transport: { type: "open-choice", options: options(1, ["car: سيارة", "bus: باص / حافلة", "foot: مشيا"]) }
}

const en: Readonly<Record<string, Ask>> = {
  ...plain,
  scale: {
    type: "choice",
    options: options(0, ["0: Not at all", "1: Several days", "2: More than half the days", "3: Nearly every day"])
  },
  often: {
    type: "choice",
    options: options(1, ["never: Never", "rarely: Rarely", "sometimes: Sometimes", "often: Often", "always: Always"])
  },
  difficulty: {
    type: "choice",
    options: options(1, [
      "none: Not difficult at all",
      "some: Somewhat difficult",
      "severe: Very difficult",
      "extreme: Extremely difficult"
    ])
  },
  sex: { type: "choice", options: options(1, ["male: Male", "female: Female"]) },
  smoking: {
    type: "choice",
    options: options(1, [
      "never: Never smoked / I do not smoke / non-smoker",
      "former: Former smoker / I quit / used to smoke",
      "current: Current smoker / smoker / I smoke"
    ])
  },
  allergies: {
    type: "open-choice",
    repeats: true,
    options: options(1, [
      "penicillin: Penicillin",
      "aspirin: Aspirin",
      "nuts: Nuts / peanuts",
      "eggs: Eggs",
      "latex: Latex",
      "none: No allergies"
    ])
  },
  symptoms: {
    type: "choice",
    repeats: true,
    options: options(1, [
      "headache: Headache",
      "nausea: Nausea",
      "dizziness: Dizziness",
      "fever: Fever",
      "cough: Cough"
    ])
  },
  transport: { type: "open-choice", options: options(1, ["car: Car", "bus: Bus", "foot: On foot / walking"]) }
}

/** What was asked: who answers in its words says nothing unknown. */
const texts: Readonly<Record<Language, Readonly<Record<string, string>>>> = {
  ar: {
    has: "هل لديك أمراض مزمنة؟",
    age: "كم عمرك بالسنوات؟",
    children: "كم عدد أولادك؟",
    pain: "ما شدة الألم من صفر إلى عشرة؟",
    steps: "كم خطوة تمشي في اليوم؟",
    temperature: "كم درجة حرارتك؟",
    sleep: "كم ساعة تنام في الليل؟",
    weight: "كم وزنك؟",
    height: "كم طولك؟",
    dose: "ما هي الجرعة؟",
    duration: "منذ متى تعاني من الألم؟",
    birth: "ما تاريخ ميلادك؟",
    onset: "متى بدأ الألم؟",
    visit: "في أي يوم كانت زيارتك للطبيب؟",
    appointment: "متى موعدك؟",
    bedtime: "في أي ساعة تنام؟",
    smoking: "هل تدخن؟",
    allergies: "هل لديك حساسية من دواء أو طعام؟",
    symptoms: "ما الأعراض التي تشعر بها؟"
  },
  en: {
    has: "Do you have a chronic illness?",
    age: "How old are you?",
    children: "How many children do you have?",
    pain: "How strong is your pain, from zero to ten?",
    bedtime: "At what time do you go to bed?",
    weight: "How much do you weigh?",
    height: "How tall are you?",
    onset: "When did the pain start?",
    birth: "What is your date of birth?",
    allergies: "Are you allergic to any medicine or food?",
    symptoms: "Which symptoms do you feel?"
  }
}

const asked = (language: Language, named: Readonly<Record<string, Ask>>): Readonly<Record<string, Ask>> =>
  Object.fromEntries(Object.entries(named).map(([name, ask]) => [name, { ...ask, text: texts[language][name] ?? "" }]))

export const asks: Readonly<Record<Language, Readonly<Record<string, Ask>>>> = {
  ar: asked("ar", ar),
  en: asked("en", en)
}

/** `?age` is its read-back; `consent` and `stop` take yes or no only. */
export const askedBy = (
  language: Language,
  name: string
): { readonly ask: Ask; readonly moment: Moment } | undefined => {
  if (name === "consent" || name === "stop") return { ask: { type: "boolean" }, moment: name }
  const ask = asks[language][name.replace(/^\?/, "")]
  return ask === undefined ? undefined : { ask, moment: name.startsWith("?") ? "confirmation" : "answer" }
}
