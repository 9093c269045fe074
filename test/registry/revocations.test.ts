/** What is revoked, by what a token says of itself; without a store. */
import { assert, describe, it } from "vitest"
import { limits } from "#src/limits.ts"
import { RevocationList, type Revoked } from "#src/registry/revocations.ts"

const startMs = 1_700_000_000_500
const startSeconds = 1_700_000_000

const listAt = (options: { readonly writes?: boolean; readonly complete?: boolean } = {}) => {
  const clock = { nowMs: startMs }
  const list = new RevocationList({ nowMs: () => clock.nowMs, write: () => options.writes ?? true })
  if (options.complete ?? true) list.learn(naming("first"), [])
  return { list, clock }
}
const naming = (keyId: string) => ({ keyId, nameOf: (text: string) => `${keyId}:${text}` })
const token = (issuedAtSeconds: number, subject?: string, id = "t1") => ({
  id,
  issuedAtSeconds,
  ...(subject === undefined ? {} : { subject })
})

describe("a revoked token", () => {
  it("is known by its id, whenever it was issued, and no other is", () => {
    const { list } = listAt()
    assert.strictEqual(list.revoke({ tokenId: "t1" }), "kept")
    assert.strictEqual(list.verdict(token(startSeconds)), "revoked")
    assert.strictEqual(list.verdict(token(startSeconds + 3_600)), "revoked")
    assert.strictEqual(list.verdict(token(startSeconds, undefined, "t2")), "valid")
  })

  it("is not mistaken for a subject of the same name, nor the other way round", () => {
    const { list } = listAt()
    list.revoke({ tokenId: "same" })
    list.revoke({ subject: "other" })
    assert.strictEqual(list.verdict(token(startSeconds, "same")), "valid")
    assert.strictEqual(list.verdict(token(startSeconds, undefined, "other")), "valid")
  })
})

describe("a revoked subject", () => {
  it("loses every token issued until now, and no later one", () => {
    const { list } = listAt()
    list.revoke({ subject: "patient-1" })
    assert.strictEqual(list.verdict(token(startSeconds - 3_600, "patient-1")), "revoked")
    assert.strictEqual(list.verdict(token(startSeconds, "patient-1")), "revoked")
    assert.strictEqual(list.verdict(token(startSeconds + 1, "patient-1")), "valid")
    assert.strictEqual(list.verdict(token(startSeconds, "patient-2")), "valid")
    assert.strictEqual(list.verdict(token(startSeconds)), "valid")
  })

  it("may be issued a token in the same second, and lose that one too", () => {
    const { list } = listAt()
    for (let time = 0; time < 3; time++) {
      list.revoke({ subject: "patient-1" })
      const issued = token(list.issuableFromSeconds("patient-1"), "patient-1")
      assert.strictEqual(list.verdict(issued), "valid")
      list.revoke({ subject: "patient-1" })
      assert.strictEqual(list.verdict(issued), "revoked")
    }
  })

  it("is the same in every Unicode form of its name", () => {
    const { list } = listAt()
    list.revoke({ subject: "مريض آ".normalize("NFD") })
    assert.strictEqual(list.verdict(token(startSeconds, "مريض آ".normalize("NFC"))), "revoked")
  })
})

describe("what earlier runs revoked", () => {
  it("leaves a token from before this run in doubt until it is known, but none that this run issues", () => {
    const { list } = listAt({ complete: false })
    assert.strictEqual(list.verdict(token(startSeconds - 60)), "unknown")
    assert.strictEqual(list.verdict(token(startSeconds)), "unknown")
    assert.strictEqual(list.verdict(token(list.issuableFromSeconds(undefined))), "valid")
    list.learn(naming("first"), [])
    assert.strictEqual(list.verdict(token(startSeconds - 60)), "valid")
  })

  it("is in force by its name", () => {
    const { list } = listAt({ complete: false })
    const revocation = { throughSeconds: startSeconds - 10, forgetAtMs: startMs + 1 }
    list.learn(naming("first"), [{ name: "first:subject patient-1", ...revocation }])
    assert.strictEqual(list.verdict(token(startSeconds - 10, "patient-1")), "revoked")
    assert.strictEqual(list.verdict(token(startSeconds - 9, "patient-1")), "valid")
  })

  it("stays in force when the storage is replaced by one with another key", () => {
    const { list } = listAt()
    list.revoke({ subject: "patient-1" })
    list.written(naming("first"))
    list.learn(naming("second"), [])
    assert.strictEqual(list.verdict(token(startSeconds, "patient-1")), "revoked")
    // One that says less than what is known takes nothing back.
    list.learn(naming("first"), [{ name: "first:subject patient-1", throughSeconds: 1, forgetAtMs: 1 }])
    assert.strictEqual(list.verdict(token(startSeconds, "patient-1")), "revoked")
  })
})

describe("the list", () => {
  it("is in force although it could not be written, and is to be written still", () => {
    const { list } = listAt({ writes: false })
    assert.strictEqual(list.revoke({ tokenId: "t1" }), "in_memory")
    assert.strictEqual(list.verdict(token(startSeconds)), "revoked")
    assert.deepStrictEqual(
      list.pending(naming("first")).map(({ name }) => name),
      ["first:token t1"]
    )
    list.written(naming("first"))
    assert.isEmpty(list.pending(naming("first")))
    assert.strictEqual(list.verdict(token(startSeconds)), "revoked")
  })

  it("tells who listens, and no longer whoever has stopped", () => {
    const { list } = listAt()
    let told = 0
    const stop = list.onRevoked(() => told++)
    list.revoke({ tokenId: "t1" })
    stop()
    list.revoke({ tokenId: "t2" })
    assert.strictEqual(told, 1)
  })

  it("forgets a revocation when the longest token that it concerns is over, and not before", () => {
    for (const revoked of [{ tokenId: "t1" }, { subject: "patient-1" }] satisfies ReadonlyArray<Revoked>) {
      const { list, clock } = listAt()
      list.revoke(revoked)
      list.written(naming("first"))
      // The latest that could be accepted: issued by a clock ahead of ours, and tolerated after its end.
      const lastMs = startMs + (24 * 3_600 + 2 * 5) * 1_000
      clock.nowMs = lastMs - 1
      list.forget(clock.nowMs)
      assert.strictEqual(list.size, 1)
      list.forget(lastMs)
      assert.strictEqual(list.size, 0)
    }
  })

  it("takes no more than its bound, and says so", () => {
    const { list } = listAt()
    for (let i = 0; i < limits.revocationsMax; i++) list.revoke({ tokenId: `t${i}` })
    assert.strictEqual(list.size, limits.revocationsMax)
    assert.strictEqual(list.revoke({ tokenId: "one more" }), "too_many")
    assert.strictEqual(list.verdict(token(startSeconds, undefined, "one more")), "valid")
  })
})
