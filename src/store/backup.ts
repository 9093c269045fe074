/**
 * A backup of `DATA_DIR`, taken while the service runs, and put back while it does not. A backup is a folder: the database as
 * it stood at one moment, without pages of what was deleted, the audit log, and `backup.json`. The storage key is never in it.
 */
import { createHash } from "node:crypto"
import {
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect, Scope, Exit, Schema } from "effect"
import { StoreError } from "#schemas/record.ts"
import type { Erased } from "./clinic.ts"
import { eraseNamed } from "./erasing.ts"
import { checkIntegrity, cipherFor, databaseFile, type Integrity, openReading } from "./offline.ts"
import { writeAnew } from "./shedding.ts"
import { openSqlite } from "./sqlite.ts"
import type { KeyOptions } from "./vault.ts"

const Manifest = Schema.fromJsonString(
  Schema.Struct({ taken_at: Schema.String, key_id: Schema.String, sha256: Schema.String })
)
type Manifest = typeof Manifest.Type

export interface Folders {
  readonly dataDir: string
  /** Of the backup. */
  readonly backup: string
}

const fail = (message: string) => new StoreError({ reason: "failed", message })
const hashOfFile = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex")
const synced = (path: string): void => {
  const descriptor = openSync(path, "r")
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

export interface Backup extends Integrity {
  readonly takenAt: string
  readonly keyId: string
}

/** Throws `StoreError` or `StorageKeyError`; then there is no backup. `nowMs`: before anything is read. */
export const takeBackup = ({ dataDir, backup }: Folders, keys: KeyOptions, nowMs: number): Backup => {
  if (existsSync(backup)) throw fail(`${backup} is there already: name a folder that is not.`)
  const part = `${backup}.part`
  rmSync(part, { recursive: true, force: true })
  const umask = process.umask(0o077)
  try {
    mkdirSync(part, { recursive: true })
    const copy = databaseFile(part)
    const source = openReading(databaseFile(dataDir))
    try {
      source.prepare("VACUUM INTO ?").run(copy)
      const database = openReading(copy)
      try {
        const integrity = checkIntegrity(database)
        const keyId = cipherFor(database, dataDir, keys).keyId
        const takenAt = new Date(nowMs).toISOString()
        const audit = join(dataDir, "audit")
        if (existsSync(audit)) cpSync(audit, join(part, "audit"), { recursive: true })
        const manifest: Manifest = { taken_at: takenAt, key_id: keyId, sha256: hashOfFile(copy) }
        writeFileSync(join(part, "backup.json"), `${JSON.stringify(manifest)}\n`)
        for (const name of ["sawt.db", "backup.json", "."]) synced(join(part, name))
        renameSync(part, backup)
        return { ...integrity, takenAt, keyId }
      } finally {
        database.close()
      }
    } finally {
      source.close()
    }
  } catch (error) {
    rmSync(part, { recursive: true, force: true })
    throw error
  } finally {
    process.umask(umask)
  }
}

/** Whether another process has the database open: only one that is alone may take it out of its mode. */
const isInUse = (file: string): boolean => {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    return database.prepare("PRAGMA journal_mode=DELETE").get()?.["journal_mode"] !== "delete"
  } catch {
    return true
  } finally {
    database.close()
  }
}

/** Keyed hashes of those who were erased after this backup was taken, as the audit log of `DATA_DIR` tells. */
const erasedSince = (dataDir: string, takenAt: string): ReadonlySet<string> => {
  const folder = join(dataDir, "audit")
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : []
  const lines = names.flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
  return new Set(
    lines.flatMap((line) => {
      const match = /"event":"subject\.erased"/.test(line) ? /"subject_hash":"([0-9a-f]{16})"/.exec(line) : null
      const at = /"at":"([^"]+)"/.exec(line)?.[1] ?? ""
      return match?.[1] !== undefined && at >= takenAt ? [match[1]] : []
    })
  )
}

export interface Restored extends Integrity {
  readonly takenAt: string
  /** Persons who were erased since, and were erased once more. */
  readonly erasedAgain: number
}

const eraseAgain = (file: string, names: ReadonlySet<string>): number => {
  const scope = Effect.runSync(Scope.make())
  try {
    const sql = Effect.runSync(openSqlite({ filename: file, busyTimeoutMs: 0 }).pipe(Scope.provide(scope)))
    const all = Effect.forEach([...names], (name) => eraseNamed(sql, name))
    const erased: ReadonlyArray<Erased> = Effect.runSync(sql.withTransaction(all))
    Effect.runSync(writeAnew(sql, file))
    return erased.filter(({ sessions, responses, alerts }) => sessions + responses + alerts > 0).length
  } finally {
    Effect.runSync(Scope.close(scope, Exit.void))
  }
}

/** `replace`: what stands in DATA_DIR is deleted for it. Throws `StoreError` or `StorageKeyError`; then nothing has changed. */
export const restoreBackup = (
  { dataDir, backup }: Folders,
  keys: KeyOptions,
  { replace }: { readonly replace: boolean }
): Restored => {
  const file = databaseFile(dataDir)
  if (existsSync(file) && !replace) throw fail("DATA_DIR holds a database: --replace deletes it for the backup.")
  if (existsSync(file) && isInUse(file))
    throw fail("The service runs, or another program reads its database: stop it first.")
  const manifest = Schema.decodeSync(Manifest)(readFileSync(join(backup, "backup.json"), "utf8"))
  if (hashOfFile(databaseFile(backup)) !== manifest.sha256) throw fail("The backup is damaged: its checksum differs.")
  const umask = process.umask(0o077)
  const restoring = `${file}.restoring`
  try {
    mkdirSync(dataDir, { recursive: true })
    rmSync(restoring, { force: true })
    cpSync(databaseFile(backup), restoring)
    const erasedAgain = eraseAgain(restoring, erasedSince(dataDir, manifest.taken_at))
    const database = openReading(restoring)
    const integrity = checkIntegrity(database)
    cipherFor(database, dataDir, keys)
    database.close()
    synced(restoring)
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true })
    renameSync(restoring, file)
    synced(dataDir)
    return { ...integrity, takenAt: manifest.taken_at, erasedAgain }
  } finally {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${restoring}${suffix}`, { force: true })
    process.umask(umask)
  }
}
