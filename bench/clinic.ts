/**
 * What the clinic's side waits for, with many responses kept: a page of 50 by questionnaire and time, one response, and the
 * erasure of a person from all tables and from the log, against a bare commit to the same folder.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Context, Effect, Exit, Layer, Logger, Result, Scope } from "effect"
import { Cipher } from "#src/store/cipher.ts"
import { type ResponseContent, Responses } from "#src/store/clinic.ts"
import { layerStore } from "#src/store/keeping.ts"
import { placeOf } from "#src/store/kept-sessions.ts"
import { writeAnew } from "#src/store/shedding.ts"
import { openSqlite } from "#src/store/sqlite.ts"
import { storageKey } from "#src/store/storage-key.ts"
import { Store } from "#src/store/store.ts"
import { machine, percentile, readOptions, rounded, table } from "./options.ts"

const options = readOptions(
  "clinic",
  "Time of reading and erasing with many stored responses, by turns with bare commits.",
  {
    numbers: {
      responses: { default: 100_000, about: "responses stored" },
      rounds: { default: 200, about: "pages read, and bare commits" },
      erasures: { default: 50, about: "persons erased" }
    }
  }
)

const questionnaires = ["phq-9", "gad-7", "intake"]
const perPerson = 4
const entriesEach = 12
const now = Date.now()
const item = (n: number) => ({
  linkId: `4425${n}-9`,
  text: "خلال الأسبوعين الماضيين، كم مرة أزعجك قلة الاهتمام بالأشياء؟",
  answer: [{ valueCoding: { system: "http://loinc.org", code: "LA6569-3", display: "عدة أيام" } }]
})
const contentOf = (id: string, subject: string, at: number): ResponseContent => ({
  response: {
    resourceType: "QuestionnaireResponse",
    id,
    questionnaire: "urn:sawt:questionnaire|1.0.0",
    status: "completed",
    subject: { identifier: { value: subject } },
    authored: new Date(at).toISOString(),
    item: Array.from({ length: 10 }, (_, n) => item(n))
  },
  scores: [{ id: "44261-6", value: 12, band: "متوسط" }],
  alerts: []
})

/** As the journal writes them, in few transactions. */
const fill = (folder: string, count: number): void => {
  const database = new DatabaseSync(join(folder, "sawt.db"))
  const cipher = new Cipher(storageKey(folder, join(folder, "sawt.db"), undefined).key)
  const session =
    database.prepare(`INSERT INTO sessions (id, endpoint, subject_name, token_hash, begun_at_ms, connections,
    connected_ms, position_ms, last_seq, ended_at_ms, logged) VALUES (?, 'healthcare', ?, '', ?, 1, 0, 0, 0, ?, 1)`)
  const entry = database.prepare("INSERT INTO entries (session_id, number, sealed) VALUES (?, ?, ?)")
  const response =
    database.prepare(`INSERT INTO responses (id, version, session_id, questionnaire, questionnaire_version,
    status, subject_name, authored_at_ms, sealed) VALUES (?, 1, ?, ?, '1.0.0', 'completed', ?, ?, ?)`)
  database.exec("PRAGMA synchronous=OFF; BEGIN")
  for (let n = 0; n < count; n++) {
    const sessionId = `s${n}`
    const id = `r-${sessionId}`
    const subject = `Patient/${Math.floor(n / perPerson)}`
    const name = cipher.nameOf(subject)
    const at = now - (count - n) * 1_000
    session.run(sessionId, name, at, at)
    for (let number = 1; number <= entriesEach; number++) {
      entry.run(sessionId, number, cipher.seal("x".repeat(200), placeOf("entry", sessionId, number)))
    }
    const sealed = cipher.seal(JSON.stringify(contentOf(id, subject, at)), placeOf("response", id, 1))
    response.run(id, sessionId, questionnaires[n % questionnaires.length] ?? "", name, at, sealed)
    if (n % 10_000 === 9_999) {
      database.exec("COMMIT; BEGIN")
      console.error(`${n + 1} responses`)
    }
  }
  database.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
  database.close()
}

const rewrite = (file: string) =>
  Effect.scoped(Effect.flatMap(openSqlite({ filename: file, busyTimeoutMs: 1_000 }), (sql) => writeAnew(sql, file)))

interface Cost {
  readonly wallMs: Array<number>
  readonly cpuMs: Array<number>
}
const newCost = (): Cost => ({ wallMs: [], cpuMs: [] })
const timed = async ({ wallMs, cpuMs }: Cost, act: () => Promise<unknown>): Promise<void> => {
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  await act()
  wallMs.push(performance.now() - startMs)
  const { user, system } = process.cpuUsage(cpuBefore)
  cpuMs.push((user + system) / 1_000)
}
// Beside the repository and not in memory, as temporary folders may be.
const folder = await mkdtemp(join(import.meta.dirname, "../.data-bench-"))
const scope = Effect.runSync(Scope.make())
try {
  const { responses: count, rounds, erasures } = options.numbers
  const layer = layerStore({ folder, resumeWindowSeconds: 600, retentionDays: 3_650, production: false })
  const context = await Effect.runPromise(Layer.buildWithScope(layer.pipe(Layer.provide(Logger.layer([]))), scope))
  const responses = Context.get(context, Responses)
  const store = Context.get(context, Store)
  fill(folder, count)

  const bare = new DatabaseSync(join(folder, "bare.db"))
  bare.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, bytes BLOB)")
  const insert = bare.prepare("INSERT INTO rows (bytes) VALUES (?)")
  const commit = async () => insert.run(Buffer.alloc(400, 1))

  const [pages, ones, begins, erased, commits] = [newCost(), newCost(), newCost(), newCost(), newCost()]
  for (let n = 0; n < rounds; n++) {
    const sinceMs = now - Math.floor(Math.random() * count) * 1_000
    const questionnaire = questionnaires[n % questionnaires.length] ?? ""
    const after = { atMs: now - Math.floor(Math.random() * (count / 2)) * 1_000, id: "" }
    await timed(pages, () =>
      Effect.runPromise(
        responses.list({ questionnaire, sinceMs: Math.min(sinceMs, after.atMs - 500_000), after, limit: 50 })
      )
    )
    await timed(ones, () => Effect.runPromise(responses.get(`r-s${Math.floor(Math.random() * count)}`)))
    await timed(begins, async () =>
      Result.getOrThrow(store.begin({ id: `bench-${n}`, endpoint: "healthcare", subject: "Patient/x" }))
    )
    await timed(commits, commit)
  }
  for (let n = 0; n < erasures; n++) {
    const person = Math.floor((n * count) / perPerson / erasures)
    await timed(erased, () => Effect.runPromise(responses.eraseSubject(`Patient/${person}`)))
    await timed(commits, commit)
  }
  bare.close()
  const rewritten = newCost()
  await timed(rewritten, () => Effect.runPromise(rewrite(join(folder, "sawt.db"))))

  const row = (what: string, { wallMs, cpuMs }: Cost) => ({
    what,
    p50_ms: rounded(percentile(wallMs, 0.5), 2),
    p95_ms: rounded(percentile(wallMs, 0.95), 2),
    cpu_p50_ms: rounded(percentile(cpuMs, 0.5), 2),
    cpu_p95_ms: rounded(percentile(cpuMs, 0.95), 2)
  })
  const rows = [
    row("a page of 50 by questionnaire and time", pages),
    row("one response", ones),
    row("a session begun", begins),
    row(`a person erased (${perPerson} responses, ${perPerson * entriesEach} answers)`, erased),
    row("the file written anew, when nobody is connected", rewritten),
    row("bare commit", commits)
  ]
  if (options.json) console.log(JSON.stringify({ responses: count, rows }))
  else console.log(`${count} responses stored.\n\n${table(rows)}\n\n${machine()}`)
} finally {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await rm(folder, { recursive: true, force: true })
}
