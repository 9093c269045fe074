/**
 * Seals what is kept: AES-256-GCM, a fresh nonce for each value, the value's place in the database as associated data, so
 * that no row can be moved to another. Layout: version (1 byte), key id (8), nonce (12), tag (16), ciphertext.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes
} from "node:crypto"
import { StoreError } from "#schemas/record.ts"

export const keyBytes = 32
const version = 1
const keyIdBytes = 8
const nonceBytes = 12
const tagBytes = 16
const headerBytes = 1 + keyIdBytes + nonceBytes + tagBytes

const derived = (key: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", key, "", `sawt ${purpose}`, keyBytes))

export interface CipherOptions {
  /** What names subjects, where that is older than the key. */
  readonly naming?: Uint8Array
  /** Of the key before, for what is not sealed anew yet. */
  readonly previous?: Cipher
}

export class Cipher {
  /** Names the key without telling it; stands in each row. */
  readonly keyId: string
  readonly namingKey: Uint8Array
  readonly #keyId: Buffer
  readonly #sealing: Buffer
  /** Made once: each connect asks for names, and bytes would be made a key each time. */
  readonly #naming: KeyObject
  readonly #previous: Cipher | undefined

  /** `key`: 32 random bytes. */
  constructor(key: Uint8Array, { naming, previous }: CipherOptions = {}) {
    this.#sealing = derived(key, "sealing")
    this.namingKey = naming ?? derived(key, "naming")
    this.#naming = createSecretKey(this.namingKey)
    this.#keyId = derived(key, "key id").subarray(0, keyIdBytes)
    this.keyId = this.#keyId.toString("hex")
    this.#previous = previous
  }

  get isRotating(): boolean {
    return this.#previous !== undefined
  }

  seal(text: string, place: string): Uint8Array {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv("aes-256-gcm", this.#sealing, nonce).setAAD(Buffer.from(place))
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()])
    return Buffer.concat([Buffer.of(version), this.#keyId, nonce, cipher.getAuthTag(), sealed])
  }

  /** Whether this key, and not the one before, sealed it. */
  isOwn(sealed: Uint8Array): boolean {
    return this.#keyId.equals(sealed.subarray(1, 1 + keyIdBytes))
  }

  /** Throws `StoreError` (`corrupt`) when it was sealed with another key, for another place, or has been changed. */
  open(sealed: Uint8Array, place: string): string {
    if (this.#previous?.isOwn(sealed) === true) return this.#previous.open(sealed, place)
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
    const nonceAt = 1 + keyIdBytes
    const tagAt = nonceAt + nonceBytes
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#sealing, bytes.subarray(nonceAt, tagAt))
      decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(tagAt, headerBytes))
      return decipher.update(bytes.subarray(headerBytes), undefined, "utf8") + decipher.final("utf8")
    } catch {
      throw new StoreError({ reason: "corrupt", message: "A sealed value does not open: another key, or damage." })
    }
  }

  /** The same name for the same subject, in whatever Unicode form, under this key; and no way back. */
  nameOf(subject: string): string {
    return createHmac("sha256", this.#naming).update(subject.normalize("NFC")).digest("hex")
  }
}

/** As much of a subject's name as lists and logs show. */
export const shortNameOf = (name: string): string => name.slice(0, 16)

/** Of a random secret, which needs no salt. */
export const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex")
