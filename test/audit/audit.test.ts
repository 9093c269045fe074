import { execFileSync } from "node:child_process"
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { AuditEvent } from "#schemas/audit.ts"
import { Audit, type AuditOptions } from "#src/audit/audit.ts"
import { limits } from "#src/limits.ts"
import { layerStore } from "#src/store/keeping.ts"
import { auditFiles, auditLines, auditText } from "#test/support/audit-log.ts"

const base = mkdtempSync(join(tmpdir(), "sawt-audit-"))
afterAll(() => rmSync(base, { recursive: true }))
let folders = 0
const newFolder = () => join(base, String(++folders))

const refused = (client_address: string): AuditEvent => ({ event: "admin.refused", client_address })
const consent = (session_id: string): AuditEvent => ({
  event: "consent.given",
  session_id,
  questionnaire: "phq-9",
  questionnaire_version: "1",
  consent_version: "1",
  language: "ar",
  via: "touch",
  subject: "patient-canary-7"
})

/** The log open for the length of `use`; what was recorded is on disk afterwards. */
const withAudit = <A>(
  options: Partial<AuditOptions> & { readonly folder: string },
  use: (audit: Audit["Service"]) => Effect.Effect<A>
) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const clock = yield* TestClock.testClockWith((clock) => Effect.succeed(clock))
    const layer = Audit.layer({
      retentionDays: 30,
      uptimeMs: () => clock.currentTimeMillisUnsafe(),
      ...options
    }).pipe(
      Layer.provide(
        layerStore({ folder: `${options.folder}/store`, resumeWindowSeconds: 1, retentionDays: 1, production: false })
      ),
      Layer.provide(Logger.layer([]))
    )
    const context = yield* Layer.buildWithScope(layer, scope)
    const result = yield* use(Context.get(context, Audit))
    yield* Scope.close(scope, Exit.void)
    return result
  })
const records = (options: Partial<AuditOptions> & { readonly folder: string }, ...events: ReadonlyArray<AuditEvent>) =>
  withAudit(options, (audit) => Effect.sync(() => events.forEach((event) => audit.record(event))))

/** Real input and output under a virtual clock: turns of the event loop, until it has happened. */
const until = (condition: () => boolean) =>
  Effect.promise(async () => {
    do await new Promise((resolve) => setImmediate(resolve))
    while (!condition())
  })

describe("the audit log", () => {
  it.effect("holds one JSON object a line, in order, readable by the service's user alone", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      yield* records({ folder }, refused("10.0.0.1"), consent("s1"), refused("10.0.0.2"))
      assert.deepStrictEqual(
        auditLines(folder).map(({ event }) => event),
        ["admin.refused", "consent.given", "admin.refused"]
      )
      assert.strictEqual(statSync(join(folder, "audit")).mode & 0o777, 0o700)
      assert.strictEqual(statSync(join(folder, "audit", auditFiles(folder)[0] ?? "")).mode & 0o777, 0o600)
    })
  )

  it.effect("names a subject by a keyed hash only: the same for the same subject, another under another key", () =>
    Effect.gen(function* () {
      const hashOf = Effect.fnUntraced(function* (folder: string) {
        yield* records({ folder }, consent("s1"), consent("s2"))
        assert.notInclude(auditText(folder), "canary")
        const hashes = new Set(
          auditLines(folder).map((line) => ("subject_hash" in line ? line.subject_hash : undefined))
        )
        assert.strictEqual(hashes.size, 1)
        return [...hashes][0]
      })
      const [first, second] = [newFolder(), newFolder()]
      const hash = yield* hashOf(first)
      assert.match(hash ?? "", /^[0-9a-f]{16}$/)
      assert.strictEqual(yield* hashOf(first), hash)
      assert.notStrictEqual(yield* hashOf(second), hash)
    })
  )

  it.effect("is written while the service runs, not only at its end", () => {
    const folder = newFolder()
    return withAudit({ folder }, (audit) =>
      Effect.gen(function* () {
        audit.record(consent("s1"))
        yield* until(() => audit.health().written === 1)
        assert.strictEqual(auditLines(folder).length, 1)
      })
    )
  })

  it.effect("goes on where it stood after a restart, on a line of its own when a crash tore the last", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      yield* records({ folder }, consent("s1"))
      const file = join(folder, "audit", auditFiles(folder)[0] ?? "")
      writeFileSync(file, `${readFileSync(file, "utf8")}{"at":"19`)
      yield* records({ folder }, consent("s2"))
      const lines = auditText(folder).trimEnd().split("\n")
      assert.deepStrictEqual([lines.length, lines[1]], [3, '{"at":"19'])
      assert.strictEqual(JSON.parse(lines[2] ?? "").event, "consent.given")
    })
  )

  it.effect("begins a new file when one is full and when the day is over", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      yield* records({ folder, fileBytesMax: 300 }, consent("s1"))
      yield* records({ folder, fileBytesMax: 300 }, consent("s2"))
      yield* TestClock.adjust("1 day")
      yield* records({ folder, fileBytesMax: 300 }, consent("s3"))
      assert.deepStrictEqual(auditFiles(folder), ["1970-01-01.1.jsonl", "1970-01-01.2.jsonl", "1970-01-02.1.jsonl"])
      assert.strictEqual(auditLines(folder).length, 3)
    })
  )

  it.effect(
    "lets go of files older than the retention, and of the oldest over the bound of bytes; of nothing else",
    () =>
      Effect.gen(function* () {
        const folder = newFolder()
        mkdirSync(join(folder, "audit"), { recursive: true })
        yield* TestClock.adjust("100 days")
        const put = (name: string, bytes: number) => writeFileSync(join(folder, "audit", name), "x".repeat(bytes))
        put("1970-03-01.1.jsonl", 10)
        put("1970-03-20.1.jsonl", 50)
        put("1970-03-20.2.jsonl", 30)
        put("1970-04-01.1.jsonl", 30)
        put("notes.txt", 500)
        yield* withAudit({ folder, bytesMax: 60 }, () => until(() => auditFiles(folder).length === 3))
        assert.deepStrictEqual(auditFiles(folder), ["1970-03-20.2.jsonl", "1970-04-01.1.jsonl", "notes.txt"])
      })
  )

  it.effect("deletes nothing by age for an hour after the clock was set", () => {
    const folder = newFolder()
    const old = "1970-01-01.1.jsonl"
    let uptimeMs = 0
    return Effect.gen(function* () {
      yield* TestClock.adjust("100 days")
      yield* withAudit({ folder, uptimeMs: () => uptimeMs }, (audit) =>
        Effect.gen(function* () {
          audit.record(consent("s1"))
          yield* until(() => audit.health().written === 1)
          // To the log it is the same which of the two clocks was set.
          uptimeMs -= 600_000
          writeFileSync(join(folder, "audit", old), "")
          let minutes = 0
          for (; auditFiles(folder).includes(old); minutes++) {
            uptimeMs += 60_000
            yield* TestClock.adjust("1 minute")
            yield* until(() => true)
          }
          assert.isAtLeast(minutes, 60)
          assert.strictEqual(auditFiles(folder).length, 1)
        })
      )
    })
  })
})

describe("a flood", () => {
  it.effect("of refusals is written up to the bound of its kind in a minute, then counted; consents never", () => {
    const folder = newFolder()
    const bound = limits.auditFloodLinesPerMinute
    return Effect.gen(function* () {
      yield* withAudit({ folder }, (audit) =>
        Effect.gen(function* () {
          for (let n = 0; n < 5_000; n++) audit.record(refused("10.0.0.1"))
          for (let n = 0; n < 50; n++) audit.record(consent(`s${n}`))
          audit.record({ event: "limit.refused", limit: "sessions", client_address: "10.0.0.2" })
          assert.strictEqual(audit.health().leftOut, 5_000 - bound)
          yield* TestClock.adjust("1 minute")
          audit.record(refused("10.0.0.3"))
        })
      )
      const lines = auditLines(folder)
      assert.strictEqual(lines.filter(({ event }) => event === "admin.refused").length, bound + 1)
      assert.strictEqual(lines.filter(({ event }) => event === "consent.given").length, 50)
      assert.strictEqual(lines.filter(({ event }) => event === "limit.refused").length, 1)
      assert.deepInclude(
        lines.find(({ event }) => event === "events.left_out"),
        {
          left_out: "admin.refused",
          count: 5_000 - bound
        }
      )
    })
  })
})

describe("a disk that fails", () => {
  it.effect("shows in the health, is tried again, and what waited is written, with what was lost counted", () => {
    const folder = newFolder()
    // Where the folder should be there is a file.
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "audit"), "")
    return withAudit({ folder }, (audit) =>
      Effect.gen(function* () {
        audit.record(consent("first"))
        yield* until(() => audit.health().status === "failed")
        assert.match(audit.health().reason ?? "", /DATA_DIR\/audit cannot be written \(E[A-Z]+\)/)
        for (let n = 1; n < limits.auditLinesWaitingMax; n++) audit.record(consent("waiting"))
        for (let n = 0; n < 7; n++) audit.record(consent("lost"))
        assert.strictEqual(audit.health().lost, 7)
        rmSync(join(folder, "audit"))
        yield* TestClock.adjust("5 seconds")
        yield* until(() => audit.health().status === "ready")
        const lines = auditLines(folder)
        assert.deepInclude(lines[0], { event: "events.lost", count: 7 })
        assert.strictEqual(lines.length, limits.auditLinesWaitingMax + 1)
        assert.deepInclude(lines[1], { session_id: "first" })
      })
    )
  })

  it.effect("keeps the service neither from starting nor from stopping", () => {
    const folder = newFolder()
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "audit"), "")
    return records({ folder }, consent("s1"))
  })

  it.live("keeps the service from stopping not even when it hangs", () => {
    const folder = newFolder()
    // A pipe that nobody reads takes 64 KiB and then nothing.
    const pipe = join(folder, "audit", `${new Date().toISOString().slice(0, 10)}.1.jsonl`)
    mkdirSync(join(folder, "audit"), { recursive: true })
    execFileSync("mkfifo", [pipe])
    return Effect.gen(function* () {
      yield* records(
        { folder, uptimeMs: () => performance.now() },
        ...Array.from({ length: 1_000 }, () => consent("s1"))
      )
      // Lets the write that still waits in this process go.
      const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
      const bytes = Buffer.alloc(65_536)
      let lines = 0
      yield* until(() => {
        try {
          lines += bytes.toString("latin1", 0, readSync(reader, bytes)).split("\n").length - 1
        } catch {
          // Nothing there yet.
        }
        return lines === 1_000
      })
      closeSync(reader)
    })
  })
})
