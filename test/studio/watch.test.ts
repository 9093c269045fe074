/** Onlookers: told at once, let go when they are slow, and gone when nobody reads. */
import { Effect, Stream } from "effect"
import { assert, describe, it } from "vitest"
import type { InspectionEvent } from "#schemas/inspection.ts"
import type { Watcher } from "#src/session/inspection.ts"
import { watched } from "#src/studio/watch.ts"

const event: InspectionEvent = {
  type: "@xstate.event",
  sessionId: "x:1",
  rootId: "x:1",
  createdAt: "0",
  id: "1",
  _version: "0",
  event: { type: "speech.started" }
}
const text = new TextDecoder()
const read = (stream: Stream.Stream<Uint8Array>) =>
  Effect.runPromise(Stream.runCollect(stream)).then((parts) => [...parts].map((part) => text.decode(part)))

describe("an onlooker", () => {
  it("is told what there was at the beginning, and no more when the session ends", async () => {
    const parts = await read(
      watched(({ tell, ended }) => {
        tell(event)
        ended()
        return () => {}
      })
    )
    assert.deepEqual(parts, [`data: ${JSON.stringify(event)}\n\n`])
  })

  it("of a session that is over sees the end at once", async () =>
    assert.deepEqual(await read(watched(() => undefined)), []))

  it("who reads too slowly is let go, and the session is told nothing of it", async () => {
    let watcher: Watcher | undefined
    let stops = 0
    const parts = await read(
      watched((given) => {
        watcher = given
        for (let count = 0; count < 5_000; count++) given.tell(event)
        return () => stops++
      })
    )
    assert.isAtMost(parts.length, 2_000)
    assert.strictEqual(stops, 1)
    watcher?.tell(event)
  })

  it("who never reads does not look at all", () => {
    let begins = 0
    watched(() => {
      begins++
      return () => {}
    })
    assert.strictEqual(begins, 0)
  })
})
