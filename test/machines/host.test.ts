import { assert, describe, it } from "vitest"
import { createActor, SimulatedClock, type SnapshotFrom } from "xstate"
import { getShortestPaths, getSimplePaths } from "xstate/graph"
import { type HostInput, hostMachine, type HostMachineEvent, type HostMachineOutput } from "#machines/host.ts"
import { HostError, type HostReason } from "#schemas/host.ts"

const input: HostInput = {
  startAttempts: 3,
  backoffMs: 100,
  backoffMsMax: 1_000,
  endsMax: 2,
  endsWindowMs: 10_000,
  restMs: 5_000,
  restMsMax: 20_000,
  relookMs: 15_000,
  healthyMs: 30_000,
  probeEveryMs: 60_000,
  suspectBeats: 4,
  lostBeats: 8
}

const errorOf = (reason: HostReason) => new HostError({ kind: "stt", reason, message: reason })
const end = (type: "loading.ended" | "serving.ended", reason: HostReason = "crash", atMs = 0) =>
  ({ type, error: errorOf(reason), atMs, jitter: 1 }) as const
const missed = (count: number) => ({ type: "beat.missed", count, error: errorOf("timeout") }) as const
const due = (roomForTwo: boolean) => ({ type: "recycling.due", error: errorOf("unavailable"), roomForTwo }) as const
const ready = { type: "loading.ready" } as const
const unfit = { type: "fault.found", error: errorOf("probe_failed") } as const

const open = (over: Partial<HostInput> = {}) => {
  const clock = new SimulatedClock()
  const outputs: Array<HostMachineOutput["type"]> = []
  const actor = createActor(hostMachine, { input: { ...input, ...over }, clock })
  actor.on("*", ({ type }) => outputs.push(type))
  actor.start()
  const send = (...events: ReadonlyArray<HostMachineEvent>) => events.forEach((event) => actor.send(event))
  /** What was emitted since it was asked last. */
  const told = () => outputs.splice(0)
  return { clock, send, told, is: () => actor.getSnapshot().value, count: () => actor.getSnapshot().context.failures }
}

describe("the life of a model host", () => {
  it("tries to start three times with doubling waits, then rests and tries again after growing rests", () => {
    const { clock, send, told, is } = open()
    send(end("loading.ended"))
    clock.increment(99)
    assert.deepEqual(told(), ["launch"])
    clock.increment(1)
    send(end("loading.ended"))
    clock.increment(200)
    send(end("loading.ended"))
    assert.deepEqual(told(), ["launch", "launch"])
    for (const restMs of [5_000, 10_000, 20_000, 20_000]) {
      assert.deepEqual(is(), { resting: "waiting" })
      clock.increment(restMs - 1)
      assert.isEmpty(told())
      clock.increment(1)
      assert.deepEqual(told(), ["launch"])
      send(end("loading.ended"))
    }
    clock.increment(20_000)
    send(ready)
    assert.deepEqual(is(), { ready: "quiet" })
  })

  it("restarts at once after a crash, and only then with a wait", () => {
    const { clock, send, told, is } = open({ endsMax: 9 })
    send(ready, end("serving.ended"))
    assert.deepEqual(told(), ["launch", "serve", "launch"])
    send(end("loading.ended"))
    assert.deepEqual(is(), { restarting: "waiting" })
    clock.increment(200)
    assert.deepEqual(told(), ["launch"])
  })

  it("opens the circuit at the third end within the window, not for ends far apart", () => {
    const often = open()
    often.send(ready, end("serving.ended", "crash", 0), ready, end("serving.ended", "crash", 1), ready)
    often.send(end("serving.ended", "crash", 9_999))
    assert.deepEqual(often.is(), { resting: "waiting" })
    const seldom = open()
    seldom.send(ready, end("serving.ended", "crash", 0), ready, end("serving.ended", "crash", 1), ready)
    seldom.send(end("serving.ended", "crash", 10_001))
    assert.deepEqual(seldom.is(), { restarting: "loading" })
  })

  it("looks again for a model that is missing, at an even pace", () => {
    const { clock, send, told, is } = open()
    send(end("loading.ended", "missing"))
    for (let i = 0; i < 5; i++) {
      told()
      clock.increment(15_000)
      assert.deepEqual(told(), ["launch"])
      send(end("loading.ended", "corrupt"))
      assert.deepEqual(is(), { failed: "waiting" })
    }
    clock.increment(15_000)
    send(ready)
    assert.deepEqual(is(), { ready: "quiet" })
  })

  it("suspects after four beats, kills after eight, and probes one that answers in between", () => {
    const { send, told, is } = open()
    send(ready, missed(3))
    assert.deepEqual(is(), { ready: "quiet" })
    send(missed(4), missed(7))
    assert.deepEqual(is(), { suspect: "silent" })
    told()
    send({ type: "beat.answered" })
    assert.deepEqual(told(), ["probe"])
    send({ type: "probe.passed" })
    assert.deepEqual(is(), { ready: "quiet" })
    send(missed(4), missed(8), missed(9))
    assert.deepEqual(told(), ["kill"])
    send(end("serving.ended", "timeout"))
    assert.deepEqual(told(), ["launch"])
  })

  it("begins anew after it was healthy", () => {
    const { clock, send, count } = open()
    send(ready, end("serving.ended"), ready)
    assert.equal(count(), 1)
    clock.increment(30_000)
    assert.equal(count(), 0)
  })

  it("probes every minute", () => {
    const { clock, send, told } = open()
    send(ready)
    for (let i = 0; i < 3; i++) {
      told()
      clock.increment(60_000)
      assert.deepEqual(told(), ["probe"])
      send({ type: "probe.passed" })
    }
  })

  it("loads a replacement beside the one that serves, and keeps that when the replacement fails", () => {
    const { send, told, is } = open()
    send(ready, due(true))
    assert.deepEqual(told(), ["launch", "serve", "launch"])
    send(end("loading.ended", "missing"))
    assert.deepEqual(is(), { ready: "quiet" })
    send(due(true), ready)
    assert.deepEqual(told(), ["launch", "serve"])
    send(due(true), unfit, end("serving.ended"))
    assert.deepEqual(told(), ["launch", "kill"], "what loads already becomes the host")
    send(ready)
    assert.deepEqual(is(), { ready: "quiet" })
  })

  it("waits for the last stream where there is no room for two", () => {
    const { send, told, is } = open()
    send(ready, due(false))
    assert.deepEqual(is(), { recycling: "waiting" })
    send({ type: "streams.ended" }, end("serving.ended", "unavailable"))
    assert.deepEqual(told(), ["launch", "serve", "retire", "launch"])
  })
})

/** Every event, the waits among them, as they may come in any state. */
const after = (delay: string, state: string) => ({ type: `xstate.after.${delay}.${state}` })
const waits = {
  [after("backoff", "host.starting.waiting").type]: 1_000,
  [after("backoff", "host.restarting.waiting").type]: 1_000,
  [after("rest", "host.resting.waiting").type]: 20_000,
  [after("relook", "host.failed.waiting").type]: 15_000,
  [after("probeDue", "host.ready.quiet").type]: 60_000
}
const events = [
  ready,
  end("loading.ended"),
  end("loading.ended", "missing"),
  end("serving.ended"),
  missed(4),
  missed(8),
  { type: "beat.answered" },
  { type: "probe.passed" },
  unfit,
  due(true),
  due(false),
  { type: "streams.ended" },
  { type: "stop.requested" },
  ...Object.keys(waits).map((type) => ({ type }))
] as ReadonlyArray<HostMachineEvent>

const options = {
  events,
  input,
  serializeState: (snapshot: SnapshotFrom<typeof hostMachine>) => JSON.stringify(snapshot.value)
}

/** Walks the steps of a path on a running machine. */
const walk = (steps: ReadonlyArray<{ readonly event: { readonly type: string } }>) => {
  const { clock, send, is } = open()
  for (const { event } of steps) {
    const waitMs = waits[event.type]
    if (waitMs !== undefined) clock.increment(waitMs)
    else if (event.type !== "xstate.init") send(event as HostMachineEvent)
  }
  return { clock, send, is }
}

describe("every path through a host's life", () => {
  const shortest = getShortestPaths(hostMachine, options as never)

  it("reaches every state", () => {
    const reached = shortest.map(({ state }) => JSON.stringify(state.value)).toSorted()
    const all = Object.entries(hostMachine.states).flatMap(([name, node]) => {
      const children = Object.keys(node.states)
      return children.length === 0 ? [JSON.stringify(name)] : children.map((child) => JSON.stringify({ [name]: child }))
    })
    assert.deepEqual(reached, all.toSorted())
    for (const { state, steps } of shortest) assert.deepEqual(walk(steps).is(), state.value)
  })

  it("leads back to ready, whatever has happened, without anybody's help", () => {
    for (const { state, steps } of getSimplePaths(hostMachine, options as never).slice(0, 2_000)) {
      if (state.status === "done") continue
      const { clock, send, is } = walk(steps)
      // What the processes and the clock will say sooner or later; the machine takes what concerns it.
      for (let i = 0; i < 4; i++) {
        send({ type: "beat.answered" }, { type: "probe.passed" })
        if (JSON.stringify(is()).includes("ending") || JSON.stringify(is()).includes("leaving"))
          send(end("serving.ended"))
        send({ type: "streams.ended" })
        clock.increment(20_000)
        send(ready)
      }
      assert.include(JSON.stringify(is()), "ready", JSON.stringify(steps.map(({ event }) => event.type)))
    }
  })
})
