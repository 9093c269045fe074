/**
 * What understanding is about, as plain data that no plan and no session is needed for: what is asked, what was said, and
 * what that comes to. A result always names the rule that made it, so that a wrong one can be traced to a line.
 */
export type Language = "ar" | "en"

export interface AskOption {
  readonly code: string
  readonly display: string
  /** What chooses it besides its display: the questionnaire's own phrases. */
  readonly phrases: ReadonlyArray<string>
  /** Its number when it is chosen by number; undefined where numbers choose nothing. */
  readonly key?: string
}

interface Bounds<A> {
  readonly min?: A
  readonly max?: A
}

interface Asked {
  /** What is asked: whoever answers with its words ("I have an allergy to …") adds nothing unknown. */
  readonly text?: string
  /** Several answers in one breath are a list, not a contradiction. */
  readonly repeats?: boolean
}

/** One question, by the type of its item. Units are UCUM codes; dates `YYYY-MM-DD`, times of day `HH:MM`. */
export type Ask = Asked &
  (
    | { readonly type: "boolean" }
    | { readonly type: "choice"; readonly options: ReadonlyArray<AskOption> }
    | { readonly type: "open-choice"; readonly options: ReadonlyArray<AskOption> }
    /** `unit`: what the number counts, where the questionnaire says so. */
    | (Bounds<number> & { readonly type: "integer" | "decimal"; readonly unit?: string })
    /** No `units`: any that is known, or none. The first is what a bare number means, if it is the only one. */
    | (Bounds<number> & { readonly type: "quantity"; readonly units?: ReadonlyArray<string> })
    | (Bounds<string> & { readonly type: "date" | "dateTime" | "time" })
    | { readonly type: "string" | "text" | "url"; readonly lengthMax?: number }
  )

export type AskType = Ask["type"]

/** What the words may be about besides an answer. */
export type Moment =
  /** A question was asked. */
  | "answer"
  /** An answer was read back: yes, no, or another answer. */
  | "confirmation"
  /** Is there another one? Yes, no, "nothing else", or that other one. */
  | "another"
  /** Only yes or no counts. */
  | "consent"
  /** "Shall we stop?": only yes or no counts. */
  | "stop"

export type SpokenCommand = "repeat" | "back" | "skip" | "stop" | "later" | "withdraw" | "help" | "human"

export interface Today {
  /** `YYYY-MM-DD`, where the person is. */
  readonly date: string
  /** As in FHIR: `+03:00`. */
  readonly utcOffset: string
}

export interface Said {
  readonly text: string
  readonly via: "voice" | "text"
  /** Mean over the words, 0 to 1; undefined where there is none (typed text). */
  readonly confidence?: number
  /** Words that were heard and are not in the text. */
  readonly unknownWords?: number
  /** Heard by a stand-in of the model: never fills a free text. */
  readonly degraded?: boolean
}

export interface Quantity {
  readonly value: number
  /** UCUM code; undefined where no unit was said and none is asked for. */
  readonly unit?: string
}

export type Value = boolean | number | string | Quantity

export interface Item {
  /** An option's code, a number, a date or time, or what was said. `other`: text beside the options of an open choice. */
  readonly kind: "boolean" | "option" | "other" | "number" | "quantity" | "date" | "dateTime" | "time" | "text"
  readonly value: Value
  /** For the read-back, in the person's language. */
  readonly display: string
}

interface Explained {
  /** Which rule decided, for people: tables and tests name the same words. */
  readonly rule: string
}

export type Understanding = Explained &
  (
    | {
        readonly kind: "answer"
        /** One, or several where the question repeats. */
        readonly items: readonly [Item, ...Array<Item>]
        /** How well the words fit, 0 to 1, without the recogniser's confidence. */
        readonly score: number
        /** Score and confidence together are enough to take it without asking. */
        readonly sure: boolean
        /** Of a list: something beside these was not understood; what is denied; they come to what was said before; "nothing else". */
        readonly isPartial?: true
        readonly ruledOut?: ReadonlyArray<Item>
        readonly adds?: true
        readonly isLast?: true
      }
    /** Of a list that was read back: without these. */
    | { readonly kind: "less"; readonly items: readonly [Item, ...Array<Item>] }
    | { readonly kind: "yes" | "no"; readonly score: number; readonly sure: boolean }
    | { readonly kind: "command"; readonly command: SpokenCommand; readonly score: number }
    | { readonly kind: "ambiguous"; readonly candidates: ReadonlyArray<Item> }
    | { readonly kind: "out_of_range"; readonly item: Item }
    | { readonly kind: "none" }
  )
