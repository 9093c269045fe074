import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { createActor, SimulatedClock, initialTransition } from "xstate"
import type { InterviewEvent, InterviewOutput, InterviewRecord } from "#machines/interview.ts"
import {
  expectationOf,
  type InterviewMachine,
  interviewMachine,
  type InterviewSnapshot
} from "#machines/questionnaire.ts"
import { repromptsMax } from "#machines/interview-setup.ts"
import { nothingKept } from "#machines/kept.ts"
import type { Plan, PlanQuestion } from "#machines/plan.ts"
import { keptOf } from "#src/session/kept.ts"
import { explore } from "#test/support/explore.ts"
import { phq9Plan } from "#test/support/phq9.ts"
import { planOf } from "#test/support/plan.ts"

const question = (linkId: string, over: Partial<PlanQuestion> = {}): PlanQuestion => ({
  linkId,
  text: linkId,
  spokenText: linkId,
  itemType: "choice",
  options: [
    { code: "a", display: "A", spokenDisplay: "A", phrases: [], key: "0", points: 0 },
    { code: "b", display: "B", spokenDisplay: "B", phrases: [], key: "1", points: 1 }
  ],
  required: true,
  confirm: "low",
  ...over
})

/** Small enough to walk completely: a plain question, one that may be skipped, one that is always confirmed. */
const plan: Plan = {
  ...planOf([question("one"), question("two", { required: false }), question("three", { confirm: "always" })]),
  review: "none"
}

const answer = (
  linkId: string,
  over: Partial<Extract<InterviewEvent, { type: "answer.given" }>> = {}
): InterviewEvent => ({
  type: "answer.given",
  linkId,
  answer: { value: "a", display: "A" },
  via: "voice",
  sure: true,
  ...over
})

const agreed: InterviewEvent = { type: "consent.given", via: "voice" }

const machines = new WeakMap<Plan, InterviewMachine>()
const machineOf = (of: Plan): InterviewMachine => {
  const known = machines.get(of) ?? interviewMachine(of)
  machines.set(of, known)
  return known
}

/** An interview whose prompts are spoken and whose answers are stored at once, as outputs come. */
const run = (of: Plan = plan, record?: InterviewRecord) => {
  const outputs: Array<InterviewOutput> = []
  const clock = new SimulatedClock()
  const actor = createActor(machineOf(of), { input: record === undefined ? {} : { record }, clock })
  actor.on("*", (output) => outputs.push(output))
  actor.start()
  const send = (...events: ReadonlyArray<InterviewEvent>) => {
    for (const event of events) actor.send(event)
  }
  const heard = () => outputs.map((output) => output.type)
  const begin = () => send({ type: "prompt.done" }, agreed, { type: "consent.stored" }, { type: "prompt.done" })
  return { actor, clock, outputs, send, heard, begin, last: () => outputs.at(-1) }
}

describe("an interview", () => {
  it("asks nothing before consent, and ends when it is declined", () => {
    const { send, outputs, heard } = run()
    send({ type: "prompt.done" }, answer("one"), { type: "question.goto", linkId: "one" })
    assert.deepEqual(heard(), ["consent.asked", "turn.opened"])
    send({ type: "consent.declined" })
    assert.deepInclude(outputs.at(-1), { type: "interview.ended", status: "declined", kept: nothingKept })
  })

  it("asks for an unsure consent once more, then offers it by hand; a sure one still begins", () => {
    const { send, last, heard } = run()
    const unsure = { type: "answer.unmatched", reason: "no_match" } as const
    send({ type: "prompt.done" }, unsure)
    assert.deepInclude(last(), { type: "consent.asked", attempt: 2, reason: "no_match" })
    send({ type: "prompt.done" }, unsure)
    assert.deepEqual(last(), { type: "touch.offered", why: "asked_enough" })
    const before = heard().length
    send({ type: "prompt.done" }, unsure, unsure)
    assert.equal(heard().length, before)
    send(agreed)
    assert.equal(last()?.type, "consent.recording")
  })

  it("tells the terms of the consent whole again to whoever asks for that", () => {
    const { send, last } = run()
    send({ type: "prompt.done" }, { type: "answer.unmatched", reason: "no_match" }, { type: "question.repeat" })
    assert.deepEqual(last(), { type: "consent.asked", attempt: 2 })
  })

  it("asks once more whether to stop when the answer is not sure, and then goes on", () => {
    const { send, begin, last } = run()
    begin()
    const unsure = { type: "answer.unmatched", reason: "no_match" } as const
    send({ type: "stop.request" }, { type: "prompt.done" }, unsure)
    assert.deepEqual(last(), { type: "stop.confirming" })
    send({ type: "prompt.done" }, unsure)
    assert.deepInclude(last(), { type: "question.asked", linkId: "one", attempt: 1 })
  })

  it("asks, records, and goes on only when the answer is stored", () => {
    const { send, begin, heard, last } = run()
    begin()
    send(answer("one"))
    assert.equal(last()?.type, "answer.recording")
    send({ type: "answer.stored", linkId: "one" })
    assert.deepEqual(heard().slice(-2), ["answer.recording", "question.asked"])
    assert.deepInclude(last(), { linkId: "two", attempt: 1 })
  })

  it("asks nothing before the consent is stored, and tries until it is", () => {
    const { send, last, clock } = run()
    send(agreed, { type: "consent.store.failed" })
    assert.deepEqual(last(), { type: "storing.delayed", failures: 1 })
    clock.increment(1_000)
    assert.deepEqual(last(), { type: "consent.recording", via: "voice" })
    send({ type: "consent.stored" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "one" })
  })

  it("tries again until an answer is stored, and takes no other meanwhile", () => {
    const { send, begin, last, clock } = run()
    begin()
    send(answer("one"))
    for (let failures = 1; failures <= 3; failures++) {
      send({ type: "answer.store.failed", linkId: "one" })
      assert.deepEqual(last(), { type: "storing.delayed", failures })
      send(answer("one", { answer: { value: "b", display: "B" } }), { type: "stop.request" })
      clock.increment(1_000)
      assert.deepInclude(last(), { type: "answer.recording" })
    }
    send({ type: "answer.stored", linkId: "one" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "two" })
  })

  it("counts a store that does not answer as one that failed", () => {
    const { send, begin, last, clock } = run()
    begin()
    send(answer("one"))
    clock.increment(10_000)
    assert.deepEqual(last(), { type: "storing.delayed", failures: 1 })
  })

  it("offers touch when what was said cannot be recognised, and asks again once it hears", () => {
    const { send, begin, last } = run()
    begin()
    send({ type: "utterance.ended" }, { type: "hearing.failed" })
    assert.deepEqual(last(), { type: "touch.offered", linkId: "one", why: "cannot_hear" })
    send({ type: "hearing.failed" }, { type: "prompt.done" }, { type: "hearing.restored" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "one", again: true, preface: "can_hear_again" })
    send(
      { type: "prompt.done" },
      { type: "utterance.ended" },
      { type: "hearing.failed" },
      answer("one", { via: "touch" })
    )
    assert.equal(last()?.type, "answer.recording")
  })

  it("offers touch for the consent too", () => {
    const { send, last } = run()
    send({ type: "prompt.done" }, { type: "hearing.failed" })
    assert.deepEqual(last(), { type: "touch.offered", why: "cannot_hear" })
    send({ type: "prompt.done" }, { type: "consent.given", via: "touch" })
    assert.deepEqual(last(), { type: "consent.recording", via: "touch" })
  })

  it("takes an answer while the question is still being spoken", () => {
    const { send, last } = run()
    send(agreed, { type: "consent.stored" }, answer("one", { via: "touch" }))
    assert.equal(last()?.type, "answer.recording")
  })

  it("ignores an answer to a question that is over", () => {
    const { send, begin, heard } = run()
    begin()
    send(answer("one", { via: "touch" }), { type: "answer.stored", linkId: "one" })
    const before = heard().length
    send(answer("one"))
    assert.equal(heard().length, before)
  })

  for (const reason of ["no_match", "no_speech"] as const) {
    it(`asks again ${repromptsMax} times on ${reason}, then offers touch and stays quiet`, () => {
      const { send, begin, heard, outputs } = run()
      begin()
      const miss: InterviewEvent =
        reason === "no_match" ? { type: "answer.unmatched", reason } : { type: "silence.elapsed" }
      for (let attempt = 0; attempt <= repromptsMax; attempt++) {
        if (reason === "no_match") send({ type: "utterance.ended" })
        send(miss, { type: "prompt.done" })
      }
      const asked = outputs.filter((output) => output.type === "question.asked")
      assert.deepEqual(
        asked.map(({ attempt }) => attempt),
        [1, 2, 3, 4]
      )
      assert.deepEqual(
        asked.map((output) => output.reason),
        [undefined, reason, reason, reason]
      )
      assert.equal(heard().filter((type) => type === "touch.offered").length, 1)
      const before = heard().length
      send({ type: "answer.unmatched", reason: "no_match" }, { type: "utterance.empty" })
      assert.deepEqual(heard().slice(before), ["turn.opened", "turn.opened"])
      send(answer("one"))
      assert.equal(heard().at(-1), "answer.recording")
    })
  }

  it("loses no attempt to a noise, and waits anew for the person", () => {
    const { send, begin, outputs } = run()
    begin()
    for (let noise = 0; noise < 5; noise++) send({ type: "utterance.ended" }, { type: "utterance.empty" })
    assert.equal(outputs.filter(({ type }) => type === "question.asked").length, 1)
    assert.equal(outputs.filter(({ type }) => type === "turn.opened").length, 7)
    send(answer("one"))
    assert.equal(outputs.at(-1)?.type, "answer.recording")
  })

  it("confirms what it is not sure of, and takes no for an answer", () => {
    const { send, begin, last } = run()
    begin()
    send(answer("one", { sure: false, confidence: 0.4 }))
    assert.deepInclude(last(), { type: "answer.confirming", linkId: "one" })
    send({ type: "prompt.done" }, { type: "confirmation.denied" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "one" })
    send(answer("one", { sure: false, confidence: 0.4 }), { type: "confirmation.given" })
    assert.deepInclude(last(), {
      type: "answer.recording",
      record: { linkId: "one", answer: { value: "a", display: "A" }, via: "voice", confidence: 0.4, revised: false }
    })
  })

  it("confirms every spoken answer where the question demands it, and none that was touched", () => {
    const { send, begin, last } = run()
    begin()
    send({ type: "question.goto", linkId: "three" }, answer("three"))
    assert.equal(last()?.type, "answer.confirming")
    send(answer("three", { answer: { value: "b", display: "B" } }))
    const confirming = last()
    assert.deepEqual(confirming?.type === "answer.confirming" && confirming.pending.answer, {
      value: "b",
      display: "B"
    })
    send(answer("three", { via: "touch" }))
    assert.equal(last()?.type, "answer.recording")
  })

  it("goes back, marks the new answer as revised, and does not ask what is answered", () => {
    const { send, begin, outputs } = run()
    begin()
    send(answer("one"), { type: "answer.stored", linkId: "one" }, { type: "question.back" })
    assert.deepInclude(outputs.at(-1), { type: "question.asked", linkId: "one" })
    send(answer("one"), { type: "answer.stored", linkId: "one" })
    assert.deepInclude(outputs.at(-1), { type: "question.asked", linkId: "two" })
    const recorded = outputs.filter((output) => output.type === "answer.recording")
    assert.deepEqual(
      recorded.map(({ record }) => record.revised),
      [false, true]
    )
  })

  it("skips what may be skipped, and helps where it may not", () => {
    const { send, begin, last } = run()
    begin()
    send({ type: "question.skip" })
    assert.deepEqual(last(), { type: "help.given", linkId: "one" })
    send(answer("one"), { type: "answer.stored", linkId: "one" }, { type: "question.skip" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "three" })
  })

  it("stops only after it has asked whether to stop", () => {
    const { send, begin, last } = run()
    begin()
    send({ type: "stop.request" })
    assert.deepEqual(last(), { type: "stop.confirming" })
    send({ type: "confirmation.denied" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "one" })
    send({ type: "stop.request" }, { type: "confirmation.given" })
    assert.deepInclude(last(), { type: "interview.ended", status: "stopped" })
  })

  it("goes on later when that is meant: the last words, and then it is left", () => {
    const { send, begin, last, outputs } = run()
    begin()
    send({ type: "pause.request" })
    assert.deepEqual(last(), { type: "pause.confirming" })
    send({ type: "confirmation.denied" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "one" })
    send({ type: "pause.request" }, { type: "confirmation.given" })
    assert.deepEqual(last(), { type: "pause.told", linkId: "one" })
    send({ type: "prompt.done" })
    assert.deepEqual(last(), { type: "interview.paused" })
    assert.notInclude(
      outputs.map(({ type }) => type),
      "interview.ended"
    )
  })

  it("pauses after all else was tried and nobody spoke for long; an answer meanwhile keeps it going", () => {
    const { send, begin, last } = run()
    begin()
    for (let attempt = 1; attempt <= repromptsMax; attempt++) send({ type: "silence.elapsed" }, { type: "prompt.done" })
    send({ type: "silence.elapsed" })
    assert.deepEqual(last(), { type: "touch.offered", linkId: "one", why: "asked_enough" })
    send({ type: "prompt.done" })
    assert.deepEqual(last(), { type: "turn.opened", isPatient: true })
    send({ type: "silence.elapsed" })
    assert.deepEqual(last(), { type: "pause.told", linkId: "one" })
    send(answer("one", { via: "touch" }), { type: "answer.stored", linkId: "one" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "two" })
  })

  it("keeps what was said before it was cut off, says so, and goes on", () => {
    const { send, begin, last } = run()
    begin()
    send(answer("one", { isLong: true }), { type: "answer.stored", linkId: "one" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "two", preface: "heard_enough" })
  })

  it("does not wait for ever for a prompt that never ends", () => {
    const { clock, heard } = run()
    clock.increment(120_000)
    assert.include(heard(), "turn.opened")
  })
})

describe("withdrawing consent", () => {
  const withdrawn = { type: "interview.ended", status: "withdrawn", kept: nothingKept, alerts: [] } as const
  const recording = { type: "withdrawal.recording", failures: 0 }

  it("by voice is asked about first: no goes on, yes deletes before it is told", () => {
    const { begin, send, last } = run()
    begin()
    send({ type: "withdrawal.request" })
    assert.deepEqual(last(), { type: "withdrawal.confirming" })
    send({ type: "confirmation.denied" })
    assert.deepInclude(last(), { type: "question.asked", linkId: "one" })
    send({ type: "withdrawal.request" }, { type: "confirmation.given" })
    assert.deepEqual(last(), { ...recording, via: "voice" } as InterviewOutput)
    send({ type: "withdrawal.stored" })
    assert.deepInclude(last(), withdrawn)
  })

  it("what was not understood deletes nothing", () => {
    const { begin, send, last } = run()
    begin()
    const unmatched = { type: "answer.unmatched", reason: "no_match" } as const
    send({ type: "withdrawal.request" }, unmatched)
    assert.deepInclude(last(), { type: "withdrawal.confirming" })
    send(unmatched)
    assert.deepInclude(last(), { type: "question.asked", linkId: "one" })
  })

  it("by touch is meant: at a question, at a read-back, while an answer cannot be written, and when all is over", () => {
    const moments: ReadonlyArray<ReadonlyArray<InterviewEvent>> = [
      [],
      [answer("one", { sure: false })],
      [answer("one"), { type: "answer.store.failed", linkId: "one" }],
      [{ type: "stop.request" }],
      [{ type: "withdrawal.request" }]
    ]
    for (const before of moments) {
      const { begin, send, last } = run()
      begin()
      send(...before, { type: "consent.withdrawn", via: "touch" })
      assert.deepEqual(last(), { ...recording, via: "touch" } as InterviewOutput)
      send({ type: "withdrawal.stored" })
      assert.deepInclude(last(), withdrawn)
    }
    const over = run(plan, finished(plan))
    over.send({ type: "consent.withdrawn", via: "touch" }, { type: "withdrawal.stored" })
    assert.deepInclude(over.last(), withdrawn)
  })

  it("is tried again, each second, until it is done; nothing else is done meanwhile", () => {
    const { begin, send, last, clock } = run()
    begin()
    send({ type: "consent.withdrawn", via: "touch" }, { type: "withdrawal.store.failed" })
    send(answer("one"), { type: "question.goto", linkId: "one" }, { type: "stop.request" }, { type: "question.back" })
    for (const failures of [1, 2]) {
      clock.increment(1_000)
      assert.deepEqual(last(), { ...recording, via: "touch", failures } as InterviewOutput)
      send({ type: "withdrawal.store.failed" })
    }
  })

  it("before anything was agreed to is declining", () => {
    for (const event of [{ type: "withdrawal.request" }, { type: "consent.withdrawn", via: "touch" }] as const) {
      const { send, last } = run()
      send(event)
      assert.deepInclude(last(), { type: "interview.ended", status: "declined" })
    }
  })
})

/** Every event that can matter in a state; the walk tries all of them everywhere. */
const eventsAt = (snapshot: InterviewSnapshot): ReadonlyArray<InterviewEvent> => {
  const { linkId } = snapshot.context
  return [
    { type: "consent.given", via: "touch" },
    { type: "consent.declined" },
    { type: "consent.stored" },
    { type: "consent.store.failed" },
    { type: "hearing.failed" },
    { type: "hearing.restored" },
    { type: "prompt.done" },
    { type: "utterance.ended" },
    { type: "utterance.empty" },
    { type: "answer.unmatched", reason: "no_match" },
    { type: "silence.elapsed" },
    { type: "confirmation.given" },
    { type: "confirmation.denied" },
    { type: "question.repeat" },
    { type: "question.back" },
    { type: "question.skip" },
    { type: "help.request" },
    { type: "stop.request" },
    { type: "withdrawal.request" },
    { type: "consent.withdrawn", via: "touch" },
    { type: "withdrawal.stored" },
    { type: "withdrawal.store.failed" },
    { type: "question.goto", linkId: "one" },
    answer(linkId),
    answer(linkId, { sure: false }),
    answer(linkId, { via: "touch" }),
    { type: "answer.stored", linkId },
    { type: "answer.store.failed", linkId },
    { type: "pause.request" },
    { type: "distress.heard" },
    { type: "handover.request" },
    { type: "alert.stored" },
    { type: "alert.store.failed" },
    answer(linkId, { sure: false, isDistressed: true })
  ]
}

const keyOf = ({ value, status, context }: InterviewSnapshot): string =>
  JSON.stringify([
    value,
    status,
    context.linkId,
    context.attempt,
    Object.keys(context.kept.answers),
    Object.keys(context.kept.skipped),
    context.pending?.linkId
  ])

const finished = ({ questions }: Plan): InterviewRecord => ({
  entries: [
    { type: "consent", via: "touch", version: "1", language: "ar", atMs: 0 },
    ...questions.map(({ linkId }) => ({
      type: "answer" as const,
      record: { linkId, answer: { value: "a", display: "A" }, via: "touch" as const, revised: false },
      atMs: 0
    })),
    { type: "ended", status: "completed", atMs: 0 }
  ]
})

const walk = (of: Plan) => {
  const machine = interviewMachine(of)
  const [initial] = initialTransition(machine, {})
  /** It was completed on an earlier connection. */
  const [over] = initialTransition(machine, { record: finished(of) })
  return { machine, ...explore(machine, [initial, over], { keyOf, eventsAt }) }
}

describe("every path of a questionnaire", () => {
  const { machine, seen, edges } = walk(plan)
  const states = [...seen.values()]

  it("reaches every state of the chart", () => {
    const reached = new Set<string>()
    const note = (value: unknown, path: string): void => {
      if (typeof value === "string") reached.add(`${path}.${value}`)
      else for (const [key, inner] of Object.entries(value as object)) note(inner, `${path}.${key}`)
    }
    for (const { value } of states) note(value, "interview")
    const leaves: Array<string> = []
    const collect = (node: typeof machine.root): void => {
      const children = Object.values(node.states)
      if (children.length === 0 && !/\.(routing|starting|going|entering|taking|refusing)$/.test(node.id))
        leaves.push(node.id)
      for (const child of children) collect(child as typeof node)
    }
    collect(machine.root)
    assert.isAbove(leaves.length, 25)
    assert.deepEqual(
      leaves.filter((leaf) => !reached.has(leaf)),
      []
    )
  })

  it("can always be finished: no state is a dead end", () => {
    const finishing = new Set(
      [...seen].filter(([, snapshot]) => snapshot.hasTag("completed") || snapshot.matches("parked")).map(([key]) => key)
    )
    for (let grew = true; grew;) {
      grew = false
      for (const [from, targets] of edges) {
        if (finishing.has(from) || ![...targets].some((target) => finishing.has(target))) continue
        finishing.add(from)
        grew = true
      }
    }
    assert.deepEqual(
      [...seen.keys()].filter((key) => !finishing.has(key)),
      []
    )
  })

  it("never completes without an answer to each required question", () => {
    const completed = states.filter((snapshot) => snapshot.matches("completed"))
    assert.isNotEmpty(completed)
    for (const { context } of completed) {
      assert.includeMembers(Object.keys(context.kept.answers), ["one", "three"])
    }
  })

  it("expects a confirmation only while something is pending", () => {
    for (const snapshot of states) {
      if (expectationOf(snapshot).about === "confirmation") assert.isDefined(snapshot.context.pending)
    }
  })
})

describe("a completed interview", () => {
  it("takes a correction, and is then amended", () => {
    const { send, outputs, actor } = run(plan, finished(plan))
    assert.isEmpty(outputs)
    assert.deepEqual(expectationOf(actor.getSnapshot()), { about: "correction" })
    send({ type: "stop.request" }, { type: "question.back" }, { type: "question.goto", linkId: "nowhere" })
    assert.isEmpty(outputs)
    send({ type: "question.goto", linkId: "two" }, answer("two", { via: "touch" }), {
      type: "answer.stored",
      linkId: "two"
    })
    assert.deepInclude(outputs.at(-1), { type: "interview.ended", status: "amended" })
  })

  it("stays whole when somebody stops while correcting, and is told again only if something was changed", () => {
    const { send, outputs, heard, actor } = run(plan, finished(plan))
    send({ type: "question.goto", linkId: "two" }, { type: "stop.request" }, { type: "confirmation.given" })
    assert.notInclude(heard(), "interview.ended")
    assert.deepEqual(expectationOf(actor.getSnapshot()), { about: "correction" })
    send({ type: "question.goto", linkId: "one" }, answer("one", { via: "touch" }))
    send({ type: "answer.stored", linkId: "one" }, { type: "stop.request" })
    assert.deepInclude(outputs.at(-1), { type: "interview.ended", status: "amended" })
  })

  it("keeps an answer that was to be corrected and is passed over", () => {
    const { send, heard, actor } = run(plan, finished(plan))
    send({ type: "question.goto", linkId: "one" }, { type: "question.skip" })
    assert.notIncludeMembers(heard(), ["interview.ended"])
    assert.deepEqual(expectationOf(actor.getSnapshot()), { about: "correction" })
  })
})

describe("a replay", () => {
  it("of the same events gives the same outputs", () => {
    const events = fc.array(fc.nat({ max: 33 }), { maxLength: 60 })
    fc.assert(
      fc.property(events, (choices) => {
        const log: Array<InterviewEvent> = []
        const live = run()
        for (const choice of choices) {
          const event = eventsAt(live.actor.getSnapshot())[choice]
          if (event === undefined) continue
          log.push(event)
          live.send(event)
        }
        const replayed = run()
        replayed.send(...log)
        assert.deepEqual(replayed.outputs, live.outputs)
        assert.deepEqual(replayed.actor.getSnapshot().value, live.actor.getSnapshot().value)
      })
    )
  })
})

describe("an interview that goes on later", () => {
  /** What is kept of these outputs when each write succeeds. */
  const recordOf = (outputs: ReadonlyArray<InterviewOutput>): InterviewRecord => {
    const kept = outputs.flatMap((output) => keptOf(plan, output, 0) ?? [])
    const place = kept.findLast((write) => write.place !== undefined)?.place ?? undefined
    return { entries: kept.flatMap(({ entry }) => entry ?? []), ...(place === undefined ? {} : { place }) }
  }

  /** Writes are answered at once, as the session does. */
  const settle = ({ send, last }: ReturnType<typeof run>) => {
    const output = last()
    if (output?.type === "consent.recording") send({ type: "consent.stored" })
    if (output?.type === "answer.recording") send({ type: "answer.stored", linkId: output.record.linkId })
    if (output?.type === "withdrawal.recording") send({ type: "withdrawal.stored" })
  }

  it("stands at the same question, with the same answers, wherever it was left", () => {
    const events = fc.array(fc.nat({ max: 21 }), { maxLength: 60 })
    fc.assert(
      fc.property(events, (choices) => {
        const live = run()
        for (const choice of choices) {
          const event = eventsAt(live.actor.getSnapshot()).filter(({ type }) => !/store/.test(type))[choice]
          if (event !== undefined) live.send(event)
          settle(live)
        }
        const before = live.actor.getSnapshot()
        if (before.status === "done") return
        const after = run(plan, recordOf(live.outputs))
        const { context } = after.actor.getSnapshot()
        assert.deepEqual(context.kept, before.context.kept)
        assert.equal(context.consented, before.context.consented)
        const expected = expectationOf(before)
        // Whether to stop, or to delete, is not asked of somebody who came back.
        if (expected.about === "stop" || expected.about === "withdrawal") return
        // The last words before a pause: a read-back that they left open is begun again.
        if (before.matches("parting")) return
        assert.deepEqual(expectationOf(after.actor.getSnapshot()), expected)
      }),
      { numRuns: 300 }
    )
  })

  it("is asked about an answer that was given over the last words before a pause, there and when it goes on", () => {
    const live = run()
    live.begin()
    live.send({ type: "pause.request" }, { type: "pause.request" }, answer("one", { sure: false }))
    const confirming = live.last()
    assert.isTrue(confirming?.type === "answer.confirming" && confirming.again !== true)
    const { actor } = run(plan, recordOf(live.outputs))
    assert.deepEqual(expectationOf(actor.getSnapshot()), { about: "confirmation", linkId: "one" })
  })

  it("does not read back again what was denied, though it had been asked about twice", () => {
    const live = run()
    live.begin()
    live.send(answer("one", { sure: false }), { type: "answer.unmatched", reason: "no_match" })
    live.send({ type: "confirmation.denied" })
    const { actor } = run(plan, recordOf(live.outputs))
    assert.deepEqual(expectationOf(actor.getSnapshot()), { about: "answer", linkId: "one" })
  })

  it("is spoken again but not sent again, with a welcome", () => {
    const { outputs } = run(plan, {
      entries: [{ type: "consent", via: "touch", version: "1", language: "ar", atMs: 0 }],
      place: { linkId: "two" }
    })
    assert.lengthOf(outputs, 1)
    const asked = { type: "question.asked", linkId: "two", attempt: 1, preface: "welcome_back", again: true } as const
    assert.deepInclude(outputs[0], asked)
  })

  it("asks the next question as a new one when it was left between two", () => {
    const { outputs } = run(plan, {
      entries: [{ type: "consent", via: "touch", version: "1", language: "ar", atMs: 0 }]
    })
    assert.lengthOf(outputs, 1)
    assert.deepInclude(outputs[0], { type: "question.asked", linkId: "one", attempt: 1, preface: "welcome_back" })
  })

  it("asks for the consent again when there was none", () => {
    const { outputs } = run(plan, { entries: [] })
    assert.deepEqual(outputs, [{ type: "consent.asked", attempt: 1, preface: "welcome_back" }])
  })
})

describe("the shipped PHQ-9", () => {
  it("asks its nine items and the difficulty item in order, and always confirms the ninth", () => {
    const { begin, send, outputs, actor } = run(phq9Plan)
    begin()
    for (let guard = 0; guard < 50 && !outputs.some(({ type }) => type === "interview.ended"); guard++) {
      const last = outputs.at(-1)
      const { linkId } = actor.getSnapshot().context
      if (last?.type === "answer.recording") send({ type: "answer.stored", linkId })
      else if (last?.type === "answer.confirming") send({ type: "confirmation.given" })
      else send(answer(linkId))
    }
    const asked = outputs.flatMap((output) => (output.type === "question.asked" ? [output.linkId] : []))
    assert.deepEqual(
      asked,
      phq9Plan.questions.map(({ linkId }) => linkId)
    )
    const confirmed = outputs.flatMap((output) => (output.type === "answer.confirming" ? [output.linkId] : []))
    assert.deepEqual(confirmed, ["44260-8"])
    assert.deepInclude(
      outputs.find(({ type }) => type === "interview.ended"),
      { status: "completed" }
    )
  })
})
