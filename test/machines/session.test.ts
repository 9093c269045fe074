import { assert, describe, it } from "vitest"
import { createActor, fromPromise, SimulatedClock, waitFor } from "xstate"
import { interviewMachine } from "#machines/questionnaire.ts"
import type { Prompt, SessionOutput } from "#machines/session-events.ts"
import { interviewOf, leadingState, sessionMachine, type Prepared } from "#machines/session.ts"
import { phq9Plan } from "#test/support/phq9.ts"

const input = { startTimeoutMs: 5_000, idleMs: 120_000, durationMs: 3_600_000 }

/** A session whose prompts last until the test ends them. */
const open = (prepared: Prepared = {}) => {
  const clock = new SimulatedClock()
  const outputs: Array<SessionOutput> = []
  const spoken: Array<{ readonly prompt: Prompt; readonly end: () => void; interrupted: boolean }> = []
  const machine = sessionMachine.provide({
    actors: {
      prepare: fromPromise(() => Promise.resolve(prepared)),
      speak: fromPromise<void, Prompt>(
        ({ input: prompt, signal }) =>
          new Promise((resolve) => {
            const entry = { prompt, end: resolve, interrupted: false }
            signal.addEventListener("abort", () => (entry.interrupted = true))
            spoken.push(entry)
          })
      )
    }
  })
  const actor = createActor(machine, { input, clock })
  actor.on("*", (output) => outputs.push(output))
  actor.start()
  const started = async () => {
    actor.send({ type: "start.requested" })
    await waitFor(actor, (snapshot) => !snapshot.hasTag("authenticating"))
  }
  const say = (id: string, over: Partial<Prompt> = {}, replace = false) =>
    actor.send({
      type: "prompt.requested",
      replace,
      prompt: { id, text: id, spokenText: id, interruptible: true, keep: true, ...over }
    })
  const leading = () => leadingState(actor.getSnapshot())
  return { actor, clock, outputs, spoken, started, say, leading, types: () => outputs.map(({ type }) => type) }
}

describe("a session", () => {
  it("ends when no start comes in time", () => {
    const { clock, outputs } = open()
    clock.increment(4_999)
    assert.isEmpty(outputs)
    clock.increment(1)
    assert.deepEqual(outputs, [{ type: "session.closing", reason: "not_started" }])
  })

  it("listens, transcribes while finals are due, and speaks", async () => {
    const { actor, started, say, leading, spoken } = open()
    assert.equal(leading(), "authenticating")
    await started()
    assert.equal(leading(), "listening")
    actor.send({ type: "utterance.ended" })
    assert.equal(leading(), "transcribing")
    actor.send({ type: "transcript.settled" })
    say("p1")
    assert.equal(leading(), "speaking")
    spoken[0]?.end()
    await waitFor(actor, (snapshot) => snapshot.matches({ playback: "silent" }))
    assert.equal(leading(), "listening")
  })

  it("speaks prompts in turn, and a replacing one at once", async () => {
    const { started, say, spoken, actor } = open()
    await started()
    say("p1")
    say("p2")
    assert.deepEqual(
      spoken.map(({ prompt }) => prompt.id),
      ["p1"]
    )
    spoken[0]?.end()
    await waitFor(actor, (snapshot) => snapshot.context.prompt?.id === "p2")
    say("p3", {}, true)
    assert.deepEqual(
      spoken.map(({ prompt }) => prompt.id),
      ["p1", "p2", "p3"]
    )
    assert.isTrue(spoken[1]?.interrupted)
  })

  it("ducks at once for a voice, and goes on after a cough", async () => {
    const { actor, started, say, outputs, spoken } = open()
    await started()
    say("p1")
    actor.send({ type: "speech.started" })
    actor.send({ type: "speech.paused" })
    assert.deepEqual(outputs.slice(1), [
      { type: "prompt.ducked", id: "p1", ducked: true },
      { type: "prompt.ducked", id: "p1", ducked: false }
    ])
    assert.isFalse(spoken[0]?.interrupted)
  })

  it("ducks and restores for each cough, however long the prompt lasts, and stops at the first voice that goes on", async () => {
    const { actor, clock, started, say, outputs, spoken } = open()
    await started()
    say("p1")
    for (let cough = 0; cough < 3; cough++) {
      actor.send({ type: "speech.started" })
      clock.increment(100)
      actor.send({ type: "speech.paused" })
      clock.increment(1_000)
      actor.send({ type: "utterance.ended" })
    }
    assert.isFalse(spoken[0]?.interrupted)
    actor.send({ type: "speech.started" })
    actor.send({ type: "speech.confirmed" })
    assert.isTrue(spoken[0]?.interrupted)
    const ducks = outputs.flatMap((output) => (output.type === "prompt.ducked" ? [output.ducked] : []))
    assert.deepEqual(ducks, [true, false, true, false, true, false, true])
  })

  it("says a prompt again that was stopped, when it is asked to", async () => {
    const { actor, started, say, outputs, spoken } = open({ interview: interviewMachine(phq9Plan) })
    const asked = () =>
      outputs.flatMap((output) =>
        output.type === "interview" && output.output.type === "question.asked" ? [output.output.linkId] : []
      )
    await started()
    actor.send({ type: "interview.event", event: { type: "consent.given", via: "voice" } })
    actor.send({ type: "interview.event", event: { type: "consent.stored" } })
    say("q1", {}, true)
    actor.send({ type: "speech.started" })
    actor.send({ type: "speech.confirmed" })
    assert.isTrue(spoken[0]?.interrupted)
    const [first, ...none] = asked()
    assert.isEmpty(none)
    actor.send({ type: "interview.event", event: { type: "question.repeat" } })
    assert.deepEqual(asked(), [first, first])
  })

  it("stops the prompt when the voice goes on, but not one that must be heard", async () => {
    const { actor, started, say, spoken } = open()
    await started()
    say("p1")
    actor.send({ type: "speech.started" })
    assert.isFalse(spoken[0]?.interrupted)
    actor.send({ type: "speech.confirmed" })
    assert.isTrue(spoken[0]?.interrupted)
    actor.send({ type: "utterance.ended" })
    say("p2", { interruptible: false })
    actor.send({ type: "speech.started" })
    actor.send({ type: "speech.confirmed" })
    assert.isFalse(spoken[1]?.interrupted)
  })

  it("cancels by id or whatever is spoken", async () => {
    const { actor, started, say, spoken } = open()
    await started()
    say("p1")
    actor.send({ type: "prompt.cancelled", id: "other" })
    assert.isFalse(spoken[0]?.interrupted)
    actor.send({ type: "prompt.cancelled" })
    assert.isTrue(spoken[0]?.interrupted)
  })

  it("warns before it ends an idle session, and activity counts anew", async () => {
    const { actor, started, clock, outputs } = open()
    await started()
    clock.increment(89_999)
    actor.send({ type: "client.active" })
    clock.increment(89_999)
    assert.deepEqual(outputs.slice(1), [])
    clock.increment(1)
    assert.deepEqual(outputs.at(-1), { type: "session.expiring", reason: "idle", inMs: 30_000 })
    clock.increment(30_000)
    assert.deepEqual(outputs.at(-1), { type: "session.closing", reason: "idle_timeout" })
  })

  it("ends at its longest duration however active it is", async () => {
    const { actor, started, clock, outputs } = open()
    await started()
    for (let minute = 0; minute < 61; minute++) {
      actor.send({ type: "client.active" })
      clock.increment(60_000)
    }
    assert.includeDeepMembers(outputs, [{ type: "session.expiring", reason: "duration", inMs: 30_000 }])
    assert.deepEqual(outputs.at(-1), { type: "session.closing", reason: "duration_exceeded" })
  })

  it("holds an interview: a prompt that ends opens the person's turn", async () => {
    const { actor, started, say, spoken, types, leading } = open({ interview: interviewMachine(phq9Plan) })
    await started()
    assert.deepInclude(types(), "interview")
    assert.equal(leading(), "consenting")
    say("consent", {}, true)
    spoken[0]?.end()
    await waitFor(actor, (snapshot) => snapshot.matches({ playback: "silent" }))
    actor.send({ type: "interview.event", event: { type: "consent.given", via: "voice" } })
    actor.send({ type: "interview.event", event: { type: "consent.stored" } })
    assert.equal(leading(), "asking")
    say("q1", {}, true)
    actor.send({ type: "speech.started" })
    actor.send({ type: "utterance.ended" })
    assert.isTrue(spoken[1]?.interrupted)
    assert.equal(interviewOf(actor.getSnapshot())?.hasTag("listening"), true)
  })

  it("pauses silently and asks the question again when it goes on", async () => {
    const { actor, started, say, leading, outputs, spoken } = open({ interview: interviewMachine(phq9Plan) })
    await started()
    actor.send({ type: "interview.event", event: { type: "consent.given", via: "voice" } })
    actor.send({ type: "interview.event", event: { type: "consent.stored" } })
    say("q1", {}, true)
    actor.send({ type: "session.pause" })
    assert.equal(leading(), "paused")
    assert.isTrue(spoken[0]?.interrupted)
    const before = outputs.length
    actor.send({ type: "session.continue" })
    assert.equal(leading(), "asking")
    assert.isAbove(outputs.length, before)
  })

  it("goes straight to the end when its interview was held before the client came back", async () => {
    const { started, leading, types } = open({ interview: interviewMachine(phq9Plan), interviewed: true })
    await started()
    assert.equal(leading(), "completed")
    assert.deepEqual(types(), ["session.opened"])
  })

  it("counts the time of the connections before a resume towards its longest duration", async () => {
    const { actor, started, clock, outputs } = open({ connectedMs: input.durationMs - 60_000 })
    await started()
    clock.increment(29_999)
    actor.send({ type: "client.active" })
    clock.increment(1)
    assert.deepEqual(outputs.at(-1), { type: "session.expiring", reason: "duration", inMs: 30_000 })
    clock.increment(30_000)
    assert.deepEqual(outputs.at(-1), { type: "session.closing", reason: "duration_exceeded" })
  })

  it("tells that the server is going down, and goes on until it is ended", async () => {
    const { actor, started, outputs } = open()
    await started()
    actor.send({ type: "server.draining", inMs: 20_000 })
    assert.deepEqual(outputs.at(-1), { type: "session.expiring", reason: "draining", inMs: 20_000 })
    assert.equal(actor.getSnapshot().status, "active")
  })

  it("is completed after the interview, and stays until it is ended", async () => {
    const { actor, started, leading, outputs } = open({ interview: interviewMachine(phq9Plan) })
    await started()
    actor.send({ type: "interview.event", event: { type: "consent.declined" } })
    assert.equal(leading(), "completed")
    assert.deepInclude(outputs.at(-1), { type: "interview" })
    actor.send({ type: "session.end", reason: "ended" })
    assert.deepEqual(outputs.at(-1), { type: "session.closing", reason: "ended" })
    assert.equal(leading(), "ended")
  })
})
