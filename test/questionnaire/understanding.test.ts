/** What holds for everything that is said, whatever it is: numbers and dates come back, and nothing is guessed. */
import fc from "fast-check"
import { toCardinal } from "n2words/en-US"
import { assert, describe, it } from "vitest"
import type { Ask, Item, Language, Said, Understanding } from "#src/questionnaire/understanding/ask.ts"
import { dayOf } from "#src/questionnaire/understanding/calendar.ts"
import { withNumbersApart } from "#src/questionnaire/understanding/cardinals.ts"
import { lexicons } from "#src/questionnaire/understanding/lexicon/lexicon.ts"
import { numberAt } from "#src/questionnaire/understanding/numbers.ts"
import { understand } from "#src/questionnaire/understanding/understand.ts"
import { folded, foldedPhrase, wordsOf } from "#src/questionnaire/understanding/words.ts"
import { dateWords, timeWords } from "#src/tts/arabic-calendar.ts"
import { cardinal, oblique } from "#src/tts/arabic-numbers.ts"
import { asks, today } from "./phrases/asks.ts"
import { rowsOf, saidIn, tables } from "./phrases/table.ts"
import { egyptian, gulf, levantine, said } from "./spoken-numbers.ts"

const voice = (text: string, more: Partial<Said> = {}): Said => ({ text, via: "voice", confidence: 0.95, ...more })

const understood = (ask: Ask, text: string, language: Language = "ar", more: Partial<Said> = {}): Understanding =>
  understand({ ask, moment: "answer", language, today }, voice(text, more))

const sureValue = (understanding: Understanding): unknown =>
  understanding.kind === "answer" && understanding.sure ? understanding.items[0].value : understanding

const named = (language: Language, name: string): Ask => {
  const ask = asks[language][name]
  assert.isDefined(ask)
  return ask
}

const whole: Ask = { type: "integer", min: 0, max: 1_000_000 }

/** The whole of it as one number. */
const numberIn = (text: string, language: Language = "ar"): number | undefined => {
  const words = withNumbersApart(wordsOf(text), lexicons[language])
  const read = numberAt(words, 0, lexicons[language])
  return read?.to === words.length ? read.value : undefined
}

describe("numbers in words", () => {
  it("come back as they were read out, 0 to 9,999, in both genders and cases", () => {
    for (let value = 0; value < 10_000; value++) {
      for (const words of [cardinal(value), cardinal(value, "feminine")]) {
        assert.equal(numberIn(words), value, words)
        assert.equal(numberIn(oblique(words)), value, oblique(words))
      }
    }
  })

  for (const [name, dialect] of Object.entries({ levantine, egyptian, gulf })) {
    it(`come back in the ${name} dialect, 1 to 9,999`, () => {
      for (let value = 1; value < 10_000; value++) {
        assert.equal(numberIn(said(value, dialect)), value, said(value, dialect))
      }
    })
  }

  it("come back in English, 0 to 9,999", () => {
    for (let value = 0; value < 10_000; value++) {
      assert.equal(numberIn(toCardinal(value), "en"), value, toCardinal(value))
    }
  })

  it("answer a question for a number", () => {
    for (let value = 0; value < 10_000; value += 37) {
      assert.equal(sureValue(understood(whole, cardinal(value))), value)
      assert.equal(sureValue(understood(whole, toCardinal(value), "en")), value)
    }
  })

  it("are digits in any script, with or without a fraction", () => {
    const decimal: Ask = { type: "decimal" }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999 }), fc.integer({ min: 0, max: 99 }), (value, fraction) => {
        const written = `${value}.${fraction}`
        const arabic = written.replace(".", "٫").replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit)))
        for (const text of [written, written.replace(".", ","), arabic]) {
          // "1,234" is a thousand and more in English and in typed Arabic alike.
          if (/^\d{1,3},\d{3}$/.test(text)) continue
          assert.equal(sureValue(understood(decimal, text)), Number(written), text)
        }
      })
    )
  })

  it("outside the range are told from those that were not understood", () => {
    fc.assert(
      fc.property(fc.integer({ min: 121, max: 9_999 }), (value) => {
        assert.equal(understood(named("ar", "age"), cardinal(value)).kind, "out_of_range")
      })
    )
  })
})

const day = fc
  .record({
    year: fc.integer({ min: 1930, max: 2025 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 31 })
  })
  .filter((date) => dayOf(date.year, date.month, date.day) !== undefined)

const levantineMonths = [
  "كانون الثاني",
  "شباط",
  "آذار",
  "نيسان",
  "أيار",
  "حزيران",
  "تموز",
  "آب",
  "أيلول",
  "تشرين الأول",
  "تشرين الثاني",
  "كانون الأول"
]
const englishMonths = "January February March April May June July August September October November December".split(" ")

describe("dates and times", () => {
  it("come back as they were read out", () => {
    fc.assert(
      fc.property(day, ({ year, month, day }) => {
        const words = dateWords(year, month, day) ?? ""
        assert.equal(sureValue(understood(named("ar", "birth"), words)), dayOf(year, month, day), words)
      }),
      { numRuns: 200 }
    )
  })

  it("come back with Levantine months and plain numbers", () => {
    fc.assert(
      fc.property(day, ({ year, month, day }) => {
        const words = `${said(day, levantine)} ${levantineMonths[month - 1]} ${said(year, levantine)}`
        assert.equal(sureValue(understood(named("ar", "birth"), words)), dayOf(year, month, day), words)
      }),
      { numRuns: 200 }
    )
  })

  it("come back in English, day or month first", () => {
    fc.assert(
      fc.property(day, ({ year, month, day }) => {
        for (const text of [
          `${day} ${englishMonths[month - 1]} ${year}`,
          `${englishMonths[month - 1]} ${day} ${year}`
        ]) {
          assert.equal(sureValue(understood(named("en", "birth"), text, "en")), dayOf(year, month, day), text)
        }
      })
    )
  })

  it("come back as digits, year or day first", () => {
    fc.assert(
      fc.property(day, ({ year, month, day }) => {
        for (const text of [dayOf(year, month, day) ?? "", `${day}/${month}/${year}`]) {
          assert.equal(sureValue(understood(named("ar", "birth"), text)), dayOf(year, month, day), text)
        }
      })
    )
  })

  it("of the clock come back, on the half of the day that was said", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), (hour, minute) => {
        const half = hour < 12 ? "صباحا" : hour < 17 ? "بعد الظهر" : "مساء"
        const words = `${timeWords(hour % 12 || 12, minute) ?? ""} ${half}`
        const time = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00`
        assert.equal(sureValue(understood(named("ar", "bedtime"), words)), time, words)
      }),
      { numRuns: 200 }
    )
  })

  it("are counted from the day that is handed in, never from a clock", () => {
    const at = (date: string) =>
      understand(
        { ask: { type: "date" }, moment: "answer", language: "ar", today: { date, utcOffset: "Z" } },
        voice("أمس")
      )
    assert.equal(sureValue(at("2024-03-01")), "2024-02-29")
    assert.equal(sureValue(at("1999-01-01")), "1998-12-31")
  })
})

/** Letters of Arabic with marks, tatweel and presentation forms, Latin ones, digits and signs. */
const anyText = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom(..."ابةىيءأإآؤئٱ ًَّـلاﻻﻵ٠٩۷ aAéßİ1.,/:-'’") })
)

describe("folding", () => {
  it("twice is folding once", () => {
    fc.assert(
      fc.property(anyText, (text) => assert.equal(folded(folded(text)), folded(text))),
      { numRuns: 2_000 }
    )
    fc.assert(
      fc.property(anyText, (text) => assert.equal(foldedPhrase(foldedPhrase(text)), foldedPhrase(text))),
      { numRuns: 2_000 }
    )
  })

  it("makes one of what is written in many ways", () => {
    for (const forms of [
      ["أبداً", "ابدا", "أبدًا", "ابداااا", "أبـــدا"],
      ["مئة", "مئه", "ميه", "مِئَة"],
      ["على", "علي"],
      ["٣٫٥", "3.5".replace(".", "٫")],
      ["don't", "dont", "do not", "DON’T"]
    ]) {
      assert.lengthOf(new Set(forms.map(foldedPhrase)), 1, forms.join(" "))
    }
  })
})

const spokenAsks = (["ar", "en"] as const).flatMap((language) =>
  Object.entries(asks[language]).map(([name, ask]) => ({ language, name, ask }))
)
const someWords = fc
  .array(fc.constantFrom(...tables.flatMap(rowsOf).flatMap(({ phrase }) => phrase.split(" "))), { maxLength: 8 })
  .map((words) => words.join(" "))

const fits = (ask: Ask, item: Item): boolean => {
  switch (ask.type) {
    case "choice":
      return ask.options.some(({ code }) => code === item.value)
    case "open-choice":
      return item.kind === "other" || ask.options.some(({ code }) => code === item.value)
    case "integer":
    case "decimal":
      return (
        typeof item.value === "number" &&
        (ask.type === "decimal" || Number.isInteger(item.value)) &&
        item.value >= (ask.min ?? -Infinity) &&
        item.value <= (ask.max ?? Infinity)
      )
    case "quantity":
      return typeof item.value === "object" && (ask.units === undefined || ask.units.includes(item.value.unit ?? ""))
    case "boolean":
      return typeof item.value === "boolean"
    case "date":
      return /^\d{4}(?:-\d{2}(?:-\d{2})?)?$/.test(String(item.value))
    case "dateTime":
      return /^\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}:\d{2}\+03:00)?)?)?$/.test(String(item.value))
    case "time":
      return /^\d{2}:\d{2}:\d{2}$/.test(String(item.value))
    case "string":
    case "text":
    case "url":
      return typeof item.value === "string" && item.value !== ""
  }
}

describe("whatever is said", () => {
  it("is answered alike each time, within the question, or not at all", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...spokenAsks),
        fc.oneof(someWords, anyText),
        fc.constantFrom("answer", "confirmation", "consent", "stop"),
        ({ language, ask }, text, moment) => {
          const once = understand({ ask, moment, language, today }, voice(text))
          assert.deepEqual(understand({ ask, moment, language, today }, voice(text)), once)
          if (once.kind !== "answer") return
          assert.isTrue(once.score > 0 && once.score <= 1, String(once.score))
          for (const item of once.items) assert.isTrue(fits(ask, item), JSON.stringify(item))
          assert.isTrue(once.items.length === 1 || ask.repeats === true)
        }
      ),
      { numRuns: 1_000 }
    )
  })

  it("is not taken without asking when it was heard badly, or with words missing", () => {
    for (const row of tables.flatMap(rowsOf)) {
      const ask = asks[row.language][row.ask]
      if (ask === undefined) continue
      const { text } = saidIn(row)
      for (const more of [{ confidence: 0.5 }, { confidence: 0.95, unknownWords: 1 }]) {
        const heard = understood(ask, text, row.language, more)
        assert.isFalse("sure" in heard && heard.sure, `${row.place} ${row.phrase}`)
      }
    }
  })

  it("by a stand-in for the model never fills a free text", () => {
    fc.assert(
      fc.property(someWords, (text) => {
        for (const name of ["name", "complaint", "medicines"]) {
          assert.notEqual(understood(named("ar", name), text, "ar", { degraded: true }).kind, "answer")
        }
      })
    )
  })
})

const choices = spokenAsks.flatMap(({ language, ask }) =>
  ask.type === "choice" && ask.repeats !== true
    ? ask.options.flatMap((option) =>
        [option.display, ...option.phrases].map((phrase) => ({ language, ask, option, phrase }))
      )
    : []
)
const denials = { ar: ["ليس", "مو", "مش", "مب"], en: ["not", "it is not", "that isn't"] } as const
const corrections = { ar: ["لا قصدي", "عفوا", "لا بل"], en: ["no I mean", "sorry", "no wait"] } as const

describe("options", () => {
  it("are chosen by everything that names them", () => {
    for (const { language, ask, option, phrase } of choices) {
      assert.equal(sureValue(understood(ask, phrase, language)), option.code, phrase)
    }
  })

  it("are never chosen by their denial", () => {
    for (const { language, ask, option, phrase } of choices) {
      // "Not never" is how some people say never.
      if (["0", "never", "none"].includes(option.code)) continue
      for (const denial of denials[language]) {
        const heard = understood(ask, `${denial} ${phrase}`, language)
        assert.isFalse(heard.kind === "answer" && heard.items[0].value === option.code, `${denial} ${phrase}`)
      }
    }
  })

  it("that are corrected give way to what is said after it", () => {
    for (const { language, ask, option, phrase } of choices) {
      for (const other of choices.filter((choice) => choice.ask === ask && choice.option !== option)) {
        for (const correction of corrections[language]) {
          const heard = understood(ask, `${phrase} ${correction} ${other.phrase}`, language)
          assert.equal(sureValue(heard), other.option.code, `${phrase} ${correction} ${other.phrase}`)
        }
      }
    }
  })

  it("that contradict each other are no answer", () => {
    for (const { language, ask, option, phrase } of choices) {
      for (const other of choices.filter((choice) => choice.ask === ask && choice.option !== option)) {
        const heard = understood(ask, `${phrase}, ${other.phrase}`, language)
        assert.notEqual(heard.kind, "answer", `${phrase}, ${other.phrase}`)
      }
    }
  })
})
