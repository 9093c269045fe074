/**
 * What an archive may hold: plain files and folders, under plain relative names, within bounds. Everything is refused that
 * could write elsewhere, be something else than a file, or never end; nothing is repaired.
 */
import { ModelError } from "#schemas/models.ts"

export const entriesMax = 20_000
const nameBytesMax = 240
const depthMax = 16

export const unsafe = (archive: string, what: string) =>
  new ModelError({ reason: "archive_unsafe", message: `${archive} is refused: it holds ${what}. Nothing was unpacked.` })

export const tooLarge = (archive: string, bytesMax: number) =>
  new ModelError({
    reason: "archive_too_large",
    message: `${archive} is refused: unpacked it would take more than the ${bytesMax} bytes, or the ${entriesMax} files, that the manifest allows.`
  })

export const corrupt = (archive: string) =>
  new ModelError({
    reason: "archive_corrupt",
    message: `${archive} cannot be unpacked: it is damaged, or not the kind of archive that the manifest says.`
  })

/** The parts of an entry's name. Throws `archive_unsafe`. */
export const safeParts = (archive: string, name: string): ReadonlyArray<string> => {
  const trimmed = name.replace(/^(\.\/)+/, "").replace(/\/+$/, "")
  const parts = trimmed.split("/")
  // eslint-disable-next-line no-control-regex
  const isOdd = /[\u0000-\u001f\\\u007f]/.test(name) || /^[A-Za-z]:/.test(name) || name.startsWith("/")
  const isOutside = parts.some(
    (part) => part === "" || part === "." || part === ".." || Buffer.byteLength(part) > nameBytesMax
  )
  if (isOdd || isOutside || parts.length > depthMax) throw unsafe(archive, "a name that leads elsewhere")
  return parts
}

/** Counts what an archive announces. */
export class Bounds {
  readonly #archive: string
  readonly #bytesMax: number
  #bytes = 0
  #entries = 0

  constructor(archive: string, bytesMax: number) {
    this.#archive = archive
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  add(bytes: number): void {
    this.#bytes += bytes
    this.#entries++
    if (this.#bytes > this.#bytesMax || this.#entries > entriesMax) throw tooLarge(this.#archive, this.#bytesMax)
  }
}
