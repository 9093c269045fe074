import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { plainText } from "#src/session/plain-text.ts"

/** Half of a surrogate pair included. */
const anyCharacter = fc.oneof(fc.nat(0x2f_ff), fc.nat(0x10_ff_ff)).map((code) => String.fromCodePoint(code))

describe("text from a client", () => {
  it.each([
    ["نعم\u0000\u001B[31m", "نعم  [31m"],
    ["abc\u202Edcba\u202C", "abcdcba"],
    ["\u2066hidden\u2069\u200F\u061C", "hidden"],
    ["cafe\u0301", "café"],
    ["سطر\nسطر", "سطر\nسطر"],
    ["می\u200Cخواهم", "می\u200Cخواهم"],
    ["👩\u200D⚕️", "👩\u200D⚕️"],
    ["\uD800x", "\uFFFDx"],
    ["  \u0007 ", ""]
  ])("%j becomes %j", (given, plain) => assert.strictEqual(plainText(given), plain))

  it("is well formed, composed, without controls, and left alone a second time", () =>
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => {
        const plain = plainText(text)
        assert.isTrue(plain.isWellFormed())
        assert.strictEqual(plain, plain.normalize("NFC"))
        assert.notMatch(plain, /(?!\n)\p{Cc}|[\u202A-\u202E\u2066-\u2069]/u)
        assert.strictEqual(plainText(plain), plain)
      })
    ))
})
