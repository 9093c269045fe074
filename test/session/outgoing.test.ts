import { assert, describe, it } from "vitest"
import type { ServerMessage } from "#schemas/wire.ts"
import { Outgoing } from "#src/session/outgoing.ts"
import { recordedConnection } from "./connection.ts"

const open = () => {
  const connection = recordedConnection()
  return { ...connection, outgoing: new Outgoing(connection, { traceId: "trace-1", sent: () => {}, wrote: () => {} }) }
}
const pong: ServerMessage = { type: "pong" }
const ended: ServerMessage = { type: "session.ended", reason: "ended", resumable: false, trace_id: "trace-1" }
const recorded: ServerMessage = {
  type: "answer.recorded",
  link_id: "a",
  value: "b",
  display: "B",
  via: "touch",
  revised: false
}

describe("what a session says", () => {
  it("is numbered from 1 without gaps where it is durable, and not at all where it is not", () => {
    const { outgoing, sent } = open()
    for (const message of [pong, recorded, pong, recorded, ended]) outgoing.send(message)
    assert.deepStrictEqual(
      sent.map((message) => ("seq" in message ? message.seq : undefined)),
      [undefined, 1, undefined, 2, 3]
    )
  })

  it("answers a ref with the first message that comes of it, and with no other", () => {
    const { outgoing, sent } = open()
    const left = outgoing.answering("r1", () => {
      outgoing.send(recorded)
      outgoing.send(pong)
    })
    outgoing.send(pong)
    assert.isUndefined(left)
    assert.deepStrictEqual(
      sent.map(({ ref }) => ref),
      ["r1", undefined, undefined]
    )
  })

  it("gives back a ref that nothing answered, and one that a later reply has taken is not answered twice", () => {
    const { outgoing, sent } = open()
    assert.strictEqual(
      outgoing.answering("r1", () => {}),
      "r1"
    )
    const left = outgoing.answering("r2", () => {
      assert.strictEqual(outgoing.takeRef(), "r2")
      outgoing.send(pong)
    })
    assert.isUndefined(left)
    assert.notProperty(sent[0], "ref")
  })

  it("repeats the answer of a ref that comes again, number and all, and acts only once", () => {
    const { outgoing, sent } = open()
    assert.isFalse(outgoing.repeats("r1"))
    outgoing.answering("r1", () => outgoing.send(recorded))
    assert.isTrue(outgoing.repeats("r1"))
    assert.deepStrictEqual(sent[1], sent[0])
    assert.lengthOf(sent, 2)
  })

  it("says nothing to a ref whose answer is still due, and forgets the oldest refs", () => {
    const { outgoing, sent } = open()
    outgoing.answering("late", () => {})
    assert.isTrue(outgoing.repeats("late"))
    assert.isEmpty(sent)
    for (let count = 0; count < 64; count++) outgoing.answering(`r${count}`, () => {})
    assert.isFalse(outgoing.repeats("late"))
  })

  it("keeps the ref that a message already has", () => {
    const { outgoing, sent } = open()
    outgoing.answering("r2", () => outgoing.send({ ...pong, ref: "r1" }))
    assert.strictEqual(sent[0]?.ref, "r1")
  })

  it("takes from the table of errors whether to try again", () => {
    const { outgoing, sent } = open()
    outgoing.refuse("stt_unavailable", "later", "r1")
    outgoing.refuse("invalid_answer", "never")
    assert.deepStrictEqual(sent, [
      { type: "error", code: "stt_unavailable", message: "later", retryable: true, trace_id: "trace-1", ref: "r1" },
      { type: "error", code: "invalid_answer", message: "never", retryable: false, trace_id: "trace-1" }
    ])
  })

  it("is over once it is closed, which happens once", () => {
    const { outgoing, sent, closes } = open()
    outgoing.close(1000, "ended")
    outgoing.send(pong)
    outgoing.refuse("internal", "too late")
    outgoing.close(1011, "internal")
    assert.deepStrictEqual([sent, closes], [[], [{ code: 1000, reason: "ended" }]])
  })
})
