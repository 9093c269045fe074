/** One environment variable: how it is read, and how the reference page tells of it. */
import { Schema } from "effect"

const Integer = (minimum: number, maximum: number) =>
  Schema.String.check(Schema.isPattern(/^[0-9]{1,9}$/)).pipe(
    Schema.decodeTo(Schema.FiniteFromString.check(Schema.isBetween({ minimum, maximum })))
  )

export interface Variable<S> {
  readonly schema: S
  readonly unit?: string
  /** As the reference page shows it. */
  readonly default: string
  readonly allowed: string
  readonly about: string
  readonly secret?: true
}
export const variable = <const S extends Schema.Codec<unknown, string>>(row: Variable<S>): Variable<S> => row
export const integer = (row: { minimum: number; maximum: number; default: string; unit?: string; about: string }) =>
  variable({
    schema: Integer(row.minimum, row.maximum),
    ...(row.unit === undefined ? {} : { unit: row.unit }),
    default: row.default,
    allowed: `an integer from ${row.minimum} to ${row.maximum}`,
    about: row.about
  })
