/** What an element says in one language: shown, spoken, spoken to a woman. Pure. */
import type { Spoken } from "#machines/plan.ts"
import type { Element, Extension } from "#schemas/fhir.ts"
import { stripMarks } from "#src/tts/arabic-marks.ts"
import { withoutMarks } from "./arabic.ts"
import { all, extensionUrls, first, type Extended, type Language, translations } from "./extensions.ts"

export class Texts {
  readonly language: Language
  readonly #isOriginal: boolean
  /** What has no translation, as `linkId: what`. */
  readonly missing: Array<string> = []

  constructor(language: Language, original: Language) {
    this.language = language
    this.#isOriginal = language === original
  }

  /** A primitive in this language; the original where there is no translation. */
  text(value: string | undefined, beside: Element | undefined, whose: string): string | undefined {
    if (value === undefined || this.#isOriginal) return value
    const translated = translations(beside, this.language)[0]
    if (translated === undefined) this.missing.push(whose)
    return translated ?? value
  }

  /** What only staff read: without it a language is offered all the same. */
  forStaff(beside: Element | undefined): string | undefined {
    return translations(beside, this.language)[0]
  }

  /** All wordings of a repeated extension: a translation may hold several. */
  phrases(element: Extended | undefined, url: string): ReadonlyArray<string> {
    return all(element, url)
      .flatMap((extension) =>
        this.#isOriginal ? (extension.valueString ?? []) : translations(extension._valueString, this.language)
      )
      .map(withoutMarks)
  }

  /** With vowel marks, where an element has such a wording. */
  spoken(element: Extended): string | undefined {
    return this.#wording(first(element, extensionUrls.spokenText))
  }

  #wording(extension: Extension | undefined): string | undefined {
    return this.#isOriginal ? extension?.valueString : translations(extension?._valueString, this.language)[0]
  }

  /** A text with its spoken forms, which stand beside it as extensions of `element`. */
  told(
    value: string | undefined,
    beside: Element | undefined,
    element: Extended,
    whose: string
  ): (Spoken & { readonly feminine?: Spoken }) | undefined {
    const text = this.text(value, beside, whose)
    if (text === undefined) return undefined
    const spokenText = this.spoken(element) ?? text
    const feminine = this.#wording(first(element, extensionUrls.spokenFeminine))
    return {
      text,
      spokenText,
      ...(feminine === undefined ? {} : { feminine: { text: stripMarks(feminine), spokenText: feminine } })
    }
  }

  /** The text of an extension that is told. */
  help(element: Extended, url: string, whose: string): Spoken | undefined {
    const extension = first(element, url)
    const spokenText = this.text(extension?.valueString, extension?._valueString, whose)
    if (spokenText === undefined) return undefined
    return { text: this.language === "ar" ? stripMarks(spokenText) : spokenText, spokenText }
  }
}
