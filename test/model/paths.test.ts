/** Every shipped questionnaire, walked along every transition of its machine (R7.4). Counts are printed. */
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { getShortestPaths, toDirectedGraph } from "xstate/graph"
import { createActor, SimulatedClock } from "xstate"
import { interviewMachine, type InterviewSnapshot } from "#machines/questionnaire.ts"
import type { InterviewEvent } from "#machines/interview.ts"
import { load } from "#src/questionnaire/load.ts"
import { finishing, walk } from "#test/support/walk.ts"

const print = (line: string): boolean => process.stdout.write(`${line}\n`)

const folder = new URL("../../questionnaires/", import.meta.url)
const shipped = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .toSorted()
  .map((name) => Effect.runSync(load(name, readFileSync(new URL(name, folder), "utf8"))))

/**
 * States that are passed through and never stood in, and those that only an earlier connection or a constraint leads to.
 * Here answers are spoken, so the answers are read back when it is completed.
 */
const passedThrough = /\.(starting|routing|going|entering|taking|refusing|resting|beginning|completed)$/
/**
 * Their guards never hold here: no shipped questionnaire has a constraint, nobody stands at the end, whoever stops while
 * correcting has changed nothing yet, and not each branch is walked once more to be corrected.
 */
const unreachable =
  /^interview\.completed |^interview\.stopping on \S+ -> interview\.amended$| if keepsAnswer -> | -> interview\.q\d+\.refusing$|^interview\.resting |^interview\.q\d+ on initial\.kept/

for (const { plan } of shipped) {
  describe(`every path of ${plan.id}`, () => {
    const walked = walk(plan)
    const { machine, seen, reached, leaves, taken, transitions } = walked

    it("reaches every state", () => {
      const missed = leaves.filter((leaf) => !reached.has(leaf) && !passedThrough.test(leaf))
      print(
        `${plan.id}: ${plan.questions.length} questions, ${leaves.length} states, ${reached.size} stood in, ` +
          `${seen.size} moments, ${transitions.length} transitions, ${taken.size} taken, ` +
          `${toDirectedGraph(machine).children.length} top-level states`
      )
      assert.deepEqual(missed, [])
    })

    it("takes every transition that an event or a timer can take", () => {
      const missed = transitions.filter((name) => !taken.has(name) && !unreachable.test(name))
      assert.deepEqual(missed, [])
    })

    it("leads to an end from everywhere", () => {
      const ending = finishing(walked)
      assert.deepEqual(
        [...seen.keys()].filter((key) => !ending.has(key)),
        []
      )
    })

    it("asks every question", () => {
      const asked = new Set([...seen.values()].map(({ context }) => context.linkId))
      for (const { linkId } of plan.questions) assert.isTrue(asked.has(linkId), linkId)
    })
  })
}

describe("the shortest paths of PHQ-9", () => {
  const phq9 = shipped.find(({ plan }) => plan.id === "phq-9")
  if (phq9 === undefined) throw new Error("PHQ-9 is not shipped")
  const machine = interviewMachine(phq9.plan, phq9.evaluate)

  it("each replay in a live actor to the state that they promise", () => {
    const answers = (snapshot: InterviewSnapshot): ReadonlyArray<InterviewEvent> => {
      const { linkId } = snapshot.context
      const [option] = phq9.plan.questions.find((question) => question.linkId === linkId)?.options ?? []
      return option === undefined
        ? []
        : [
            {
              type: "answer.given",
              linkId,
              answer: { value: option.code, display: option.display },
              via: "voice",
              sure: true
            },
            { type: "answer.stored", linkId }
          ]
    }
    const paths = getShortestPaths(machine, {
      input: {},
      events: (snapshot): ReadonlyArray<InterviewEvent> => [
        { type: "consent.given", via: "touch" },
        { type: "consent.stored" },
        { type: "confirmation.given" },
        ...answers(snapshot)
      ],
      serializeState: ({ value, context }) => JSON.stringify([value, context.linkId, Object.keys(context.kept.answers)])
    })
    assert.isAtLeast(paths.length, 24)
    assert.isTrue(paths.some(({ state }) => state.matches("reviewing" as never)))
    for (const { state, steps } of paths) {
      const actor = createActor(machine, { input: {}, clock: new SimulatedClock() }).start()
      for (const { event } of steps) if (!event.type.startsWith("xstate.")) actor.send(event)
      assert.deepEqual(actor.getSnapshot().value, state.value)
    }
    print(
      `phq-9: ${paths.length} shortest paths, the longest of ${Math.max(...paths.map(({ weight }) => weight))} events`
    )
  })
})
