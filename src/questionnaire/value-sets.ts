/**
 * Answers named by a value set: contained in the questionnaire, or a file of `valuesets/`. What neither lists code by code
 * is not known here, and never invented. Pure.
 */
import { Option, Schema, Struct } from "effect"
import { Coding, Extension } from "#schemas/fhir.ts"

const optional = Schema.optionalKey

interface Concept extends Coding {
  readonly abstract?: boolean
  readonly inactive?: boolean
  readonly contains?: ReadonlyArray<Concept>
}
const Concept: Schema.Codec<Concept> = Schema.Struct({
  system: optional(Schema.String),
  version: optional(Schema.String),
  code: optional(Schema.NonEmptyString),
  display: optional(Schema.String),
  abstract: optional(Schema.Boolean),
  inactive: optional(Schema.Boolean),
  extension: optional(Schema.Array(Extension)),
  contains: optional(Schema.Array(Schema.suspend((): Schema.Codec<Concept> => Concept)))
})

/** Only what is needed to list the codes; other fields of the resource do not matter here. */
const ValueSet = Schema.Struct({
  resourceType: Schema.Literal("ValueSet"),
  id: optional(Schema.String),
  url: optional(Schema.String),
  version: optional(Schema.String),
  compose: optional(
    Schema.Struct({
      include: Schema.Array(
        Schema.Struct({
          system: optional(Schema.String),
          concept: optional(Schema.Array(Concept)),
          filter: optional(Schema.Array(Schema.Unknown)),
          valueSet: optional(Schema.Array(Schema.String))
        })
      ),
      exclude: optional(Schema.Array(Schema.Unknown))
    })
  ),
  expansion: optional(Schema.Struct({ contains: optional(Schema.Array(Concept)) }))
})
export type ValueSet = typeof ValueSet.Type

export const decodeValueSet = Schema.decodeUnknownOption(ValueSet)

/** By url, and by `url|version`. */
export type ValueSets = ReadonlyMap<string, ValueSet>

const flat = (concepts: ReadonlyArray<Concept>): ReadonlyArray<Coding> =>
  concepts.flatMap((concept) => [
    ...(concept.abstract === true ? [] : [Struct.omit(concept, ["abstract", "inactive", "contains"])]),
    ...flat(concept.contains ?? [])
  ])

/** Undefined where not every code is listed. */
const codesOf = ({ compose, expansion }: ValueSet): ReadonlyArray<Coding> | undefined => {
  const expanded = flat(expansion?.contains ?? [])
  if (expanded.length > 0) return expanded
  if (compose === undefined || (compose.exclude ?? []).length > 0) return undefined
  const whole = compose.include.every(
    ({ concept, filter, valueSet }) => concept !== undefined && filter === undefined && valueSet === undefined
  )
  if (!whole) return undefined
  return compose.include.flatMap(({ system, concept }) =>
    (concept ?? []).map((coding) => ({ ...(system === undefined ? {} : { system }), ...coding }))
  )
}

export const resolveValueSet = (
  reference: string,
  contained: ReadonlyArray<Readonly<Record<string, unknown>>>,
  valueSets: ValueSets
): ReadonlyArray<Coding> | undefined => {
  const [url = ""] = reference.split("|")
  const inside = contained.find(
    ({ resourceType, id, url: own }) =>
      resourceType === "ValueSet" && (reference === `#${String(id)}` || (own !== undefined && own === url))
  )
  const found = inside === undefined ? undefined : Option.getOrUndefined(decodeValueSet(inside))
  const set = found ?? valueSets.get(reference) ?? valueSets.get(url)
  const codes = set === undefined ? undefined : codesOf(set)
  return codes === undefined || codes.length === 0 ? undefined : codes
}
