/**
 * Extensions: those that are honoured, those that are accepted since they cannot change what a spoken question means, and
 * how they are read. Any other one is refused by name when its questionnaire loads. docs/questionnaires.md explains each.
 */
import type { Coding, Element, Expression, Extension } from "#schemas/fhir.ts"

const hl7 = "http://hl7.org/fhir/StructureDefinition/"
const sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
const own = "urn:sawt:fhir:"

export const extensionUrls = {
  ordinalValue: `${hl7}ordinalValue`,
  itemWeight: `${hl7}itemWeight`,
  hidden: `${hl7}questionnaire-hidden`,
  itemControl: `${hl7}questionnaire-itemControl`,
  unit: `${hl7}questionnaire-unit`,
  unitOption: `${hl7}questionnaire-unitOption`,
  minValue: `${hl7}minValue`,
  maxValue: `${hl7}maxValue`,
  minLength: `${hl7}minLength`,
  maxDecimalPlaces: `${hl7}maxDecimalPlaces`,
  minOccurs: `${hl7}questionnaire-minOccurs`,
  maxOccurs: `${hl7}questionnaire-maxOccurs`,
  regex: `${hl7}regex`,
  translation: `${hl7}translation`,
  constraint: `${hl7}questionnaire-constraint`,
  targetConstraint: `${hl7}targetConstraint`,
  variable: `${hl7}variable`,
  sdcVariable: `${sdc}variable`,
  calculated: `${sdc}calculatedExpression`,
  initial: `${sdc}initialExpression`,
  oldInitial: `${hl7}questionnaire-initialExpression`,
  enableWhen: `${sdc}enableWhenExpression`,
  answers: `${sdc}answerExpression`,
  candidates: `${sdc}candidateExpression`,
  launchContext: `${sdc}launchContext`,
  populationContext: `${sdc}itemPopulationContext`,
  sourceQueries: `${sdc}sourceQueries`,
  openLabel: `${sdc}openLabel`,
  minQuantity: `${sdc}minQuantity`,
  maxQuantity: `${sdc}maxQuantity`,
  /** The wording to speak, with vowel marks, where it differs from the wording shown. valueString */
  spokenText: `${own}spoken-text`,
  /** The same, spoken to a woman. valueString */
  spokenFeminine: `${own}spoken-text-feminine`,
  /** One phrase that chooses the option when said, without vowel marks; repeats. valueString */
  spokenPhrase: `${own}spoken-phrase`,
  /** On an item: one more phrase that may be said to it; repeats. valueString */
  phrase: `${own}phrase`,
  /** Told when help is asked for. valueString */
  help: `${own}help-text`,
  /** `always`, `low` or `never`: when a spoken answer is read back. valueCode; default `low` = when unsure */
  confirm: `${own}confirm`,
  /** On an item nobody is asked: the linkId of one item whose points it adds up; repeats. valueString */
  sumOf: `${own}sum-of`,
  /** On the same item: `{min, max, display}` of one band; repeats. */
  band: `${own}band`,
  /** On the same item: so many items may lack an answer; the mean of the others stands for them. valueInteger */
  missingMax: `${own}missing-max`,
  /** On an option: staff must hear when it is chosen; the name of the rule. valueString */
  alert: `${own}alert`,
  /** On an item: staff must hear when it is left unanswered; the name of the rule. valueString */
  alertUnanswered: `${own}alert-unanswered`,
  /** On the whole: `read`, `offer` or `none`: whether the answers are read back at the end. valueCode */
  review: `${own}review`,
  /** On the whole: the name of the voice that speaks it. valueString */
  voice: `${own}voice`,
  /** On the whole: how fast it is spoken, percent of the voice's own pace, 50 to 200. valueInteger */
  speakingRate: `${own}speaking-rate`,
  /** On the whole: `{question, code}`, the answer which tells that the person is a woman. */
  feminineWhen: `${own}feminine-when`
} as const

const honoured: ReadonlySet<string> = new Set(Object.values(extensionUrls))

/** They say how a form looks, is filled in beforehand or is taken apart afterwards; nothing of it is heard. */
const presentational: ReadonlySet<string> = new Set([
  ...[
    "questionnaire-optionPrefix",
    "questionnaire-choiceOrientation",
    "questionnaire-displayCategory",
    "questionnaire-instruction",
    "questionnaire-answerRepeats",
    "questionnaire-sliderStepValue",
    "questionnaire-supportLink",
    "questionnaire-usageMode",
    "questionnaire-signatureRequired",
    "questionnaire-referenceResource",
    "questionnaire-referenceProfile",
    "questionnaire-referenceFilter",
    "questionnaire-fhirType",
    "questionnaire-baseType",
    "questionnaire-externallydefined",
    "quantity-precision",
    "designNote",
    "display",
    "entryFormat",
    "mimeType",
    "maxSize",
    "rendering-style",
    "rendering-xhtml",
    "rendering-markdown",
    "rendering-styleSensitive",
    "terminology-server",
    "preferredTerminologyServer",
    "cqf-library",
    "structuredefinition-wg",
    "questionnaire-definitionBased"
  ].map((name) => hl7 + name),
  ...[
    "assembledFrom",
    "assemble-expectation",
    "endpoint",
    "performerType",
    "preferredTerminologyServer",
    "shortText",
    "optionalDisplay",
    "openLabel",
    "width",
    "columnCount",
    "collapsible",
    "keyboard",
    "answerOptionsToggleExpression-label",
    "unitOpen",
    "unitSupplementalSystem",
    "observationExtract",
    "observation-extract-category",
    "observationExtractEntry",
    "observationLinkPeriod",
    "extractAllocateId",
    "templateExtract",
    "templateExtractBundle",
    "templateExtractContext",
    "templateExtractValue",
    "itemExtractionContext",
    "itemExtractionValue",
    "isSubject"
  ].map((name) => sdc + name),
  "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-referencesContained",
  "http://lhcforms.nlm.nih.gov/fhir/StructureDefinition/questionnaire-externallydefined",
  "http://lhcforms.nlm.nih.gov/fhirExt/dataControl",
  "http://standards.healthconnex.com.au/fhir/StructureDefinition/Questionnaire-TextArea-Row",
  "http://standards.healthconnex.com.au/fhir/StructureDefinition/Questionnaire-hcx-autocomplete",
  "http://standards.healthconnex.com.au/fhir/StructureDefinition/Questionnaire-hcx-horizontal",
  "http://hl7.org/fhir/tools/StructureDefinition/web-source"
])

export interface Extended {
  readonly extension?: ReadonlyArray<Extension>
}

export const all = (element: Extended | undefined, url: string): ReadonlyArray<Extension> =>
  (element?.extension ?? []).filter((extension) => extension.url === url)
export const first = (element: Extended | undefined, ...urls: ReadonlyArray<string>): Extension | undefined =>
  element?.extension?.find(({ url }) => urls.includes(url))
export const string = (element: Extended | undefined, url: string): string | undefined =>
  first(element, url)?.valueString
export const expression = (element: Extended, ...urls: ReadonlyArray<string>): Expression | undefined =>
  first(element, ...urls)?.valueExpression

export const unknownUrls = (element: Extended | undefined): ReadonlyArray<string> =>
  (element?.extension ?? []).flatMap(({ url }) => (honoured.has(url) || presentational.has(url) ? [] : [url]))

/** Codes of `questionnaire-itemControl`. */
export const controls = (element: Extended): ReadonlyArray<string> =>
  all(element, extensionUrls.itemControl).flatMap(
    ({ valueCodeableConcept }) => valueCodeableConcept?.coding?.flatMap(({ code }) => code ?? []) ?? []
  )

export type Language = "ar" | "en"

/** `ar-SA` is Arabic. */
export const languageOf = (tag: string | undefined): Language | undefined => {
  const [main] = (tag ?? "").toLowerCase().split("-")
  return main === "ar" || main === "en" ? main : undefined
}

/** Every translation of a primitive into a language, from its standard `translation` extensions. */
export const translations = (element: Element | undefined, language: Language): ReadonlyArray<string> =>
  all(element, extensionUrls.translation).flatMap((translation) =>
    languageOf(first(translation, "lang")?.valueCode) === language
      ? (first(translation, "content")?.valueString ?? first(translation, "content")?.valueMarkdown ?? [])
      : []
  )

/** R4 places the points of an option on the option or on its coding. */
export const pointsOf = (option: Extended & { readonly valueCoding?: Coding }): number | undefined => {
  const urls = [extensionUrls.ordinalValue, extensionUrls.itemWeight]
  const extension = first(option, ...urls) ?? first(option.valueCoding, ...urls)
  return extension?.valueDecimal ?? extension?.valueInteger
}
