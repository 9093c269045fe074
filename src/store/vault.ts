/**
 * Which keys the database is sealed with: a row for each, holding a text by which a wrong key is told from a damaged row. Two
 * rows while a key is being changed: what is not sealed anew yet opens with the one before. The key that names subjects is
 * carried over, sealed with the new one, so that whoever was named keeps the name (decision on key rotation).
 */
import { Effect, type Redacted } from "effect"
import type { SqlClient } from "effect/sql"
import { StorageKeyError } from "#schemas/record.ts"
import { Cipher } from "./cipher.ts"
import { storageKey, type StorageKey } from "./storage-key.ts"

const vaultPlace = "vault"
const vaultText = "sawt"
const namingPlace = "vault naming"

interface VaultRow {
  readonly key_id: string
  readonly sealed: Uint8Array
  readonly naming: Uint8Array | null
}

const wrongKey = new StorageKeyError({
  message: "STORAGE_KEY (or DATA_DIR/storage.key) is not the key that what is kept was sealed with: set the right one."
})
const unfinished = new StorageKeyError({
  message:
    "The change of STORAGE_KEY is not finished: set STORAGE_KEY_PREVIOUS to the key before, until the log says that " +
    "everything is sealed with the new one."
})

export interface Keys {
  readonly key: Uint8Array
  readonly previous?: Uint8Array
}

/** The first key to be used is the database's own from then on; a new one needs the one before beside it. */
export const openVault = (sql: SqlClient.SqlClient, { key, previous }: Keys) =>
  Effect.gen(function* () {
    const rows = yield* sql<VaultRow>`SELECT key_id, sealed, naming FROM vault`
    const { cipher, added } = yield* cipherOf(rows, { key, ...(previous === undefined ? {} : { previous }) })
    if (added === undefined) return cipher
    yield* sql`INSERT INTO vault (key_id, sealed, naming) VALUES (${cipher.keyId}, ${added.sealed}, ${added.naming})`
    return cipher
  })

/** `added`: the row that this key lacks. Dies (`StoreError`) where a row of a right key is damaged. */
export const cipherOf = (
  rows: ReadonlyArray<VaultRow>,
  { key, previous }: Keys
): Effect.Effect<{ readonly cipher: Cipher; readonly added?: Omit<VaultRow, "key_id"> }, StorageKeyError> =>
  Effect.gen(function* () {
    const plain = new Cipher(key)
    const before = previous === undefined ? undefined : new Cipher(previous)
    const own = rows.find((row) => row.key_id === plain.keyId)
    const others = rows.filter((row) => row.key_id !== plain.keyId)
    const row = others.find((other) => other.key_id === before?.keyId)
    if (own !== undefined) {
      plain.open(own.sealed, vaultPlace)
      const naming = own.naming === null ? {} : { naming: Buffer.from(plain.open(own.naming, namingPlace), "base64") }
      if (others.length === 0) return { cipher: new Cipher(key, naming) }
      if (before === undefined || row === undefined) return yield* unfinished
      return { cipher: new Cipher(key, { ...naming, previous: before }) }
    }
    if (rows.length === 0) return { cipher: plain, added: { sealed: plain.seal(vaultText, vaultPlace), naming: null } }
    if (before === undefined || row === undefined) return yield* rows.length > 1 ? unfinished : wrongKey
    if (rows.length > 1) return yield* unfinished
    before.open(row.sealed, vaultPlace)
    const naming = row.naming === null ? before.namingKey : Buffer.from(before.open(row.naming, namingPlace), "base64")
    return {
      cipher: new Cipher(key, { naming, previous: before }),
      added: {
        sealed: plain.seal(vaultText, vaultPlace),
        naming: plain.seal(Buffer.from(naming).toString("base64"), namingPlace)
      }
    }
  })

export interface KeyOptions {
  readonly storageKey?: Redacted.Redacted
  readonly storageKeyPrevious?: Redacted.Redacted
}

/** Throws as `storageKey` does. */
export const keysOf = (folder: string, file: string, options: KeyOptions): Keys & Pick<StorageKey, "fromFile"> => {
  const { key, fromFile } = storageKey(folder, file, options.storageKey)
  if (options.storageKeyPrevious === undefined) return { key, fromFile }
  const previous = storageKey(folder, file, options.storageKeyPrevious).key
  return { key, fromFile, previous }
}
