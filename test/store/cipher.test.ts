import { randomBytes } from "node:crypto"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { Cipher } from "#src/store/cipher.ts"
import { decodeKey } from "#src/store/storage-key.ts"

const cipher = new Cipher(randomBytes(32))

describe("sealing", () => {
  it("opens to what was sealed, whatever it is", () =>
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (text, place) => {
        assert.strictEqual(cipher.open(cipher.seal(text, place), place), text)
      })
    ))

  it("opens nowhere else, with no other key, and not when a single bit was changed", () =>
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(7), (text, at, bit) => {
        const sealed = cipher.seal(text, "here")
        assert.throws(() => cipher.open(sealed, "there"))
        assert.throws(() => new Cipher(randomBytes(32)).open(sealed, "here"))
        // The first nine bytes say how to open it; the rest is authenticated.
        const changed = Uint8Array.from(sealed)
        const index = 9 + (at % (changed.length - 9))
        changed[index] = (changed[index] ?? 0) ^ (1 << bit)
        assert.throws(() => cipher.open(changed, "here"))
      })
    ))

  it("never seals the same text to the same bytes, but names a subject always the same", () => {
    assert.notDeepEqual(cipher.seal("a", "p"), cipher.seal("a", "p"))
    assert.strictEqual(cipher.nameOf("patient-7"), cipher.nameOf("patient-7"))
    assert.notStrictEqual(cipher.nameOf("patient-7"), new Cipher(randomBytes(32)).nameOf("patient-7"))
  })
})

describe("a key", () => {
  it("is 32 bytes as hex or base64, and nothing else", () => {
    const key = randomBytes(32)
    for (const encoding of ["hex", "base64", "base64url"] as const) {
      assert.deepEqual(decodeKey(key.toString(encoding)), key)
    }
    for (const text of ["", "short", key.toString("hex").slice(1), `${key.toString("base64")}AA`]) {
      assert.isUndefined(decodeKey(text))
    }
  })
})
