/** Delivery over a network that breaks at random; 10,000 disconnects by `npm run test:cuts`. */
import { assert, describe, it } from "vitest"
import type { ServerMessage } from "#schemas/wire.ts"
import { Inbox } from "../../client/inbox.ts"
import { deliver } from "./delivery.ts"

const notice = (seq: number): ServerMessage => ({ type: "questionnaire.notice", seq, link_id: "q", message: "" })
const ended = (seq: number): ServerMessage => ({
  type: "session.ended",
  seq,
  reason: "draining",
  resumable: true,
  trace_id: "t"
})
const snapshot = (seq: number): ServerMessage => ({ type: "session.snapshot", seq, question: null, answers: [] })

describe("delivery", () => {
  it("gives every durable message once and in order, and does every request once, whenever a connection breaks", async () => {
    let [cuts, messages, snapshots] = [0, 0, 0]
    for (let seed = 1; seed <= 60; seed++) {
      const run = await deliver(seed)
      assert.deepEqual(run.faults, [], `seed ${seed}`)
      cuts += run.cuts
      messages += run.messages
      snapshots += run.snapshots
    }
    assert.isAbove(cuts, 300)
    assert.isAbove(messages, 600)
    assert.isAbove(snapshots, 5)
  })

  it("uses the number of session.ended for nothing", () => {
    const inbox = new Inbox()
    assert.isTrue(inbox.take(notice(1)))
    assert.isTrue(inbox.take(ended(2)))
    assert.strictEqual(inbox.lastSeq, 1)
    assert.isTrue(inbox.take(notice(2)))
    assert.isFalse(inbox.take(notice(2)))
  })

  it("lets notices after a snapshot pass, and asks for all of it again when cut off among them", () => {
    const inbox = new Inbox()
    inbox.take(notice(1))
    inbox.take(snapshot(9))
    assert.isTrue(inbox.take(notice(4)))
    assert.strictEqual(inbox.lastSeq, 4)
    assert.isTrue(inbox.take(notice(7)))
    assert.isFalse(inbox.take(notice(7)))
    assert.isTrue(inbox.take({ type: "pong" }))
    assert.strictEqual(inbox.lastSeq, 9)
    assert.isFalse(inbox.take(notice(9)))
  })
})
