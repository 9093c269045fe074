/** Checksums of files whose publisher gives none: the first download's, held against every later one. */
import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { Result, Schema } from "effect"
import { ModelError, Pins } from "#schemas/models.ts"

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Pins))

export const readPins = (file: string): Pins => {
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch {
    return {}
  }
  const decoded = decode(text)
  if (Result.isSuccess(decoded)) return decoded.success
  throw new ModelError({
    reason: "wrong_checksum",
    message: "The pinned checksums (.pins.json in the folder of models) cannot be read: restore the file, or remove it to pin anew."
  })
}

/** At once, since models that are fetched side by side share the file. */
export const pin = (file: string, name: string, sha256: string, bytes: number): void => {
  const pins = { ...readPins(file), [name]: { sha256, bytes, pinnedAt: new Date().toISOString() } }
  writeFileSync(`${file}.new`, `${JSON.stringify(pins, null, 2)}\n`, { flush: true })
  renameSync(`${file}.new`, file)
}
