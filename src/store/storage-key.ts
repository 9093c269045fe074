/** The key that seals what is kept: `STORAGE_KEY`, else the file `storage.key` beside the database, made once. */
import { randomBytes } from "node:crypto"
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { Redacted } from "effect"
import { StorageKeyError } from "#schemas/record.ts"
import { keyBytes } from "./cipher.ts"

export interface StorageKey {
  readonly key: Uint8Array
  /** In a file beside what it protects: enough against a lost backup, not against a lost disk. */
  readonly fromFile: boolean
}

/** 64 hex digits, or 32 bytes as base64; undefined when it is neither. */
export const decodeKey = (text: string): Uint8Array | undefined => {
  const bytes = /^[0-9a-f]{64}$/i.test(text)
    ? Buffer.from(text, "hex")
    : /^[A-Za-z0-9+/_-]{43}=?$/.test(text)
      ? Buffer.from(text, "base64")
      : undefined
  return bytes?.length === keyBytes ? bytes : undefined
}

const create = (file: string): Uint8Array => {
  const key = randomBytes(keyBytes)
  const descriptor = openSync(file, "wx", 0o600)
  try {
    writeSync(descriptor, `${key.toString("base64")}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  return key
}

/**
 * Throws `StorageKeyError` when a key file is damaged, or is missing beside a database that needs it: a new key would make
 * what is kept unreadable for good. Throws whatever the file system says when nothing can be written.
 */
export const storageKey = (folder: string, database: string, given: Redacted.Redacted | undefined): StorageKey => {
  if (given !== undefined) {
    const key = decodeKey(Redacted.value(given))
    if (key === undefined) throw new StorageKeyError({ message: "STORAGE_KEY is not 32 bytes (hex or base64)." })
    return { key, fromFile: false }
  }
  const file = join(folder, "storage.key")
  if (!existsSync(file)) {
    if (existsSync(database)) {
      throw new StorageKeyError({
        message:
          "DATA_DIR holds a database but not its storage.key: put the file back, or set STORAGE_KEY to its content. " +
          "If the answers are to be given up, move sawt.db away."
      })
    }
    return { key: create(file), fromFile: true }
  }
  const key = decodeKey(readFileSync(file, "utf8").trim())
  if (key === undefined) {
    throw new StorageKeyError({ message: "storage.key in DATA_DIR does not hold 32 bytes: put the right file back." })
  }
  chmodSync(file, 0o600)
  return { key, fromFile: true }
}
