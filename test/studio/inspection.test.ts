/** The inspection stream against Stately's own code: it says what their inspector says, content left out. */
import { createInspector } from "@statelyai/inspect"
import { assert, describe, it } from "vitest"
import { createActor, fromPromise, SimulatedClock } from "xstate"
import type { InspectionEvent } from "#schemas/inspection.ts"
import { sessionMachine } from "#machines/session.ts"
import { inspected } from "#src/session/inspection.ts"

/** What both are held to: who, what kind of event, which state. Stately's asks a new actor for its state a little later. */
interface Said {
  readonly type: string
  readonly _version: string
  readonly sessionId: string
  readonly rootId: string | undefined
  readonly name?: string
  readonly parentId?: string | undefined
  readonly sourceId?: string | undefined
  readonly event?: { readonly type: string }
  readonly snapshot?: { readonly status?: string; readonly value?: unknown }
}

const compared = (said: Said) => ({
  type: said.type,
  version: said._version,
  sessionId: said.sessionId,
  rootId: said.rootId,
  name: said.name,
  parentId: said.parentId,
  sourceId: said.sourceId,
  event: said.event?.type,
  snapshot: said.type === "@xstate.snapshot" && [said.snapshot?.status, said.snapshot?.value]
})

const prompt = { id: "p1", text: "canary", spokenText: "canary", interruptible: true, keep: false }

describe("the protocol", () => {
  const machine = sessionMachine.provide({
    actors: {
      prepare: fromPromise(() => Promise.resolve({})),
      speak: fromPromise(() => new Promise<void>(() => {}))
    }
  })

  it("says of each actor, event and state what Stately's own inspector says, and nothing more", async () => {
    const theirs: Array<Said> = []
    const ours: Array<InspectionEvent> = []
    const inspector = createInspector({ send: (event) => void theirs.push(event as unknown as Said) })
    const actor = createActor(machine, {
      clock: new SimulatedClock(),
      input: { startTimeoutMs: 1, idleMs: 1, durationMs: 1 }
    })
    actor.start()
    inspected(actor, { tell: (event) => ours.push(event), ended: () => {} })
    actor.system.inspect(inspector.inspect)
    // Ours begins with who is there already.
    const [own, ...before] = ours.splice(0)
    assert.deepEqual([own?.type, before.length], ["@xstate.actor", 0])
    const conversing = new Promise<void>((resolve) =>
      actor.subscribe((snapshot) => snapshot.matches({ dialogue: "conversing" }) && resolve())
    )
    actor.send({ type: "start.requested" })
    await conversing
    actor.send({ type: "prompt.requested", prompt, replace: false })
    actor.send({ type: "speech.started" })
    actor.send({ type: "session.end", reason: "ended" })
    while (theirs.length < ours.length) await new Promise((resolve) => setTimeout(resolve, 1))

    assert.isAbove(ours.length, 15)
    assert.deepEqual(ours.map(compared), theirs.map(compared))
    const printed = JSON.stringify(ours)
    assert.include(JSON.stringify(theirs), "canary")
    assert.notInclude(printed, "canary")
    assert.notMatch(printed, /"(input|output)":|"context":\{"/)
    actor.stop()
  })

  it("leaves a session alone whose onlooker fails", () => {
    const actor = createActor(machine, { input: { startTimeoutMs: 1_000, idleMs: 1_000, durationMs: 1_000 } })
    actor.start()
    let isEnded = false
    let count = 0
    const tell = () => {
      if (++count > 1) throw new Error("the onlooker's own fault")
    }
    inspected(actor, { tell, ended: () => (isEnded = true) })
    actor.send({ type: "start.requested" })
    assert.isTrue(isEnded)
    assert.strictEqual(count, 2)
    assert.isTrue(actor.getSnapshot().matches({ dialogue: "preparing" }))
    actor.stop()
  })
})
