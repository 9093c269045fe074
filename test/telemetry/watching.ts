/** What otel/ asks of Prometheus: every query of the dashboards, every rule. */
import { spawnSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"

export const otel = join(import.meta.dirname, "../../otel")

export interface Query {
  /** Where it stands. */
  readonly of: string
  readonly expr: string
}

interface Panel {
  readonly title: string
  readonly targets?: ReadonlyArray<{ readonly expr: string }>
}

/** What Grafana puts in the place of its variables. */
const filled = (expr: string, range: string): string =>
  expr.replaceAll("$__rate_interval", range).replaceAll("$__range", range).replaceAll("$questionnaire", ".*")

export const dashboardQueries = (range = "5m"): ReadonlyArray<Query> =>
  globSync("grafana/dashboards/*.json", { cwd: otel })
    .toSorted()
    .flatMap((file) => {
      const { panels } = JSON.parse(readFileSync(join(otel, file), "utf8")) as { readonly panels: ReadonlyArray<Panel> }
      return panels.flatMap(({ title, targets = [] }) =>
        targets.map(({ expr }) => ({ of: `${basename(file)}: ${title}`, expr: filled(expr, range) }))
      )
    })

export const ruleFiles = globSync("prometheus/rules/*.yml", { cwd: otel })
  .toSorted()
  .map((file) => join(otel, file))
export const ruleTexts = (): string => ruleFiles.map((file) => readFileSync(file, "utf8")).join("\n")

export const promtool = (
  ...args: ReadonlyArray<string>
): { readonly status: number | null; readonly output: string } => {
  const { status, stdout, stderr, error } = spawnSync("promtool", args, { encoding: "utf8" })
  if (error !== undefined) throw new Error("promtool is needed: apt-get install prometheus", { cause: error })
  return { status, output: `${stdout}${stderr}` }
}
