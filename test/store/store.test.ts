/** The store on real files: what is written is there after a crash, sealed, and for its owner alone. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted, Result, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { RecordEntry, SessionSummary, StoreError } from "#schemas/record.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import type { StoreOptions } from "#src/store/keeping.ts"
import { Store, type Kept, type Write } from "#src/store/store.ts"
import { temporaryFolder } from "#test/support/folder.ts"
import { openStore } from "#test/support/kept.ts"

const owner = { endpoint: "healthcare", subject: "patient-7" } as const

const open = (folder: string, over: Partial<StoreOptions> = {}) =>
  Effect.map(openStore(folder, over), ({ store }) => store)

const summary: SessionSummary = {
  protocol: "sawt.v1",
  clientAddress: "192.0.2.77",
  traceId: "trace-1",
  state: "asking",
  startedAtMs: 1,
  lastActivityAtMs: 5,
  questionnaire: { id: "phq-9", version: "1", answered: 1, total: 10, linkId: "q2" },
  audioInMs: 900,
  audioOutMs: 1_200,
  utterances: 2,
  droppedFrames: 1
}
const answer = (linkId: string): RecordEntry => ({
  type: "answer",
  atMs: 1,
  record: { linkId, answer: { value: "LA6569-3", display: "عدة أيام" }, via: "voice", confidence: 0.9, revised: false }
})
const recorded = (seq: number): NonNullable<Write["message"]> =>
  ({
    type: "answer.recorded",
    seq,
    link_id: `q${seq}`,
    value: "LA6569-3",
    display: "عدة أيام",
    via: "voice",
    revised: false
  }) satisfies ServerMessage & { seq: number }

const begun = (store: Store["Service"], id = "s1", questionnaire = '{"resourceType":"Questionnaire"}') =>
  Result.getOrThrow(store.begin({ ...owner, id, questionnaire }))
const resumed = (store: Store["Service"], token: string | undefined, lastSeq = 0, as: typeof owner = owner) =>
  Result.getOrThrow(store.resume(token ?? "", as, lastSeq))
const must = (kept: Kept, write: Write) => Result.getOrThrow(kept.journal.append(write))
const reasonOf = (result: Result.Result<unknown, StoreError>) =>
  Result.isFailure(result) ? result.failure.reason : undefined
const seqs = (messages: ReadonlyArray<ServerMessage>) => messages.map((message) => ("seq" in message ? message.seq : 0))

describe("a kept session", () => {
  it.effect("is there with its log, place, messages and counters after a crash of the server", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder)
      const kept = begun(store)
      must(kept, { entry: { type: "consent", via: "touch", version: "1", language: "ar", atMs: 1 } })
      must(kept, { message: recorded(1), entry: answer("q1"), place: null })
      must(kept, { message: recorded(2), place: { linkId: "q2" } })
      kept.journal.park({ resumable: true, connectedMs: 1_234.6, summary, positionMs: 900 })
      must(kept, { message: recorded(3) })

      // The first is not closed: nothing is flushed for the second's sake.
      const after = yield* open(folder)
      const found = resumed(after, kept.resumeToken, 1)
      assert.deepStrictEqual(
        found?.entries.map(({ type }) => type),
        ["consent", "answer"]
      )
      assert.deepStrictEqual(found?.entries[1], answer("q1"))
      assert.deepStrictEqual(found?.place, { linkId: "q2" })
      assert.strictEqual(found?.questionnaire, '{"resourceType":"Questionnaire"}')
      assert.deepStrictEqual(seqs(found?.missed.messages ?? []), [2, 3])
      assert.deepStrictEqual(found?.missed.messages[0], recorded(2))
      assert.isTrue(found?.missed.complete)
      assert.deepInclude(found, { id: "s1", lastSeq: 3, connection: 2, connectedMs: 1_235, summary, positionMs: 900 })
    })
  )

  it.effect("is resumed by its owner alone, with its token, on its endpoint", () =>
    Effect.gen(function* () {
      const store = yield* open(yield* temporaryFolder)
      const { resumeToken = "" } = begun(store)
      assert.match(resumeToken, /^[A-Za-z0-9_.:/-]{1,128}$/)
      const wrong = [
        resumed(store, `${resumeToken}x`),
        resumed(store, resumeToken.replace("s1", "s2")),
        resumed(store, "s1"),
        resumed(store, ""),
        resumed(store, resumeToken, 0, { endpoint: "secure", subject: "patient-7" } as never),
        resumed(store, resumeToken, 0, { endpoint: "healthcare", subject: "patient-8" } as never),
        resumed(store, resumeToken, 0, { endpoint: "healthcare" } as never)
      ]
      assert.deepStrictEqual(
        wrong,
        wrong.map(() => undefined)
      )
      assert.isDefined(resumed(store, resumeToken))
    })
  )

  it.effect("gives a new token each time; the one before is good until the client has spoken, and no longer", () =>
    Effect.gen(function* () {
      const store = yield* open(yield* temporaryFolder)
      const first = begun(store)
      const second = resumed(store, first.resumeToken)
      const third = resumed(store, first.resumeToken)
      assert.isDefined(third)
      assert.isUndefined(resumed(store, second?.resumeToken), "its reply was lost: nobody has this token")
      third?.journal.confirm()
      assert.isUndefined(resumed(store, first.resumeToken))
      assert.strictEqual(resumed(store, third?.resumeToken)?.connection, 4)
    })
  )

  it.effect("keeps messages until they are acknowledged, and says when some that are missing are no longer kept", () =>
    Effect.gen(function* () {
      const store = yield* open(yield* temporaryFolder)
      const kept = begun(store)
      for (let seq = 1; seq <= 5; seq++) must(kept, { message: recorded(seq) })
      kept.journal.acknowledge(2)
      const late = resumed(store, kept.resumeToken, 1)
      assert.deepStrictEqual([seqs(late?.missed.messages ?? []), late?.missed.complete], [[3, 4, 5], false])
      const current = resumed(store, late?.resumeToken, 4)
      assert.deepStrictEqual([seqs(current?.missed.messages ?? []), current?.missed.complete], [[5], true])
      const ahead = resumed(store, current?.resumeToken, 9)
      assert.deepStrictEqual([ahead?.missed, ahead?.lastSeq], [{ messages: [], complete: true }, 9])
      assert.strictEqual(resumed(store, ahead?.resumeToken, 1e12)?.lastSeq, 9, "no client counts so far ahead")
    })
  )

  it.effect("keeps the last thousand messages of a client that acknowledges none", () =>
    Effect.gen(function* () {
      const store = yield* open(yield* temporaryFolder)
      const kept = begun(store)
      for (const seq of [1, 2, 3, 1_000, 1_001, 1_002]) must(kept, { message: recorded(seq) })
      const found = resumed(store, kept.resumeToken)
      assert.deepStrictEqual(seqs(found?.missed.messages ?? []), [3, 1_000, 1_001, 1_002])
      assert.isFalse(found?.missed.complete)
    })
  )

  it.effect("is gone without a trace once it is erased, and writes nothing more", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder)
      const kept = begun(store)
      must(kept, { message: recorded(1), entry: answer("q1") })
      kept.journal.erase()
      must(kept, { message: recorded(2), entry: answer("q2") })
      assert.isUndefined(resumed(store, kept.resumeToken))
      const raw = new DatabaseSync(join(folder, "sawt.db"))
      for (const table of ["sessions", "entries", "outbox"]) {
        assert.deepEqual(raw.prepare(`SELECT count(*) AS n FROM ${table}`).get(), { n: 0 })
      }
      raw.close()
    })
  )

  it.effect("is not resumed after it has ended, nor after its window; a clock that jumps changes nothing", () =>
    Effect.gen(function* () {
      let uptimeMs = 0
      const store = yield* open(yield* temporaryFolder, { uptimeMs: () => uptimeMs })
      const ended = begun(store, "ended")
      ended.journal.park({ resumable: false, connectedMs: 1, summary, positionMs: 1 })
      assert.isUndefined(resumed(store, ended.resumeToken))

      const parked = begun(store, "parked")
      parked.journal.park({ resumable: true, connectedMs: 1, summary, positionMs: 1 })
      yield* TestClock.adjust("12 minutes")
      const again = resumed(store, parked.resumeToken)
      again?.journal.park({ resumable: true, connectedMs: 1, summary, positionMs: 1 })
      uptimeMs += 600_001
      assert.isUndefined(resumed(store, again?.resumeToken))
    })
  )

  it.effect("has its whole window again when the server starts", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder, { uptimeMs: () => 0 })
      const kept = begun(store)
      kept.journal.park({ resumable: true, connectedMs: 1, summary, positionMs: 1 })
      const later = yield* open(folder, { uptimeMs: () => 601_000 })
      assert.isDefined(resumed(later, kept.resumeToken))
    })
  )

  it.effect("waits for nobody when the window is 0", () =>
    Effect.gen(function* () {
      const store = yield* open(yield* temporaryFolder, { resumeWindowSeconds: 0 })
      assert.isUndefined(begun(store).resumeToken)
    })
  )
})

describe("clean-up", () => {
  const count = (folder: string, table: string) => {
    const raw = new DatabaseSync(join(folder, "sawt.db"))
    const row = raw.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }
    raw.close()
    return row.n
  }

  /** As if it had ended so much earlier. */
  const age = (folder: string, time: "1 day") => {
    const raw = new DatabaseSync(join(folder, "sawt.db"))
    raw.exec(`UPDATE sessions SET ended_at_ms = ended_at_ms - ${Duration.toMillis(time)} - 60000`)
    raw.close()
  }

  it.effect("ends what nobody came back for, keeps its answers for the time of retention, and then deletes them", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      let uptimeMs = 0
      const pass = (minutes: number) =>
        Effect.forEach(Array.from({ length: minutes }), () =>
          Effect.andThen(
            Effect.sync(() => (uptimeMs += 60_000)),
            TestClock.adjust("1 minute")
          )
        )
      const store = yield* open(folder, { retentionDays: 1, uptimeMs: () => uptimeMs })
      const abandoned = begun(store, "abandoned")
      must(abandoned, { message: recorded(1), entry: answer("q1") })
      abandoned.journal.park({ resumable: true, connectedMs: 1, summary, positionMs: 1 })
      const silent = begun(store, "silent", '{"other":1}')
      silent.journal.park({ resumable: true, connectedMs: 1, summary, positionMs: 1 })

      yield* pass(12)
      assert.deepEqual([count(folder, "sessions"), count(folder, "entries"), count(folder, "outbox")], [1, 1, 0])
      assert.strictEqual(count(folder, "questionnaires"), 1)
      age(folder, "1 day")
      yield* pass(1)
      assert.deepEqual([count(folder, "sessions"), count(folder, "entries")], [0, 0])
      assert.strictEqual(count(folder, "questionnaires"), 0)
    })
  )

  it.effect("deletes nothing by age when the wall clock was set forward", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      let uptimeMs = 0
      const store = yield* open(folder, { retentionDays: 1, uptimeMs: () => uptimeMs })
      const kept = begun(store)
      must(kept, { entry: answer("q1") })
      kept.journal.park({ resumable: false, connectedMs: 1, summary, positionMs: 1 })
      age(folder, "1 day")
      // The two clocks part: to the store it is the same which of them was set.
      uptimeMs -= Duration.toMillis("30 days")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(count(folder, "entries"), 1)
    })
  )
})

describe("at rest", () => {
  it.effect("nothing that was said or who said it can be read, and the files are the owner's alone", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder)
      must(begun(store), { message: recorded(1), entry: answer("q1"), place: { linkId: "appetite" } })
      const files = readdirSync(folder)
      assert.includeMembers(files, ["sawt.db", "sawt.db-wal", "storage.key"])
      for (const file of files) {
        const bytes = readFileSync(join(folder, file))
        for (const secret of ["عدة أيام", "LA6569-3", "patient-7", "answer.recorded", "appetite"]) {
          assert.isFalse(bytes.includes(secret), `${secret} in ${file}`)
        }
        assert.strictEqual(statSync(join(folder, file)).mode & 0o077, 0, file)
      }
    })
  )

  it.effect("another key is refused at the start, and so is a database whose key file is missing", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const key = Redacted.make("00".repeat(32))
      yield* Effect.scoped(open(folder, { storageKey: key }))
      const wrong = yield* Effect.flip(open(folder, { storageKey: Redacted.make("11".repeat(32)) }))
      assert.include(wrong.message, "STORAGE_KEY")
      assert.notInclude(wrong.message, "1111")
      const missing = yield* Effect.flip(open(folder))
      assert.include(missing.message, "storage.key")
      assert.notInclude(readdirSync(folder), "storage.key")
      yield* open(folder, { storageKey: key })
    })
  )

  it.effect("a row that was changed or moved is told as damage, and the service stands", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder)
      const [one, two] = [begun(store, "one"), begun(store, "two")]
      must(one, { entry: answer("q1") })
      must(two, { entry: answer("q2") })
      const raw = new DatabaseSync(join(folder, "sawt.db"))
      raw.exec("UPDATE entries SET sealed = (SELECT sealed FROM entries WHERE session_id = 'two')")
      raw.close()
      assert.strictEqual(reasonOf(store.resume(one.resumeToken ?? "", owner, 0)), "corrupt")
      assert.isDefined(resumed(store, two.resumeToken))
    })
  )
})

describe("the list of parked sessions", () => {
  const park = (kept: Kept, of: SessionSummary = summary) =>
    kept.journal.park({ resumable: true, connectedMs: 1, positionMs: 1, summary: of })
  const ids = (store: Store["Service"], page = { count: 10 }) =>
    Result.getOrThrow(store.parked(page)).map(({ id }) => id)

  it.effect("holds those that may be resumed: not the connected, the ended, nor those whose window is over", () =>
    Effect.gen(function* () {
      let uptimeMs = 0
      const store = yield* open(yield* temporaryFolder, { uptimeMs: () => uptimeMs })
      begun(store, "connected")
      begun(store, "ended").journal.park({ resumable: false, connectedMs: 1, positionMs: 1, summary })
      park(begun(store, "early"))
      uptimeMs = 300_000
      park(begun(store, "late"))
      assert.deepStrictEqual(ids(store).toSorted(), ["early", "late"])
      uptimeMs = 601_000
      assert.deepStrictEqual(ids(store), ["late"])
      const [late] = Result.getOrThrow(store.parked({ count: 1 }))
      assert.deepInclude(late, { endpoint: "healthcare", resumableUntilMs: 299_000, summary })
      assert.strictEqual(late?.subjectHash, store.subjectHash(owner.subject))
    })
  )

  it.effect("comes in pages, the youngest first, also where several began at the same time", () =>
    Effect.gen(function* () {
      const store = yield* open(yield* temporaryFolder)
      for (const id of ["a", "b", "c"]) park(begun(store, id))
      yield* TestClock.adjust("1 second")
      park(begun(store, "d"))
      const pages: Array<string> = []
      for (let before: { startedAtMs: number; id: string } | undefined; ;) {
        const page = Result.getOrThrow(store.parked({ count: 2, ...(before === undefined ? {} : { before }) }))
        if (page.length === 0) break
        pages.push(page.map(({ id }) => id).join(""))
        before = page.at(-1)
      }
      assert.deepStrictEqual(pages, ["dc", "ba"])
    })
  )

  it.effect("keeps addresses and questions sealed on disk, and shows a row whose seal is broken without them", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder)
      park(begun(store))
      const raw = new DatabaseSync(join(folder, "sawt.db"))
      raw.exec("PRAGMA wal_checkpoint(TRUNCATE)")
      const bytes = readFileSync(join(folder, "sawt.db"))
      for (const text of [summary.clientAddress, "trace-1", owner.subject]) assert.strictEqual(bytes.indexOf(text), -1)
      raw.exec("UPDATE sessions SET summary = zeroblob(80)")
      raw.close()
      const [row] = Result.getOrThrow(store.parked({ count: 1 }))
      assert.strictEqual(row?.id, "s1")
      assert.isUndefined(row?.summary)
    })
  )

  it.effect("loses one that is ended: its token resumes nothing, and it is ended once", () =>
    Effect.gen(function* () {
      const store = yield* open(yield* temporaryFolder)
      const kept = begun(store)
      park(kept)
      assert.isTrue(Result.getOrThrow(store.end("s1")))
      assert.deepStrictEqual(ids(store), [])
      assert.isUndefined(resumed(store, kept.resumeToken))
      assert.isFalse(Result.getOrThrow(store.end("s1")))
      assert.isFalse(Result.getOrThrow(store.end("nobody")))
      // A connection that was about to be taken up and is left after all does not bring it back.
      park(kept)
      assert.deepStrictEqual(ids(store), [])
    })
  )

  it.effect("tells whoever resumes what was counted before", () =>
    Effect.gen(function* () {
      const store = yield* open(yield* temporaryFolder)
      const kept = begun(store)
      park(kept)
      const again = resumed(store, kept.resumeToken)
      assert.deepInclude(again, { summary })
    })
  )
})

describe("a store that cannot keep", () => {
  it.effect("tells a full disk, and recovers by itself when there is room", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder, { pagesMax: 60 })
      const kept = begun(store)
      let seq = 0
      let result = kept.journal.append({ message: recorded(++seq) })
      while (Result.isSuccess(result)) result = kept.journal.append({ message: recorded(++seq) })
      assert.strictEqual(reasonOf(result), "full")
      assert.deepInclude(store.health(), { status: "failed", reason: "full" })
      assert.strictEqual(resumed(store, kept.resumeToken)?.lastSeq, seq - 1, "all or nothing")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(store.health().status, "failed")

      const raw = new DatabaseSync(join(folder, "sawt.db"))
      raw.exec("DELETE FROM outbox")
      raw.close()
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(store.health().status, "ready")
      must(kept, { message: recorded(seq) })
    })
  )

  it.effect("tells another process's lock, and goes on when that is gone", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder)
      const kept = begun(store)
      const raw = new DatabaseSync(join(folder, "sawt.db"))
      raw.exec("BEGIN IMMEDIATE")
      assert.strictEqual(reasonOf(kept.journal.append({ message: recorded(1) })), "busy")
      raw.exec("ROLLBACK")
      raw.close()
      must(kept, { message: recorded(1) })
    })
  )

  it.effect("starts where nothing can be opened, says why, and keeps as soon as it can", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      mkdirSync(join(folder, "sawt.db"))
      writeFileSync(join(folder, "storage.key"), `${"A".repeat(43)}=\n`)
      const store = yield* open(folder)
      assert.deepInclude(store.health(), { status: "failed", reason: "cannot_open" })
      assert.strictEqual(reasonOf(store.begin({ ...owner, id: "s1" })), "cannot_open")
      rmSync(join(folder, "sawt.db"), { recursive: true })
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(store.health().status, "ready")
      begun(store)
    })
  )

  it.effect("does not take a file that is no database for its own", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      writeFileSync(join(folder, "storage.key"), `${"A".repeat(43)}=\n`)
      writeFileSync(join(folder, "sawt.db"), "no database, though long enough for its header to be read. ".repeat(40))
      const store = yield* open(folder)
      assert.deepInclude(store.health(), { status: "failed", reason: "corrupt" })
    })
  )

  it.effect("notices that its file was removed, says so, and keeps in a new one", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const store = yield* open(folder)
      begun(store)
      const scope = yield* Scope.make()
      copyFileSync(join(folder, "sawt.db"), join(folder, "copy"))
      for (const file of ["sawt.db", "sawt.db-wal", "sawt.db-shm", "storage.key"]) rmSync(join(folder, file))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(store.health().status, "ready")
      begun(store)
      assert.include(readdirSync(folder), "sawt.db")
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
    })
  )
})
