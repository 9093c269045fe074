import { assert, describe, it } from "vitest"
import type { Expectation } from "#machines/interview.ts"
import { believed, echoMsMax, withoutEcho } from "#src/session/echoed.ts"
import { understood } from "#src/session/heard.ts"
import { today } from "#test/questionnaire/phrases/asks.ts"
import { phq9Plan } from "#test/support/phq9.ts"

const linkId = phq9Plan.questions[0]?.linkId ?? ""
const confirmation: Expectation = { about: "confirmation", linkId }

/** What an utterance comes to of which only `rest` was not just played. */
const event = (expected: Expectation, said: string, rest: string) =>
  believed(
    expected,
    said,
    () => rest,
    (text) => understood(phq9Plan, expected, { text, unknownWords: 0, confidence: 1, degraded: false }, today)
  )
const again = { type: "answer.unmatched", reason: "no_match" } as const

describe("a word that the prompt has just said", () => {
  it("confirms nothing, stops nothing and consents to nothing: the person is asked again", () => {
    for (const expected of [confirmation, { about: "stop" }, { about: "consent" }] as const) {
      assert.notDeepEqual(event(expected, "نعم", "نعم"), again, expected.about)
      assert.deepEqual(event(expected, "نعم", ""), again, expected.about)
    }
    assert.deepEqual(event({ about: "consent" }, "لا", ""), again)
    assert.deepEqual(event(confirmation, "عدة أيام", ""), again)
  })

  it("takes nothing from a person who says more than it", () => {
    assert.deepEqual(event(confirmation, "نعم صحيح", "صحيح"), { type: "confirmation.given" })
  })

  it("is believed where it denies: that records nothing, and asks anew", () => {
    assert.deepEqual(event(confirmation, "لا", ""), { type: "confirmation.denied" })
    assert.deepEqual(event({ about: "stop" }, "لا", ""), { type: "confirmation.denied" })
  })

  it("is an answer to a question: whoever hears the choice repeats it", () => {
    assert.deepInclude(event({ about: "answer", linkId }, "عدة أيام", ""), { type: "answer.given" })
  })
})

describe("an utterance without its echo", () => {
  const word = (text: string, startMs: number, endMs: number) => ({ word: text, startMs, endMs, confidence: 1 })
  const transcript = { words: [word("نَعَم", 100, 400), word("صحيح", 500, 900)] } as never
  const rest = (played: (fromMs: number, toMs: number) => ReadonlyArray<string>) =>
    withoutEcho(transcript, 5_000, (fromMs, toMs) => new Set(played(fromMs, toMs)))

  it("is what no prompt said from 600 ms before a word up to its end", () => {
    const asked: Array<ReadonlyArray<number>> = []
    assert.equal(
      rest((fromMs, toMs) => {
        asked.push([fromMs, toMs])
        return ["نعم"]
      }),
      "صحيح"
    )
    assert.deepEqual(asked, [
      [5_100 - echoMsMax, 5_400],
      [5_500 - echoMsMax, 5_900]
    ])
    assert.equal(echoMsMax, 600)
    assert.equal(
      rest(() => []),
      "نَعَم صحيح"
    )
  })
})
