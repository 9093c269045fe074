/** What the audit log holds of an interview: that it was agreed to and how it ended, never what was answered. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { AuditLine } from "#schemas/audit.ts"
import { auditLines, auditText } from "#test/support/audit-log.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { type Caller, interviewed, noPrompts } from "./caller.ts"
import { linkIds } from "./questionnaire-file.ts"

let server: ServerProcess
beforeAll(async () => (server = await startServer(noPrompts)))
afterAll(() => server.stop())

const sessionOf = (caller: Caller): string => caller.of("session.ready")[0]?.session_id ?? ""
const linesOf = async (caller: Caller, count: number): Promise<ReadonlyArray<AuditLine>> => {
  for (;;) {
    const lines = auditLines(server.dataDir).filter(
      (line) => "session_id" in line && line.session_id === sessionOf(caller)
    )
    if (lines.length >= count) return lines
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe("the audit log of an interview", () => {
  it("tells the consent and the completion, with the questionnaire's version and the hash of the subject", async () => {
    const caller = await interviewed(server)
    await caller.ask({ type: "consent.give", version: "1" })
    for (const link_id of linkIds) {
      const asked = await caller.until((message) => message.type === "question.asked" && message.link_id === link_id)
      const code = asked.type === "question.asked" ? (asked.options[1]?.code ?? "") : ""
      await caller.ask({ type: "answer.select", link_id, code })
    }
    await caller.until(({ type }) => type === "questionnaire.completed")
    await caller.end()
    const [consent, ended] = await linesOf(caller, 2)
    const questionnaire_version = caller.of("session.ready")[0]?.questionnaire?.version ?? ""
    const facts = { questionnaire: "phq-9", questionnaire_version }
    assert.deepInclude(consent, {
      event: "consent.given",
      via: "touch",
      consent_version: "1",
      language: "ar",
      ...facts
    })
    assert.deepInclude(ended, { event: "questionnaire.ended", status: "completed", ...facts })
    assert.match(
      consent !== undefined && "subject_hash" in consent ? (consent.subject_hash ?? "") : "",
      /^[0-9a-f]{16}$/
    )
    const text = auditText(server.dataDir)
    const answers = caller.of("answer.recorded").flatMap(({ value, display }) => [String(value), display])
    for (const secret of [...answers, "patient-7", ...linkIds]) assert.notInclude(text, secret)
  })

  it("tells that one was stopped, and that consent was declined", async () => {
    const stopped = await interviewed(server)
    await stopped.ask({ type: "consent.give", version: "1" })
    await stopped.ask({ type: "text.input", text: "توقف" })
    await stopped.ask({ type: "dtmf", digits: "1" })
    await stopped.end()
    assert.deepInclude((await linesOf(stopped, 2))[1], { event: "questionnaire.ended", status: "stopped" })

    const declined = await interviewed(server)
    await declined.ask({ type: "consent.decline", version: "1" })
    await declined.end()
    const lines = await linesOf(declined, 1)
    assert.strictEqual(lines.length, 1)
    assert.deepInclude(lines[0], { event: "questionnaire.ended", status: "declined" })
  })
})
