/**
 * The part of FHIR R4 that we honour: `Questionnaire` in, `QuestionnaireResponse` out. Fields outside it are refused by
 * name when a questionnaire loads, so that nothing which changes its meaning is dropped in silence.
 * Source: https://hl7.org/fhir/R4/questionnaire.html and questionnaireresponse.html.
 */
import { Schema } from "effect"

const optional = Schema.optionalKey
const Strings = Schema.Array(Schema.String)

/** Extensions of the standard and our own for speech (docs/questionnaires.md). */
export const extensionUrls = {
  /** Points of an option. http://hl7.org/fhir/StructureDefinition/ordinalValue */
  ordinalValue: "http://hl7.org/fhir/StructureDefinition/ordinalValue",
  /** The wording to speak, with vowel marks, where it differs from the wording shown. valueString */
  spokenText: "urn:sawt:fhir:spoken-text",
  /** One phrase that chooses the option when said, without vowel marks; repeats. valueString */
  spokenPhrase: "urn:sawt:fhir:spoken-phrase",
  /** `always`: a spoken answer is read back and must be confirmed. valueCode; default `low` = only when unsure */
  confirm: "urn:sawt:fhir:confirm",
  /** On a readOnly integer: the linkId of one item whose points it adds up; repeats. valueString */
  sumOf: "urn:sawt:fhir:sum-of",
  /** On the same item: `{min, max, display}` of one band; repeats. */
  band: "urn:sawt:fhir:band"
} as const

export const Coding = Schema.Struct({
  system: optional(Schema.String),
  version: optional(Schema.String),
  code: Schema.NonEmptyString,
  display: optional(Schema.String),
  extension: optional(Schema.Array(Schema.suspend((): Schema.Codec<Extension> => Extension)))
})
export type Coding = typeof Coding.Type

export interface Extension {
  readonly url: string
  readonly valueString?: string
  readonly valueCode?: string
  readonly valueInteger?: number
  readonly valueDecimal?: number
  readonly valueBoolean?: boolean
  readonly extension?: ReadonlyArray<Extension>
}
export const Extension: Schema.Codec<Extension> = Schema.Struct({
  url: Schema.NonEmptyString,
  valueString: optional(Schema.String),
  valueCode: optional(Schema.String),
  valueInteger: optional(Schema.Int),
  valueDecimal: optional(Schema.Finite),
  valueBoolean: optional(Schema.Boolean),
  extension: optional(Schema.Array(Schema.suspend((): Schema.Codec<Extension> => Extension)))
})

export const itemTypes = ["group", "display", "choice", "boolean", "integer"] as const
export const ItemType = Schema.Literals(itemTypes)

export const AnswerOption = Schema.Struct({
  valueCoding: Coding,
  extension: optional(Schema.Array(Extension))
})
export type AnswerOption = typeof AnswerOption.Type

export interface QuestionnaireItem {
  readonly linkId: string
  readonly type: (typeof itemTypes)[number]
  readonly text?: string
  readonly prefix?: string
  readonly definition?: string
  readonly code?: ReadonlyArray<Coding>
  readonly required?: boolean
  readonly readOnly?: boolean
  readonly answerOption?: ReadonlyArray<AnswerOption>
  readonly extension?: ReadonlyArray<Extension>
  readonly item?: ReadonlyArray<QuestionnaireItem>
}
export const QuestionnaireItem: Schema.Codec<QuestionnaireItem> = Schema.Struct({
  linkId: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_.:/-]{1,128}$/)),
  type: ItemType,
  text: optional(Schema.NonEmptyString),
  prefix: optional(Schema.String),
  definition: optional(Schema.String),
  code: optional(Schema.Array(Coding)),
  required: optional(Schema.Boolean),
  readOnly: optional(Schema.Boolean),
  answerOption: optional(Schema.NonEmptyArray(AnswerOption)),
  extension: optional(Schema.Array(Extension)),
  item: optional(Schema.Array(Schema.suspend((): Schema.Codec<QuestionnaireItem> => QuestionnaireItem)))
})

const Narrative = Schema.Record(Schema.String, Schema.Unknown)

export const Questionnaire = Schema.Struct({
  resourceType: Schema.Literal("Questionnaire"),
  id: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9.-]{1,64}$/)),
  meta: optional(Narrative),
  text: optional(Narrative),
  identifier: optional(Schema.Array(Narrative)),
  language: optional(Schema.Literals(["ar", "en"])),
  url: Schema.NonEmptyString,
  version: Schema.NonEmptyString,
  name: optional(Schema.String),
  title: Schema.NonEmptyString,
  status: Schema.Literals(["draft", "active", "retired", "unknown"]),
  experimental: optional(Schema.Boolean),
  subjectType: optional(Strings),
  date: optional(Schema.String),
  publisher: optional(Schema.String),
  description: optional(Schema.String),
  purpose: optional(Schema.String),
  copyright: optional(Schema.String),
  code: optional(Schema.Array(Coding)),
  extension: optional(Schema.Array(Extension)),
  item: Schema.NonEmptyArray(QuestionnaireItem)
})
export type Questionnaire = typeof Questionnaire.Type

/** Exactly one `value[x]` is present. */
export const ResponseAnswer = Schema.Struct({
  valueCoding: optional(
    Schema.Struct({ system: optional(Schema.String), code: Schema.String, display: optional(Schema.String) })
  ),
  valueBoolean: optional(Schema.Boolean),
  valueInteger: optional(Schema.Int)
})
export type ResponseAnswer = typeof ResponseAnswer.Type

export interface ResponseItem {
  readonly linkId: string
  readonly text?: string
  readonly answer?: ReadonlyArray<ResponseAnswer>
  readonly item?: ReadonlyArray<ResponseItem>
}
export const ResponseItem: Schema.Codec<ResponseItem> = Schema.Struct({
  linkId: Schema.String,
  text: optional(Schema.String),
  answer: optional(Schema.Array(ResponseAnswer)),
  item: optional(Schema.Array(Schema.suspend((): Schema.Codec<ResponseItem> => ResponseItem)))
})

export const QuestionnaireResponse = Schema.Struct({
  resourceType: Schema.Literal("QuestionnaireResponse"),
  id: Schema.String,
  /** Canonical with version: `url|version`. */
  questionnaire: Schema.String,
  status: Schema.Literals(["in-progress", "completed", "amended", "stopped"]),
  language: optional(Schema.String),
  subject: optional(
    Schema.Struct({ reference: optional(Schema.String), identifier: optional(Schema.Struct({ value: Schema.String })) })
  ),
  authored: Schema.String,
  item: optional(Schema.Array(ResponseItem))
})
export type QuestionnaireResponse = typeof QuestionnaireResponse.Type
