/** When a turn ends, over the real service: by what is asked, and by what has been answered already. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { joined } from "#src/audio/pcm.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { trimmed } from "../../bench/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { type Caller, interviewed, noPrompts, silence } from "./caller.ts"
import { safetyItem } from "./questionnaire-file.ts"

let server: ServerProcess
beforeAll(async () => (server = await startServer(noPrompts)))
afterAll(() => server.stop())

const word = (english: string) => trimmed(readSamples(clipOf(english).file), 60)
/** Enough for a turn that ends early, and for no other. */
const shortly = silence(330)

const consented = async (): Promise<Caller> => {
  const caller = await interviewed(server)
  await caller.ask({ type: "consent.give", version: "1" })
  return caller
}
const at = async (linkId: string): Promise<Caller> => {
  const caller = await consented()
  await caller.ask({ type: "question.goto", link_id: linkId })
  return caller
}

describe("a turn, over the whole service", () => {
  it("ends after a whole answer with less silence than anything else needs", async () => {
    const caller = await consented()
    await caller.play(joined(silence(200), word("two"), shortly))
    await caller.count("answer.recorded", 1)
    assert.include(caller.of("answer.recorded")[0], { value: "LA6570-1", via: "voice" })
    await caller.end()
  })

  it("is not ended early at the safety question, nor while its answer is read back", async () => {
    const caller = await at(safetyItem)
    await caller.play(joined(silence(200), word("one"), shortly, word("one"), silence(1_000)))
    await caller.count("transcript.final", 1)
    assert.deepStrictEqual(caller.finals, [`${clipOf("one").text} ${clipOf("one").text}`])
    await caller.until(({ type }) => type === "answer.confirm")
    await caller.play(joined(silence(200), word("yes"), shortly, word("yes"), silence(1_000)))
    await caller.count("answer.recorded", 1)
    await caller.end()
    assert.strictEqual(caller.finals[1], `${clipOf("yes").text} ${clipOf("yes").text}`)
  })

  it("waits after a no for the answer that was meant", async () => {
    const caller = await consented()
    const question = caller.of("question.asked")[0]
    // A word beside an unknown one is read back.
    await caller.play(joined(silence(200), word("receive"), silence(100), word("three"), silence(900)))
    await caller.until(({ type }) => type === "answer.confirm")
    await caller.play(joined(silence(200), word("no"), silence(200), word("two"), shortly))
    await caller.until((message) => message.type === "answer.recorded" && message.link_id === question?.link_id)
    await caller.end()
    assert.strictEqual(caller.finals.at(-1), `${clipOf("no").text} ${clipOf("two").text}`)
  })
})
