/**
 * `npm run config:check`: the environment, decoded as the start decodes it. One line for each fault, or what the service
 * would run with; a secret is only ever told to be set. What is allowed but probably not meant is a note, and no fault.
 */
import { Result } from "effect"
import type { ConfigFault } from "#schemas/config.ts"
import { type VariableName, variables } from "#schemas/config-variables.ts"
import type { Variable } from "#schemas/variable.ts"
import { loadSettings, type Settings } from "#src/config.ts"
import { readOptions } from "../bench/options.ts"

type Environment = Readonly<Record<string, string | undefined>>

export interface Report {
  readonly valid: boolean
  readonly faults: ReadonlyArray<ConfigFault>
  readonly environment?: Settings["environment"]
  /** By name: `set`, a value, or what holds in its place. */
  readonly variables?: Readonly<Record<string, string>>
  readonly notes: ReadonlyArray<string>
}

const names = Object.keys(variables) as ReadonlyArray<VariableName>

/** Letters to add, drop or change to get from one to the other. */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...to].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** A mistyped name is silently nobody's; two letters off is no coincidence in names as long as these. */
const mistyped = (environment: Environment): ReadonlyArray<string> =>
  Object.keys(environment)
    .filter((name) => name.length > 6 && !Object.hasOwn(variables, name))
    .flatMap((name) => {
      const meant = names.find((known) => known.length > 6 && distance(name, known) <= 2)
      return meant === undefined ? [] : [`${name} is no variable of this service; ${meant} is.`]
    })

const unmeant = (settings: Settings): ReadonlyArray<string> => {
  if (settings.environment === "development") {
    return ["VOICE_SERVICE_ENV is development: weak secrets are accepted, and missing ones made up for each run."]
  }
  return [
    ...(settings.storageKey === undefined
      ? ["STORAGE_KEY is not set: the key of all that is kept lies beside it, in DATA_DIR. Set one, and keep a copy."]
      : []),
    ...(settings.trustedProxyHops === 0
      ? ["TRUSTED_PROXY_HOPS is 0: behind a proxy all clients would count as one address."]
      : []),
    ...(settings.basicSocket ? ["BASIC_SOCKET is on: /ws is open to anybody, without a token."] : [])
  ]
}

const shown = (environment: Environment, name: VariableName): string => {
  const row: Variable<unknown> = variables[name]
  const value = environment[name]?.trim()
  if (value === undefined || value === "") return `default (${row.default})`
  return row.secret ? "set" : JSON.stringify(value)
}

export const check = (environment: Environment): Report => {
  const loaded = loadSettings(environment)
  const notes = mistyped(environment)
  if (Result.isFailure(loaded)) return { valid: false, faults: loaded.failure, notes }
  return {
    valid: true,
    faults: [],
    environment: loaded.success.environment,
    variables: Object.fromEntries(names.map((name) => [name, shown(environment, name)])),
    notes: [...notes, ...unmeant(loaded.success)]
  }
}

const linesOf = ({ valid, faults, environment, variables: values = {}, notes }: Report): ReadonlyArray<string> => [
  ...(valid
    ? [
        `The configuration is valid (${environment}).`,
        ...Object.entries(values).map(([name, value]) => `  ${name.padEnd(30)} ${value}`)
      ]
    : ["The configuration is not valid:", ...faults.map(({ line }) => `  ${line}`)]),
  ...notes.map((note) => `note: ${note}`)
]

if (import.meta.main) {
  const { json } = readOptions(
    "config-check",
    `Decodes the environment as the start does, and starts nothing: one line for each fault, or what the service would run
with. Secrets are never shown. Every variable: docs/reference/config.md.`,
    { script: "config:check", exitCodes: "0: valid. 1: at least one fault" }
  )
  const report = check(process.env)
  console.log(json ? JSON.stringify(report, null, 2) : linesOf(report).join("\n"))
  process.exitCode = report.valid ? 0 : 1
}
