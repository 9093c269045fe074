/**
 * What the benches share towards whoever runs them: options, progress and tables. Tables go to stdout, progress to
 * stderr, so that `--json` can be piped. Wrong usage ends with 2, a bench that could not run with 1.
 */
import { cpus, loadavg } from "node:os"
import { parseArgs } from "node:util"

export interface NumberOption {
  readonly default: number
  readonly about: string
}

export interface TextOption {
  readonly about: string
  /** Absent: empty. */
  readonly default?: string
}

export interface Options<Names extends string, Flags extends string, Texts extends string> {
  readonly json: boolean
  readonly texts: Readonly<Record<Texts, string>>
  readonly numbers: Readonly<Record<Names, number>>
  readonly flags: Readonly<Record<Flags, boolean>>
}

const keysOf = <Keys extends string>(record: Readonly<Record<Keys, unknown>>): ReadonlyArray<Keys> =>
  Object.keys(record) as Array<Keys>

/** `about`: what is measured and how, a few lines. A flag is told by its sentence. */
export const readOptions = <
  const Names extends string = never,
  const Flags extends string = never,
  const Texts extends string = never
>(
  name: string,
  about: string,
  options: {
    readonly numbers?: Readonly<Record<Names, NumberOption>>
    readonly texts?: Readonly<Record<Texts, TextOption>>
    readonly flags?: Readonly<Record<Flags, string>>
    /** Where it is no bench: the script's name, and what its exit code means. */
    readonly script?: string
    readonly exitCodes?: string
  }
): Options<Names, Flags, Texts> => {
  const numbers = options.numbers ?? ({} as Record<Names, NumberOption>)
  const texts = options.texts ?? ({} as Record<Texts, TextOption>)
  const flags: Readonly<Record<string, string>> = { ...options.flags, json: "for machines", help: "this text" }
  const line = (key: string, text: string) => `  --${key.padEnd(18)} ${text}`
  const help = [
    `Usage: npm run ${options.script ?? `bench:${name}`} -- [options]`,
    "",
    about,
    "",
    ...keysOf(texts).map((key) =>
      line(`${key} …`, `${texts[key].about}${texts[key].default ? ` (default ${texts[key].default})` : ""}`)
    ),
    ...keysOf(numbers).map((key) => line(`${key} N`, `${numbers[key].about} (default ${numbers[key].default})`)),
    ...Object.entries(flags).map(([key, text]) => line(key, text)),
    "",
    `Exit code ${options.exitCodes ?? "0: it ran, whatever the figures. 1: it could not run"}. 2: wrong usage.`
  ].join("\n")
  const refuse = (problem: string): never => {
    console.error(`${problem}\n\n${help}`)
    process.exit(2)
  }
  const read = (): Readonly<Record<string, string | boolean | undefined>> => {
    try {
      return parseArgs({
        options: {
          ...Object.fromEntries(
            [...keysOf(numbers), ...keysOf(texts)].map((key) => [key, { type: "string" } as const])
          ),
          ...Object.fromEntries(Object.keys(flags).map((key) => [key, { type: "boolean" } as const]))
        }
      }).values
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error))
    }
  }
  const values = read()
  if (values["help"] === true) {
    console.log(help)
    process.exit(0)
  }
  const toNumber = (key: Names): number => {
    const value = values[key]
    if (value === undefined) return numbers[key].default
    return typeof value === "string" && /^\d{1,6}$/.test(value)
      ? Number(value)
      : refuse(`--${key} takes a whole number, not ${String(value)}`)
  }
  return {
    json: values["json"] === true,
    texts: Object.fromEntries(
      keysOf(texts).map((key) => [key, String(values[key] ?? texts[key].default ?? "")])
    ) as Record<Texts, string>,
    numbers: Object.fromEntries(keysOf(numbers).map((key) => [key, toNumber(key)])) as Record<Names, number>,
    flags: Object.fromEntries(
      keysOf(options.flags ?? ({} as Record<Flags, string>)).map((key) => [key, values[key] === true])
    ) as Record<Flags, boolean>
  }
}

export const progress = (line: string): void => console.error(`… ${line}`)

/** Where and how busy: figures of different machines, or of a busy one, do not compare. */
export const machine = (): string => {
  const [first] = cpus()
  const load = loadavg()[0] ?? 0
  return `${cpus().length} x ${first?.model.trim() ?? "unknown"}, load ${load.toFixed(1)}, Node ${process.version}`
}

export type Row = Readonly<Record<string, string | number>>

/** One line for each row; the columns are the first row's keys, numbers to the right. */
export const table = (rows: ReadonlyArray<Row>): string => {
  const columns = Object.keys(rows[0] ?? {})
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? "")))
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((line) => line[i]?.length ?? 0)))
  const numeric = columns.map((column) => rows.every((row) => typeof row[column] !== "string"))
  const pad = (text: string, i: number) => (numeric[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))
  const line = (texts: ReadonlyArray<string>) => texts.map(pad).join("   ").trimEnd()
  return [line(columns), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n")
}

/** Of unsorted values; NaN of none. */
export const percentile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

export const median = (values: ReadonlyArray<number>): number => percentile(values, 0.5)

/** 95 % of the median, by the ranks of the values (sign test), without assuming how they are distributed. */
export const medianInterval = (values: ReadonlyArray<number>): readonly [number, number] => {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)))
  return [sorted[rank] ?? NaN, sorted[sorted.length - 1 - rank] ?? NaN]
}

/** For tables: so many decimals, and still a number. */
export const rounded = (value: number, decimals: number): number => Number(value.toFixed(decimals))
