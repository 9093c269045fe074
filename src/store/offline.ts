/**
 * What is kept, read by another process than the service, which may run meanwhile: SQLite's readers and its one writer do
 * not wait for each other (WAL). Nothing is written here.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import { StorageKeyError, StoreError } from "#schemas/record.ts"
import type { Cipher } from "./cipher.ts"
import { cipherOf, keysOf, type KeyOptions } from "./vault.ts"

export const databaseFile = (folder: string): string => join(folder, "sawt.db")
const busyTimeoutMs = 5_000

export const openReading = (file: string): DatabaseSync => {
  if (!existsSync(file)) {
    throw new StoreError({ reason: "cannot_open", message: `There is no database ${file}: check DATA_DIR.` })
  }
  return new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs })
}

/** The cipher for this database. Throws `StorageKeyError` where the keys at hand do not open it. */
export const cipherFor = (database: DatabaseSync, folder: string, options: KeyOptions): Cipher => {
  if (options.storageKey === undefined && !existsSync(join(folder, "storage.key"))) {
    throw new StorageKeyError({ message: "The key is needed: set STORAGE_KEY, or put storage.key into DATA_DIR." })
  }
  const columns = database.prepare("SELECT name FROM pragma_table_info('vault')").all()
  if (!columns.some(({ name }) => name === "naming")) {
    throw new StoreError({
      reason: "cannot_open",
      message: "An older version wrote this database: start the service once."
    })
  }
  const rows = database.prepare("SELECT key_id, sealed, naming FROM vault").all() as never
  const { cipher, added } = Effect.runSync(cipherOf(rows, keysOf(folder, databaseFile(folder), options)))
  if (added !== undefined && !cipher.isRotating) {
    throw new StorageKeyError({ message: "No key has sealed this database yet: nothing is kept in it." })
  }
  return cipher
}

export interface Integrity {
  readonly sessions: number
  readonly entries: number
  readonly responses: number
  readonly alerts: number
}

/** Throws `StoreError` (`corrupt`) unless every page and reference of the file is sound. */
export const checkIntegrity = (database: DatabaseSync): Integrity => {
  const verdict = database.prepare("PRAGMA integrity_check").all()
  const references = database.prepare("PRAGMA foreign_key_check").all()
  if (verdict.length !== 1 || verdict[0]?.["integrity_check"] !== "ok" || references.length > 0) {
    throw new StoreError({ reason: "corrupt", message: "The database does not pass its integrity check." })
  }
  const count = (table: string) => Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.["count"])
  return {
    sessions: count("sessions"),
    entries: count("entries"),
    responses: count("responses"),
    alerts: count("alerts")
  }
}
