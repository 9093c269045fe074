/** What a questionnaire machine is made from: a FHIR Questionnaire reduced to what a conversation needs. Plain data. */
import type { Answer } from "#schemas/record.ts"

/** The types that are asked. Groups and displays are told; what is never asked has no question. */
export type QuestionType =
  | "boolean"
  | "choice"
  | "open-choice"
  | "integer"
  | "decimal"
  | "date"
  | "dateTime"
  | "time"
  | "string"
  | "text"
  | "url"
  | "quantity"

export interface PlanOption {
  readonly code: string
  readonly system?: string
  readonly display: string
  /** With vowel marks, for the read-back. */
  readonly spokenDisplay: string
  /** Phrases that choose it, without vowel marks; the number of `key` comes on top. */
  readonly phrases: ReadonlyArray<string>
  /** Keypad digits: the points of a scale that starts at 0, else the position from 1. */
  readonly key: string
  readonly points?: number
  /** How it stands in the response, where that is not a coding with this code; `display`: a coding without a code. */
  readonly as?: "string" | "integer" | "date" | "time" | "display"
}

export interface PlanUnit {
  /** As it is said and shown. */
  readonly display: string
  readonly code?: string
  readonly system?: string
}

export interface PlanQuestion {
  readonly linkId: string
  readonly text: string
  /** With vowel marks. */
  readonly spokenText: string
  /** The same to a woman, where the language tells. */
  readonly feminine?: Spoken
  /** Told when help is asked for, and from the second attempt on. */
  readonly help?: Spoken
  readonly itemType: QuestionType
  readonly options: ReadonlyArray<PlanOption>
  readonly required: boolean
  /** `always`: a spoken answer is read back whatever its confidence (R7.3); `never`: taken as it was heard. */
  readonly confirm: "low" | "always" | "never"
  /** It is asked once for each entry of a list, and several entries may be said in one breath. */
  readonly lists?: true
  /** Several options may be chosen in one answer, at most so many. */
  readonly chooseMax?: number
  readonly chooseMin?: number
  /** Of numbers and lengths of time; dates and times as ISO strings. */
  readonly min?: number | string
  readonly max?: number | string
  /** UTF-16 units. */
  readonly minLength?: number
  readonly maxLength?: number
  readonly maxDecimalPlaces?: number
  /** A regular expression that a text must match as a whole. */
  readonly pattern?: string
  /** A quantity is taken in one of these; the first is what a bare number means. A number has at most one. */
  readonly units?: ReadonlyArray<PlanUnit>
  /** Offered: the person may keep it. One for each occurrence of what repeats. */
  readonly initial?: ReadonlyArray<Answer>
  /** More words for its grammar, without vowel marks. */
  readonly phrases?: ReadonlyArray<string>
}

/** Several answers in one breath are no contradiction here. */
export const mayBeSeveral = ({ lists, chooseMax }: PlanQuestion): boolean => lists === true || chooseMax !== undefined

export interface Spoken {
  readonly text: string
  /** With vowel marks. */
  readonly spokenText: string
}

export interface PlanTest {
  readonly question: string
  readonly operator: "exists" | "=" | "!=" | ">" | "<" | ">=" | "<="
  readonly value: boolean | number | string
  /** Of a quantity: compared only with the same unit. */
  readonly unit?: string
}

/** An item in its place in the tree. */
export interface PlanItem {
  readonly linkId: string
  readonly kind: "group" | "display" | "question"
  /** What is told of a group or display. */
  readonly told?: Spoken & { readonly feminine?: Spoken }
  /** Its place in `Plan.questions`; absent: it is never asked. */
  readonly question?: number
  readonly type?: QuestionType
  /** Of what is never asked, for its value to stand in the response. */
  readonly options?: ReadonlyArray<PlanOption>
  readonly units?: ReadonlyArray<PlanUnit>
  readonly required?: true
  readonly enableWhen?: { readonly behavior: "all" | "any"; readonly tests: ReadonlyArray<PlanTest> }
  /** Whether it is enabled is an expression's matter; its value is; its offered value is. */
  readonly expressions?: { readonly enabled?: true; readonly value?: true; readonly initial?: true }
  /** What it holds though nobody is asked. */
  readonly fixed?: ReadonlyArray<Answer>
  /** Each occurrence is asked for one after the other; `gated`: whether there is any at all is asked first. */
  readonly loop?: { readonly min: number; readonly max: number; readonly gated: boolean; readonly index: number }
  readonly items: ReadonlyArray<PlanItem>
}

export interface PlanBand {
  readonly min: number
  readonly max: number
  /** As the questionnaire writes it, whatever language is spoken: programs know a band by it. */
  readonly display: string
  /** The same in the session's language, where it is translated. */
  readonly text?: string
}

export interface PlanScore {
  readonly linkId: string
  /** What it is called. */
  readonly text?: string
  /** Empty: the value of an expression. */
  readonly sumOf: ReadonlyArray<string>
  readonly bands: ReadonlyArray<PlanBand>
  /** So many items may lack an answer; the mean of the others stands for each. Default 0. */
  readonly missingMax?: number
}

/** What staff must hear of. */
export interface PlanAlert {
  readonly linkId: string
  readonly rule: string
  /** Raised by one of these options; `null`: by the end without an answer. */
  readonly codes: ReadonlyArray<string> | null
}

/** What several answers together must be. */
export interface PlanConstraint {
  readonly id: string
  /** Of the item, or "" of the whole. */
  readonly linkId: string
  /** To the person. */
  readonly human: string
}

export interface Plan {
  readonly id: string
  readonly url: string
  readonly version: string
  readonly title: string
  readonly language: "ar" | "en"
  readonly questions: ReadonlyArray<PlanQuestion>
  /** Every item in its place. */
  readonly items: ReadonlyArray<PlanItem>
  readonly scores: ReadonlyArray<PlanScore>
  readonly alerts: ReadonlyArray<PlanAlert>
  readonly constraints: ReadonlyArray<PlanConstraint>
  /**
   * Whether the answers are read back at the end, or that is offered. Absent: where any was spoken they are read, a long list
   * is offered.
   */
  readonly review?: "read" | "offer" | "none"
  /** The name of the voice that speaks it, where it is here; absent: the configured one. */
  readonly voice?: string
  /** Of the voice's own pace; absent: as the service speaks. */
  readonly speakingRatePercent?: number
  /** Whose answer tells that the person is a woman. */
  readonly feminineWhen?: { readonly linkId: string; readonly code: string }
}
