/**
 * The part of FHIR R4 that we honour: `Questionnaire` in, `QuestionnaireResponse` out. Fields outside it are refused by
 * name when a questionnaire loads, so that nothing which changes its meaning is dropped in silence.
 * Source: https://hl7.org/fhir/R4/questionnaire.html and questionnaireresponse.html.
 */
import { Schema } from "effect"

const optional = Schema.optionalKey
const Strings = Schema.Array(Schema.String)
const Open = Schema.Record(Schema.String, Schema.Unknown)

export interface Coding {
  readonly system?: string
  readonly version?: string
  readonly code?: string
  readonly display?: string
  readonly userSelected?: boolean
  readonly id?: string
  readonly _display?: Element
  readonly extension?: ReadonlyArray<Extension>
}
export interface Quantity {
  readonly value?: number
  readonly comparator?: string
  readonly unit?: string
  readonly system?: string
  readonly code?: string
}
export interface Expression {
  readonly language: string
  readonly name?: string
  readonly expression?: string
  readonly reference?: string
  readonly description?: string
}
/** One of the many `value[x]`; those that none of the extensions we honour has are kept as they are. */
export interface Extension {
  readonly url: string
  readonly valueString?: string
  readonly _valueString?: Element
  readonly valueMarkdown?: string
  readonly valueCode?: string
  readonly valueUri?: string
  readonly valueCanonical?: string
  readonly valueInteger?: number
  readonly valueDecimal?: number
  readonly valueBoolean?: boolean
  readonly valueDate?: string
  readonly valueDateTime?: string
  readonly valueTime?: string
  readonly valueCoding?: Coding
  readonly valueCodeableConcept?: { readonly coding?: ReadonlyArray<Coding>; readonly text?: string }
  readonly valueQuantity?: Quantity
  readonly valueExpression?: Expression
  readonly extension?: ReadonlyArray<Extension>
}
/** Beside a primitive: `_text` beside `text`. */
export interface Element {
  readonly id?: string
  readonly extension?: ReadonlyArray<Extension>
}

const Extensions = optional(Schema.Array(Schema.suspend((): Schema.Codec<Extension> => Extension)))
export const Element: Schema.Codec<Element> = Schema.Struct({ id: optional(Schema.String), extension: Extensions })
const Beside = optional(Element)

export const Coding: Schema.Codec<Coding> = Schema.Struct({
  system: optional(Schema.String),
  version: optional(Schema.String),
  code: optional(Schema.NonEmptyString),
  display: optional(Schema.String),
  userSelected: optional(Schema.Boolean),
  id: optional(Schema.String),
  _display: optional(Schema.suspend((): Schema.Codec<Element> => Element)),
  extension: Extensions
})
const Quantity: Schema.Codec<Quantity> = Schema.Struct({
  value: optional(Schema.Finite),
  comparator: optional(Schema.Literals(["<", "<=", ">=", ">"])),
  unit: optional(Schema.String),
  system: optional(Schema.String),
  code: optional(Schema.String)
})
const Expression: Schema.Codec<Expression> = Schema.Struct({
  language: Schema.String,
  name: optional(Schema.String),
  expression: optional(Schema.String),
  reference: optional(Schema.String),
  description: optional(Schema.String)
})
const kept = optional(Schema.Unknown)
export const Extension: Schema.Codec<Extension> = Schema.Struct({
  id: optional(Schema.String),
  url: Schema.NonEmptyString,
  valueString: optional(Schema.String),
  _valueString: optional(Schema.suspend((): Schema.Codec<Element> => Element)),
  valueMarkdown: optional(Schema.String),
  valueCode: optional(Schema.String),
  valueUri: optional(Schema.String),
  valueCanonical: optional(Schema.String),
  valueInteger: optional(Schema.Int),
  valueDecimal: optional(Schema.Finite),
  valueBoolean: optional(Schema.Boolean),
  valueDate: optional(Schema.String),
  valueDateTime: optional(Schema.String),
  valueTime: optional(Schema.String),
  valueCoding: optional(Coding),
  valueCodeableConcept: optional(
    Schema.Struct({ coding: optional(Schema.Array(Coding)), text: optional(Schema.String) })
  ),
  valueQuantity: optional(Quantity),
  valueExpression: optional(Expression),
  valueUrl: kept,
  valueId: kept,
  valueOid: kept,
  valueUuid: kept,
  valueInstant: kept,
  valuePositiveInt: kept,
  valueUnsignedInt: kept,
  valueBase64Binary: kept,
  valueReference: kept,
  valueDuration: kept,
  valuePeriod: kept,
  valueRange: kept,
  valueIdentifier: kept,
  valueContactDetail: kept,
  valueUsageContext: kept,
  valueRelatedArtifact: kept,
  valueAnnotation: kept,
  valueAttachment: kept,
  extension: Extensions
})

export const itemTypes = [
  "group",
  "display",
  "boolean",
  "choice",
  "open-choice",
  "integer",
  "decimal",
  "date",
  "dateTime",
  "time",
  "string",
  "text",
  "url",
  "quantity",
  "reference",
  "attachment"
] as const
export const ItemType = Schema.Literals(itemTypes)
export type ItemType = typeof ItemType.Type

const Date = Schema.String.check(Schema.isPattern(/^\d{4}(-\d{2}(-\d{2})?)?$/))
const DateTime = Schema.String.check(
  Schema.isPattern(/^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/)
)
const Time = Schema.String.check(Schema.isPattern(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?$/))

export const AnswerOption = Schema.Struct({
  id: optional(Schema.String),
  valueCoding: optional(Coding),
  valueString: optional(Schema.NonEmptyString),
  valueInteger: optional(Schema.Int),
  valueDate: optional(Date),
  valueTime: optional(Time),
  valueReference: kept,
  _valueString: Beside,
  _valueInteger: Beside,
  _valueDate: Beside,
  _valueTime: Beside,
  initialSelected: optional(Schema.Boolean),
  extension: Extensions
})
export type AnswerOption = typeof AnswerOption.Type

export const EnableWhen = Schema.Struct({
  id: optional(Schema.String),
  question: Schema.String,
  operator: Schema.Literals(["exists", "=", "!=", ">", "<", ">=", "<="]),
  answerBoolean: optional(Schema.Boolean),
  answerDecimal: optional(Schema.Finite),
  answerInteger: optional(Schema.Int),
  answerDate: optional(Date),
  answerDateTime: optional(DateTime),
  answerTime: optional(Time),
  answerString: optional(Schema.String),
  answerCoding: optional(Coding),
  answerQuantity: optional(Quantity),
  answerReference: kept,
  extension: Extensions
})
export type EnableWhen = typeof EnableWhen.Type

/** What an item may be answered with, and begin with: at most one is present. */
const answerValues = {
  valueBoolean: optional(Schema.Boolean),
  valueDecimal: optional(Schema.Finite),
  valueInteger: optional(Schema.Int),
  valueDate: optional(Date),
  valueDateTime: optional(DateTime),
  valueTime: optional(Time),
  valueString: optional(Schema.String),
  valueUri: optional(Schema.String),
  valueCoding: optional(Coding),
  valueQuantity: optional(Quantity)
}

export const Initial = Schema.Struct({
  id: optional(Schema.String),
  ...answerValues,
  valueReference: kept,
  valueAttachment: kept,
  extension: Extensions
})
export type Initial = typeof Initial.Type

export interface QuestionnaireItem {
  readonly id?: string
  readonly linkId: string
  readonly type: ItemType
  readonly text?: string
  readonly _text?: Element
  readonly prefix?: string
  readonly _prefix?: Element
  readonly definition?: string
  readonly code?: ReadonlyArray<Coding>
  readonly enableWhen?: ReadonlyArray<EnableWhen>
  readonly enableBehavior?: "all" | "any"
  readonly required?: boolean
  readonly repeats?: boolean
  readonly readOnly?: boolean
  readonly maxLength?: number
  readonly answerValueSet?: string
  readonly answerOption?: ReadonlyArray<AnswerOption>
  readonly initial?: ReadonlyArray<Initial>
  readonly extension?: ReadonlyArray<Extension>
  readonly item?: ReadonlyArray<QuestionnaireItem>
}
export const QuestionnaireItem: Schema.Codec<QuestionnaireItem> = Schema.Struct({
  id: optional(Schema.String),
  linkId: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_.:/-]{1,128}$/)),
  type: ItemType,
  text: optional(Schema.NonEmptyString),
  _text: Beside,
  prefix: optional(Schema.String),
  _prefix: Beside,
  definition: optional(Schema.String),
  code: optional(Schema.Array(Coding)),
  enableWhen: optional(Schema.Array(EnableWhen)),
  enableBehavior: optional(Schema.Literals(["all", "any"])),
  required: optional(Schema.Boolean),
  repeats: optional(Schema.Boolean),
  readOnly: optional(Schema.Boolean),
  maxLength: optional(Schema.Int.check(Schema.isGreaterThan(0))),
  answerValueSet: optional(Schema.NonEmptyString),
  answerOption: optional(Schema.NonEmptyArray(AnswerOption)),
  initial: optional(Schema.Array(Initial)),
  extension: optional(Schema.Array(Extension)),
  item: optional(Schema.Array(Schema.suspend((): Schema.Codec<QuestionnaireItem> => QuestionnaireItem)))
})

/** Only what FHIR itself demands is demanded: `url`, `version` and `title` have defaults (`src/questionnaire/load.ts`). */
export const Questionnaire = Schema.Struct({
  resourceType: Schema.Literal("Questionnaire"),
  id: optional(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9.-]{1,64}$/))),
  meta: optional(Open),
  language: optional(Schema.String),
  text: optional(Open),
  contained: optional(Schema.Array(Open)),
  identifier: optional(Schema.Array(Open)),
  url: optional(Schema.NonEmptyString),
  version: optional(Schema.NonEmptyString),
  name: optional(Schema.String),
  title: optional(Schema.NonEmptyString),
  _title: Beside,
  derivedFrom: optional(Strings),
  status: optional(Schema.Literals(["draft", "active", "retired", "unknown"])),
  experimental: optional(Schema.Boolean),
  subjectType: optional(Strings),
  date: optional(Schema.String),
  publisher: optional(Schema.String),
  contact: optional(Schema.Array(Open)),
  description: optional(Schema.String),
  useContext: optional(Schema.Array(Open)),
  jurisdiction: optional(Schema.Array(Open)),
  purpose: optional(Schema.String),
  copyright: optional(Schema.String),
  approvalDate: optional(Schema.String),
  lastReviewDate: optional(Schema.String),
  effectivePeriod: optional(Open),
  code: optional(Schema.Array(Coding)),
  extension: optional(Schema.Array(Extension)),
  item: Schema.NonEmptyArray(QuestionnaireItem)
})
export type Questionnaire = typeof Questionnaire.Type

/** Exactly one `value[x]` is present. */
export interface ResponseAnswer {
  readonly valueBoolean?: boolean
  readonly valueDecimal?: number
  readonly valueInteger?: number
  readonly valueDate?: string
  readonly valueDateTime?: string
  readonly valueTime?: string
  readonly valueString?: string
  readonly valueUri?: string
  readonly valueCoding?: Pick<Coding, "system" | "version" | "code" | "display">
  readonly valueQuantity?: Quantity
  readonly item?: ReadonlyArray<ResponseItem>
}
export interface ResponseItem {
  readonly linkId: string
  readonly text?: string
  readonly answer?: ReadonlyArray<ResponseAnswer>
  readonly item?: ReadonlyArray<ResponseItem>
}
const Items = optional(Schema.Array(Schema.suspend((): Schema.Codec<ResponseItem> => ResponseItem)))
export const ResponseAnswer: Schema.Codec<ResponseAnswer> = Schema.Struct({
  ...answerValues,
  item: Items
})
export const ResponseItem: Schema.Codec<ResponseItem> = Schema.Struct({
  linkId: Schema.String,
  text: optional(Schema.String),
  answer: optional(Schema.Array(ResponseAnswer)),
  item: Items
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
