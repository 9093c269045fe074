/** otel/ is right by Prometheus's own tool, and asks of the service only what it has. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { type MetricName, metricNames, rowOf } from "#src/telemetry/metric-table.ts"
import { dashboardQueries, otel, promtool, ruleFiles, ruleTexts } from "./watching.ts"

const selector = /\b(sawt_[a-z0-9_]+)(?:\{([^}]*)\})?/g
const label = /([a-z_]+)\s*(?:=~|!~|!=|=)/g
/** What a query may name, and the labels that it may ask for. */
const series = new Map(
  metricNames.flatMap((name): ReadonlyArray<readonly [string, ReadonlySet<string>]> => {
    const { kind, labels } = rowOf(name)
    const own = [...Object.keys(labels), "job", "instance"]
    if (kind !== "histogram") return [[name, new Set(own)]]
    return [
      [`${name}_bucket`, new Set([...own, "le"])],
      [`${name}_sum`, new Set(own)],
      [`${name}_count`, new Set(own)]
    ]
  })
)
const recorded = new Set([...ruleTexts().matchAll(/record: (sawt:[a-z0-9_:]+)/g)].map(([, name]) => name))

const assertKnown = (of: string, text: string): void => {
  for (const [, name = "", labels = ""] of text.matchAll(selector)) {
    const known = series.get(name)
    assert.isDefined(known, `${of} asks for ${name}, which the service does not have`)
    for (const [, asked = ""] of labels.matchAll(label))
      assert.isTrue(known.has(asked), `${of}: ${name} has no ${asked}`)
  }
  for (const [name] of text.matchAll(/\bsawt:[a-z0-9_:]+/g))
    assert.isTrue(recorded.has(name), `${of} asks for ${name}, which no rule records`)
}

describe("otel/", () => {
  it("has rules and a configuration that Prometheus takes", () => {
    const rules = promtool("check", "rules", ...ruleFiles)
    assert.strictEqual(rules.status, 0, rules.output)
    const config = promtool("check", "config", "--syntax-only", join(otel, "prometheus/prometheus.yml"))
    assert.strictEqual(config.status, 0, config.output)
  })

  it("has alerts that fire on what they are for, and on nothing on a good day", () => {
    const tests = readFileSync(join(otel, "prometheus/tests/alerts.yml"), "utf8")
    for (const [, alert] of ruleTexts().matchAll(/alert: (\w+)/g))
      assert.include(tests, `alertname: ${alert}`, `${alert} has no test`)
    const run = promtool("test", "rules", join(otel, "prometheus/tests/alerts.yml"))
    assert.strictEqual(run.status, 0, run.output)
  })

  it("has dashboards whose queries Prometheus takes", () => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-queries-"))
    try {
      const file = join(folder, "queries.yml")
      const rules = dashboardQueries().map(({ expr }, at) => ({ record: `query:${at}`, expr }))
      // JSON is YAML.
      writeFileSync(file, JSON.stringify({ groups: [{ name: "queries", rules }] }))
      const { status, output } = promtool("check", "rules", file)
      assert.strictEqual(status, 0, output)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("asks only for series and labels that the service has", () => {
    assertKnown("a rule", ruleTexts())
    for (const { of, expr } of dashboardQueries()) assertKnown(of, expr)
  })

  it("shows every metric of the service somewhere", () => {
    const asked = [ruleTexts(), ...dashboardQueries().map(({ expr }) => expr)].join("\n")
    const names = new Set(
      [...asked.matchAll(selector)].map(([, name = ""]) => name.replace(/_(bucket|sum|count)$/, ""))
    )
    const hidden: ReadonlyArray<MetricName> = metricNames.filter((name) => !names.has(name))
    assert.deepEqual(hidden, [])
  })

  it("has alerts that lead to a section of the runbook", () => {
    const headings = [...readFileSync(join(otel, "../docs/runbook.md"), "utf8").matchAll(/^## (.*)$/gm)].map(
      ([, title = ""]) =>
        title
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, "")
          .trim()
          .replaceAll(/\s+/g, "-")
    )
    const anchors = [...ruleTexts().matchAll(/runbook: docs\/runbook\.md#([\w-]+)/g)].map(([, anchor = ""]) => anchor)
    assert.isAbove(anchors.length, 10)
    for (const anchor of anchors) assert.include(headings, anchor)
  })
})
