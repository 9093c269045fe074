import { Context, Metric } from "effect"
import { assert, describe, it } from "vitest"
import { exposition } from "#src/telemetry/exposition.ts"
import { AuthReason } from "#schemas/authentication.ts"
import { authenticationFaults, metricNames, rowOf } from "#src/telemetry/metric-table.ts"
import { MetricBook } from "#src/telemetry/metrics.ts"

const book = () => new MetricBook(Context.make(Metric.MetricRegistry, new Map()), () => 1_764_000_000_000)
const samples = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))

describe("the table of metrics", () => {
  it("names as Prometheus does, and only histograms have buckets, in order", () => {
    for (const name of metricNames) {
      const { kind, buckets } = rowOf(name)
      assert.match(name, /^sawt_[a-z0-9_]+$/)
      assert.strictEqual(name.endsWith("_total"), kind === "counter", name)
      assert.strictEqual(buckets !== undefined, kind === "histogram", name)
      assert.deepEqual(
        buckets?.toSorted((a, b) => a - b),
        buckets
      )
    }
  })

  it("knows every fault that a token may have", () => {
    const known: ReadonlyArray<string> = authenticationFaults
    for (const reason of AuthReason.literals) assert.include(known, reason)
  })
})

describe("a book of metrics", () => {
  it("has every series of closed labels from the start, at zero", () => {
    const text = exposition(book(), "prometheus")
    assert.include(text, 'sawt_sessions_ended_total{endpoint="healthcare",reason="internal"} 0\n')
    for (const name of metricNames) assert.include(text, `# TYPE ${name} `)
  })

  it("counts, and reads what others count", () => {
    const metrics = book()
    metrics.count("sawt_utterances_lost_total", { endpoint: "basic" }, 2)
    metrics.count("sawt_utterances_lost_total", { endpoint: "basic" })
    let open = 3
    const stop = metrics.reading("sawt_slots_open", {}, () => open)
    assert.include(exposition(metrics, "prometheus"), 'sawt_utterances_lost_total{endpoint="basic"} 3\n')
    open = 4
    assert.include(exposition(metrics, "prometheus"), "\nsawt_slots_open 4\n")
    stop()
    assert.notInclude(exposition(metrics, "prometheus"), "\nsawt_slots_open ")
  })

  it("stays bounded whatever it is told", () => {
    const metrics = book()
    const before = samples(exposition(metrics, "prometheus")).length
    for (let i = 0; i < 5_000; i++) {
      const anything = `q${i}`
      metrics.count("sawt_questions_asked_total", { questionnaire: "phq-9", question: anything })
      metrics.count("sawt_sessions_ended_total", { endpoint: anything as "basic", reason: anything as "ended" })
    }
    const text = exposition(metrics, "prometheus")
    // A thousand questions, one `other`, and one `other` of the closed labels.
    assert.strictEqual(samples(text).length - before, 1_002)
    assert.include(text, 'sawt_questions_asked_total{questionnaire="phq-9",question="other"} 4000\n')
    assert.include(text, 'sawt_sessions_ended_total{endpoint="other",reason="other"} 5000\n')
  })

  it("keeps no label that breaks the format", () => {
    const metrics = book()
    metrics.count("sawt_questions_asked_total", { questionnaire: 'a"b\\c\nd', question: "1" })
    assert.include(exposition(metrics, "prometheus"), '{questionnaire="a\\"b\\\\c\\nd",question="1"} 1\n')
  })
})
