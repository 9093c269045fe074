/**
 * `npm run test:recorded`: people talk to the real service, things fail, and a real Prometheus watches. Every query of the
 * dashboards and every recorded rule gives a number, the alerts that are meant for it fire, and exemplars lead to traces.
 */
import { DatabaseSync } from "node:sqlite"
import { join } from "node:path"
import { joined } from "#src/audio/pcm.ts"
import { Caller, interviewed, silence, spoken } from "#test/e2e/caller.ts"
import { pidOf } from "#test/runbook/symptoms.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { connect } from "#test/support/server.ts"
import { startServer } from "../../scripts/server-process.ts"
import { Prometheus } from "./prometheus.ts"
import { dashboardQueries, ruleTexts } from "./watching.ts"

const metricsToken = "a-scraper-of-this-run-0123456789"
const server = await startServer({
  METRICS_TOKEN: metricsToken,
  CANARY_MINUTES: "1",
  WEBHOOK_URL: "http://127.0.0.1:9/",
  WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString("base64")}`
})
const prometheus = await Prometheus.over({ url: server.url, bearer: metricsToken })
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Two scrapes, so that what has happened is an increase. */
const scrapes = () => wait(2_500)

/** As a person speaks: in real time, 20 ms at a time. */
const speak = async (caller: Caller, samples: Int16Array): Promise<void> => {
  const startedMs = performance.now()
  for (let at = 0; at < samples.length; at += 320) {
    await caller.play(samples.subarray(at, at + 320))
    await wait(Math.max(0, startedMs + at / 16 - performance.now()))
  }
}

/** An interview by voice: speaks over the first prompt, is silent once, answers by keypad, and takes everything back. */
const visit = async (): Promise<void> => {
  const caller = await interviewed(server, "voice healthcare clinician", { mode: "live" })
  await caller.count("audio.begin", 1)
  await speak(caller, spoken("yes"))
  await caller.count("question.asked", 1)
  await caller.count("audio.begin", 2)
  await speak(caller, spoken("three"))
  await caller.until((message) => message.type === "audio.end" && message.reason === "interrupted")
  caller.send({ type: "dtmf", digits: "0" })
  await caller.count("answer.recorded", 1)
  await caller.ask({ type: "help.request" })
  await scrapes()
  caller.send({ type: "consent.withdraw" })
  await caller.count("consent.withdrawn", 1)
  await caller.end()
}

let pid: number | undefined
/** Kills the recogniser once there is another one than last time. */
const killRecogniser = async (): Promise<void> => {
  pid = await pidOf(server, "stt", pid)
  process.kill(pid, "SIGKILL")
}

/** A recording in which nobody says anything when asked. */
const silentVisit = async (): Promise<void> => {
  const caller = await interviewed(server)
  await caller.play(spoken("yes"))
  await caller.count("question.asked", 1)
  await caller.until((message) => message.type === "state.changed" && message.state === "listening")
  await caller.play(silence(9_000))
  await caller.count("question.reprompt", 1)
  await caller.end()
}

/** Nobody can hear it: each host that tries is killed. */
const loseAnUtterance = async (): Promise<void> => {
  const caller = await Caller.started(server.url, { mode: "live" })
  const words = Array.from({ length: 16 }, () => readSamples(clipOf("three").file))
  const lost = caller
    .until((message) => message.type === "error" && message.code === "stt_unavailable")
    .then(() => true)
  await caller.play(joined(silence(200), ...words, silence(1_500)))
  const killed = () => killRecogniser().then(() => false)
  while (!(await Promise.race([lost, killed()])));
  await caller.end()
}

const lockTheDatabase = async (): Promise<void> => {
  const caller = await interviewed(server)
  const other = new DatabaseSync(join(server.dataDir, "sawt.db"))
  other.exec("BEGIN IMMEDIATE")
  try {
    caller.send({ type: "consent.give", version: "1" })
    await prometheus.until(async () => (await prometheus.firing()).has("SawtStorageFailed"))
  } finally {
    other.exec("ROLLBACK")
    other.close()
  }
  await caller.end()
}

const numbers = async (of: string, expr: string): Promise<string | undefined> => {
  const found = await prometheus.query(expr.replace(/\) > 0$/, ")"))
  if (found.some(({ value }) => Number.isFinite(Number(value[1])))) return undefined
  return `${of}: ${expr} gives ${found.length === 0 ? "nothing" : "no number"}`
}

const faults: Array<string> = []
try {
  await scrapes()
  await visit()
  await silentVisit()
  await connect(`${server.url.replace("http", "ws")}/ws/secure`)
  await prometheus.until(async () => (await prometheus.query("sum(sawt_canary_runs_total) >= 2")).length > 0)
  await scrapes()
  const quiet = [...(await prometheus.firing())]
  if (quiet.length > 0) faults.push(`alerts on a good visit: ${quiet.join(", ")}`)

  const queries = [
    ...dashboardQueries("2m"),
    ...[...ruleTexts().matchAll(/record: (sawt:[a-z0-9_:]+)/g)].map(([, name = ""]) => ({ of: "a rule", expr: name }))
  ]
  const silent = await Promise.all(queries.map(({ of, expr }) => numbers(of, expr)))
  faults.push(...silent.filter((fault) => fault !== undefined))
  for (const fault of faults) process.stdout.write(`${fault}\n`)
  process.stdout.write(`${queries.length} queries, ${queries.length - faults.length} give numbers\n`)

  const traces = await prometheus.exemplars("sawt_turn_response_seconds_bucket")
  process.stdout.write(`${traces.length} turns of the response histogram lead to their traces\n`)
  if (traces.length === 0) faults.push("no exemplar")

  await loseAnUtterance()
  await prometheus.until(async () => (await prometheus.firing()).has("SawtUtteranceLost"))
  while (!(await prometheus.firing()).has("SawtHostRestarts")) {
    await killRecogniser()
    await scrapes()
  }
  await lockTheDatabase()
  process.stdout.write(`firing: ${[...(await prometheus.firing())].toSorted().join(", ")}\n`)
} finally {
  await prometheus.stop()
  await server.stop()
}
process.exitCode = faults.length === 0 ? 0 : 1
