/** Revocations on real files: they outlive the service, name nobody, and are let go when they concern no token any more. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Revocations } from "#src/registry/revocations.ts"
import { layerStore, type StoreOptions } from "#src/store/keeping.ts"
import { temporaryFolder } from "#test/support/folder.ts"

const storageKey = Redacted.make("0f".repeat(32))
const opened = (folder: string, over: Partial<StoreOptions> = {}) =>
  Layer.build(
    layerStore({ folder, storageKey, resumeWindowSeconds: 600, retentionDays: 30, production: false, ...over }).pipe(
      Layer.provide(Logger.layer([]))
    )
  )
const open = (folder: string, over: Partial<StoreOptions> = {}) =>
  Effect.map(opened(folder, over), (context) => Context.get(context, Revocations))

const issued = (id: string, subject?: string) => ({
  id,
  issuedAtSeconds: 0,
  ...(subject === undefined ? {} : { subject })
})
const allBytes = (folder: string) =>
  Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name)))).toString("latin1")

describe("a revocation", () => {
  it.effect("is in force in the next run, after a crash, and no other token is", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const first = yield* open(folder)
      assert.strictEqual(first.revoke({ tokenId: "token-1" }), "kept")
      assert.strictEqual(first.revoke({ subject: "Patient/1" }), "kept")
      // The first is not closed: nothing is flushed for the second's sake.
      const second = yield* open(folder)
      assert.strictEqual(second.verdict(issued("token-1")), "revoked")
      assert.strictEqual(second.verdict(issued("token-2", "Patient/1")), "revoked")
      assert.strictEqual(second.verdict(issued("token-2", "Patient/2")), "valid")
      assert.strictEqual(second.verdict(issued("token-2")), "valid")
    })
  )

  it.effect("names neither token nor subject in any file", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const list = yield* open(folder)
      list.revoke({ tokenId: "canary-token" })
      list.revoke({ subject: "canary-patient" })
      const bytes = allBytes(folder)
      assert.include(bytes, "revocations")
      assert.notMatch(bytes, /canary/i)
    })
  )

  it.effect("made while nothing can be kept is written as soon as it can", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      mkdirSync(join(folder, "sawt.db"))
      const list = yield* open(folder)
      assert.strictEqual(list.revoke({ tokenId: "token-1" }), "in_memory")
      assert.strictEqual(list.verdict(issued("token-1")), "revoked")
      assert.strictEqual(list.verdict(issued("token-2")), "unknown")
      rmdirSync(join(folder, "sawt.db"))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(list.verdict(issued("token-2")), "valid")
      assert.strictEqual((yield* open(folder)).verdict(issued("token-1")), "revoked")
    })
  )

  it.effect("that the open database could not take is tried again", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const list = yield* open(folder)
      const other = new DatabaseSync(join(folder, "sawt.db"))
      other.exec("BEGIN IMMEDIATE")
      assert.strictEqual(list.revoke({ tokenId: "token-1" }), "in_memory")
      other.exec("ROLLBACK")
      other.close()
      assert.strictEqual((yield* open(folder)).verdict(issued("token-1")), "valid")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* open(folder)).verdict(issued("token-1")), "revoked")
    })
  )

  it.effect("is written to the database that takes the place of one that was removed", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const list = yield* open(folder)
      list.revoke({ tokenId: "token-1" })
      for (const name of readdirSync(folder).filter((file) => file.startsWith("sawt.db"))) rmSync(join(folder, name))
      yield* TestClock.adjust("5 seconds")
      list.revoke({ tokenId: "token-2" })
      const next = yield* open(folder)
      assert.strictEqual(next.verdict(issued("token-1")), "revoked")
      assert.strictEqual(next.verdict(issued("token-2")), "revoked")
    })
  )

  it.effect("is forgotten when its time is over, in memory and on disk, unless the clock was set", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const raw = new DatabaseSync(join(folder, "sawt.db"))
      const onDisk = () => (raw.prepare("SELECT count(*) AS n FROM revocations").get() as { n: number }).n
      let uptimeMs = 0
      const pass = (seconds: number, uptimeSeconds = seconds) =>
        Effect.andThen(
          Effect.sync(() => (uptimeMs += uptimeSeconds * 1_000)),
          TestClock.adjust(Duration.seconds(seconds))
        )
      yield* Effect.scoped(Effect.map(open(folder), (first) => first.revoke({ tokenId: "token-1" })))
      raw.exec("UPDATE revocations SET forget_at_ms = 60000")

      yield* Effect.scoped(
        Effect.gen(function* () {
          const doubting = yield* open(folder, { uptimeMs: () => uptimeMs })
          yield* pass(60, -3_600)
          assert.deepStrictEqual([doubting.size, onDisk()], [1, 1])
        })
      )
      const list = yield* open(folder, { uptimeMs: () => uptimeMs })
      yield* pass(60)
      assert.deepStrictEqual([list.size, onDisk()], [0, 0])
    })
  )
})
