/** `/metrics` of the real service after a spoken run. */
import { spawnSync } from "node:child_process"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { metricNames } from "#src/telemetry/metric-table.ts"
import { hears, interviewed, noPrompts, silence, spoken } from "#test/e2e/caller.ts"
import { type ServerProcess, startServer } from "../../scripts/server-process.ts"
import { type Scrape, scraped, valueOf } from "./scraped.ts"

const metricsToken = "a-scraper-of-this-test-0123456789"
let server: ServerProcess
let scrape: Scrape

const get = (path: string, bearer?: string, accept?: string) =>
  fetch(`${server.url}${path}`, {
    headers: {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(accept === undefined ? {} : { accept })
    }
  })

beforeAll(async () => {
  const canary = { CANARY_MINUTES: "60", LOG_LEVEL: "DEBUG" }
  server = await startServer({ ...noPrompts, ...canary, METRICS_TOKEN: metricsToken })
  await server.logged("the canary was heard and answered")
  assert.deepEqual(await hears(server.url), ["نعم"])
  const caller = await interviewed(server)
  await caller.play(spoken("yes"))
  await caller.count("question.asked", 1)
  await caller.until((message) => message.type === "state.changed" && message.state === "listening")
  await caller.play(silence(9_000))
  await caller.count("question.reprompt", 1)
  await caller.ask({ type: "dtmf", digits: "0" })
  await caller.count("answer.recorded", 1)
  await caller.ask({ type: "answer.select", link_id: "nothing-like-it", code: "x" })
  caller.send({ type: "consent.withdraw" })
  await caller.count("consent.withdrawn", 1)
  await caller.end()
  scrape = await scraped(server.url, metricsToken)
})
afterAll(() => server.stop())

describe("GET /metrics", () => {
  it("is for the admin and for the scraper, whose token opens nothing else", async () => {
    assert.strictEqual((await get("/metrics")).status, 401)
    assert.strictEqual((await get("/metrics", "wrong")).status, 401)
    assert.strictEqual((await get("/metrics", server.secret)).status, 200)
    assert.strictEqual((await get("/metrics", metricsToken)).status, 200)
    assert.strictEqual((await get("/admin/health", metricsToken)).status, 401)
  })

  it("passes Prometheus's own lint", () => {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: scrape.text })
    assert.strictEqual(`${stdout}${stderr}`, "")
    assert.strictEqual(status, 0)
  })

  it("gives OpenMetrics to whoever accepts it", async () => {
    const response = await get("/metrics", metricsToken, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert.match(response.headers.get("content-type") ?? "", /^application\/openmetrics-text; version=1\.0\.0/)
    const text = await response.text()
    assert.isTrue(text.endsWith("\n# EOF\n"))
    assert.include(text, "# TYPE sawt_transcripts counter\n")
    // From a bucket to the trace of the last turn in it.
    assert.match(
      text,
      /sawt_turn_response_seconds_bucket\{.*\} [1-9]\d* # \{trace_id="[0-9a-f]{32}"\} [0-9.]+ [0-9.]+\n/
    )
  })

  it("has every metric of the table, each with a value", () => {
    for (const name of metricNames) assert.isTrue(scrape.names.has(name), name)
  })

  it("measures turns: waits of those that were live, models of all", () => {
    const value = (name: string, labels = {}) => valueOf(scrape, name, labels)
    assert.strictEqual(value("sawt_turns_total", { endpoint: "basic", outcome: "transcribed" }), 1)
    assert.strictEqual(value("sawt_turns_total", { endpoint: "healthcare", cause: "silence" }), 1)
    assert.isAtLeast(value("sawt_turns_total", { endpoint: "healthcare", outcome: "answered" }), 2)
    for (const wait of ["endpoint_wait", "transcript"]) {
      assert.strictEqual(value(`sawt_turn_${wait}_seconds_count`, { endpoint: "canary" }), 1)
      assert.isAbove(value(`sawt_turn_${wait}_seconds_sum`, { endpoint: "canary" }), 0.1)
      assert.strictEqual(value(`sawt_turn_${wait}_seconds_count`, { endpoint: "healthcare" }), 0)
    }
    assert.strictEqual(value("sawt_turn_response_seconds_count", { endpoint: "canary" }), 2)
    assert.strictEqual(value("sawt_decode_real_time_factor_count"), 3)
    assert.strictEqual(value("sawt_host_queue_wait_seconds_count"), 3)
    assert.isAtLeast(value("sawt_synthesis_seconds_count", { source: "espeak" }), 2)
    assert.isAtLeast(value("sawt_store_write_seconds_count"), 2)
    assert.strictEqual(value("sawt_speech_level_dbfs_count"), 3)
    assert.strictEqual(value("sawt_speech_level_dbfs_bucket", { le: "-50" }), 0)
    assert.strictEqual(value("sawt_turns_failed_total"), 0)
  })

  it("tells of what was said and asked, without a word of it", () => {
    const value = (name: string, labels = {}) => valueOf(scrape, name, labels)
    assert.strictEqual(value("sawt_sessions_started_total", { endpoint: "basic", resumed: "false" }), 1)
    assert.strictEqual(value("sawt_sessions_started_total", { endpoint: "healthcare" }), 1)
    assert.strictEqual(value("sawt_transcripts_total", { endpoint: "basic" }), 1)
    assert.strictEqual(value("sawt_transcripts_total", { endpoint: "healthcare" }), 1)
    assert.isAtLeast(value("sawt_questions_asked_total", { questionnaire: "phq-9" }), 1)
    assert.strictEqual(value("sawt_reprompts_total", { questionnaire: "phq-9", reason: "no_speech" }), 1)
    assert.strictEqual(value("sawt_answers_total", { questionnaire: "phq-9", via: "dtmf" }), 1)
    assert.strictEqual(value("sawt_questionnaires_ended_total", { questionnaire: "phq-9", status: "withdrawn" }), 1)
    assert.isAtLeast(value("sawt_session_errors_total"), 1)
    assert.isAbove(value("sawt_host_audio_seconds_total", { host: "stt-1" }), 0.5)
    assert.isAbove(value("sawt_process_memory_bytes", { process: "server" }), 1e7)
    assert.strictEqual(value("sawt_model_state", { model: "stt", state: "ready" }), 1)
    assert.strictEqual(value("sawt_utterances_lost_total"), 0)
    assert.notMatch(scrape.text, /\p{Script=Arabic}|patient-7|127\.0\.0\.1/u)
  })
})
