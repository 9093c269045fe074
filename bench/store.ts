/**
 * What it costs to keep an answer: one transaction of the store - log entry, message, place, how the session stands, sealed - against a bare commit
 * of one row of the same size to the same folder with the same `synchronous=FULL`.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Context, Effect, Exit, Layer, Logger, Result, Scope } from "effect"
import type { SessionSummary } from "#schemas/record.ts"
import { layerStore } from "#src/store/keeping.ts"
import { Store, type Write } from "#src/store/store.ts"
import { machine, median, percentile, readOptions, rounded, table } from "./options.ts"

const options = readOptions(
  "store",
  "Time and processor time of keeping one answer, against a bare SQLite commit in the same folder, by turns.",
  { numbers: { answers: { default: 1_000, about: "answers kept, and bare commits" } } }
)

const record = {
  linkId: "44250-9",
  answer: { value: "LA6569-3", display: "عدة أيام" },
  via: "voice",
  revised: false
} as const
const summary: SessionSummary = {
  protocol: "sawt.v1",
  clientAddress: "192.0.2.1",
  traceId: "0".repeat(32),
  state: "recording",
  startedAtMs: 0,
  lastActivityAtMs: 0,
  questionnaire: { id: "phq-9", version: "1.0.0", answered: 3, total: 10, linkId: record.linkId },
  audioInMs: 60_000,
  audioOutMs: 60_000,
  utterances: 9,
  droppedFrames: 0
}
const answerOf = (seq: number): Write => ({
  entry: { type: "answer", record, atMs: 0 },
  message: {
    type: "answer.recorded",
    seq,
    link_id: record.linkId,
    value: record.answer.value,
    display: record.answer.display,
    via: record.via,
    revised: record.revised
  },
  place: null,
  summary
})

interface Cost {
  readonly wallMs: Array<number>
  cpuMs: number
}
const timed = (cost: Cost, act: () => void): void => {
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  act()
  cost.wallMs.push(performance.now() - startMs)
  const { user, system } = process.cpuUsage(cpuBefore)
  cost.cpuMs += (user + system) / 1_000
}
// Beside the repository and not in memory, as temporary folders may be.
const folder = await mkdtemp(join(import.meta.dirname, "../.data-bench-"))
const scope = Effect.runSync(Scope.make())
try {
  const layer = layerStore({ folder, resumeWindowSeconds: 600, retentionDays: 30, production: false })
  const built = await Effect.runPromise(Layer.buildWithScope(layer.pipe(Layer.provide(Logger.layer([]))), scope))
  const { journal } = Result.getOrThrow(Context.get(built, Store).begin({ id: "bench", endpoint: "healthcare" }))

  const bare = new DatabaseSync(join(folder, "bare.db"))
  bare.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB)")
  const insert = bare.prepare("INSERT INTO rows (bytes) VALUES (?)")
  const bytes = Buffer.alloc(400, 1)

  const kept: Cost = { wallMs: [], cpuMs: 0 }
  const commits: Cost = { wallMs: [], cpuMs: 0 }
  for (let seq = 1; seq <= options.numbers.answers; seq++) {
    timed(kept, () => Result.getOrThrow(journal.append(answerOf(seq))))
    timed(commits, () => insert.run(bytes))
  }
  bare.close()

  const row = (name: string, cost: Cost) => ({
    what: name,
    p50_ms: rounded(percentile(cost.wallMs, 0.5), 2),
    p99_ms: rounded(percentile(cost.wallMs, 0.99), 2),
    cpu_ms: rounded(cost.cpuMs / cost.wallMs.length, 2)
  })
  const rows = [row("one answer kept", kept), row("bare commit", commits)]
  const ratio = rounded(median(kept.wallMs) / median(commits.wallMs), 2)
  if (options.json) console.log(JSON.stringify({ rows, ratio_p50: ratio }))
  else console.log(`${table(rows)}\n\nAn answer takes ${ratio} times a bare commit (p50). ${machine()}`)
} finally {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await rm(folder, { recursive: true, force: true })
}
