/** What a questionnaire machine is made from: a FHIR Questionnaire reduced to what a conversation needs. Plain data. */
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
}

export interface PlanQuestion {
  readonly linkId: string
  readonly text: string
  /** With vowel marks. */
  readonly spokenText: string
  /** Group and display texts that come before it, told once. */
  readonly intro?: { readonly text: string; readonly spokenText: string }
  readonly itemType: "choice" | "boolean"
  readonly options: ReadonlyArray<PlanOption>
  readonly required: boolean
  /** `always`: a spoken answer is read back whatever its confidence (R7.3). */
  readonly confirm: "low" | "always"
}

export interface PlanBand {
  readonly min: number
  readonly max: number
  readonly display: string
}

export interface PlanScore {
  readonly linkId: string
  readonly sumOf: ReadonlyArray<string>
  readonly bands: ReadonlyArray<PlanBand>
}

export interface Plan {
  readonly id: string
  readonly url: string
  readonly version: string
  readonly title: string
  readonly language: "ar" | "en"
  readonly questions: ReadonlyArray<PlanQuestion>
  readonly scores: ReadonlyArray<PlanScore>
}
