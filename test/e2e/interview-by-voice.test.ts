import { Schema } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { QuestionnaireResponse } from "#schemas/fhir.ts"
import { converse, type Conversation } from "../../scripts/demo/conversation.ts"
import { Patient } from "../../scripts/demo/patient.ts"
import { loadRecordings } from "../../scripts/demo/recordings.ts"
import { auditText } from "#test/support/audit-log.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { interviewed, tokenOf } from "./caller.ts"
import { orderFaults, unconfirmed } from "./order.ts"
import { scoreOf, choiceItems, linkIds, safetyItem, totalOf } from "./questionnaire-file.ts"

interface Interview extends Conversation {
  readonly patient: Patient
}

const tokenSecret = "kR7vT2nW9xB4mQ6pL1zD8sF3gH5jC0yA"
const tokens: Array<string> = []
/** The log before the first interview: what the server says about its models and its questionnaires. */
let logged = 0
let server: ServerProcess
let interviews: ReadonlyArray<Interview>

const interview = async (seed: number): Promise<Interview> => {
  const token = await tokenOf(server, "voice healthcare clinician", `patient-${seed}`)
  tokens.push(token)
  const patient = new Patient(seed, 10, 8_000)
  const conversation = await converse({
    server: server.url,
    token,
    questionnaire: "phq-9",
    realTime: false,
    patient,
    recordings: loadRecordings(),
    tell: () => {}
  })
  return { ...conversation, patient }
}

beforeAll(async () => {
  server = await startServer({ LOG_LEVEL: "DEBUG", VOICE_SERVICE_TOKEN: tokenSecret })
  await (await interviewed(server)).end()
  // Told once, by the first session or after it: the words that the model lacks are no words that were said.
  await server.logged("phq-9: the model")
  logged = server.log().length
  interviews = await Promise.all([1, 2, 3].map(interview))
})
afterAll(() => server.stop())

describe("PHQ-9 by voice, held by three patients at the same time", () => {
  it("completes with the answers that were meant, whatever was misheard, corrected or not said at first", () => {
    for (const { completed, patient } of interviews) {
      assert.strictEqual(completed.status, "completed")
      assert.includeMembers(patient.mistakes, ["wrong word", "silence", "correction"])
      assert.deepStrictEqual([...patient.meant.keys()].toSorted(), linkIds.toSorted())
      assert.deepStrictEqual([...patient.recorded].toSorted(), [...patient.meant].toSorted())
      assert.deepStrictEqual(
        completed.summary.map(({ link_id }) => link_id),
        linkIds
      )
    }
  })

  it("adds up the points of what was meant, as the questionnaire's file has them", () => {
    for (const { completed, patient } of interviews) {
      const total = totalOf(patient.meant)
      assert.deepStrictEqual(completed.scores, [scoreOf(total)])
    }
    assert.isAbove(new Set(interviews.map(({ patient }) => totalOf(patient.meant))).size, 1)
  })

  it("gives a FHIR QuestionnaireResponse of its schema that holds those answers", () => {
    for (const { completed, patient } of interviews) {
      const response = Schema.decodeUnknownSync(QuestionnaireResponse, { onExcessProperty: "error" })(
        completed.response
      )
      assert.strictEqual(response.status, "completed")
      assert.match(response.questionnaire, /^urn:sawt:Questionnaire:phq-9\|\d/)
      const [stem, ...rest] = response.item ?? []
      const codes = [...(stem?.item ?? []), ...rest].flatMap(({ linkId, answer }) =>
        (answer ?? []).flatMap(({ valueCoding }) => (valueCoding === undefined ? [] : [[linkId, valueCoding.code]]))
      )
      assert.deepStrictEqual(
        codes,
        linkIds.map((linkId) => [linkId, patient.meant.get(linkId)])
      )
    }
  })

  it("sends its messages in the order of the protocol, the durable ones numbered without gaps", () => {
    for (const { messages } of interviews) assert.deepStrictEqual(orderFaults(messages), [])
  })

  it("asks for consent before anything else", () => {
    for (const { messages } of interviews) {
      const types = messages.map(({ type }) => type)
      const consent = types.indexOf("consent.requested")
      assert.isAbove(consent, 0)
      assert.isAbove(types.indexOf("question.asked"), consent)
      assert.isAbove(types.indexOf("answer.recorded"), types.indexOf("question.asked"))
    }
  })

  it("reads the safety item back before it is recorded", () => {
    for (const { messages } of interviews) {
      const recorded = messages.filter((message) => message.type === "answer.recorded")
      assert.isNotEmpty(recorded.filter(({ link_id, via }) => link_id === safetyItem && via === "voice"))
      assert.deepStrictEqual(unconfirmed(messages, safetyItem), [])
    }
  })
})

describe("the log of these interviews, at DEBUG, and the audit log", () => {
  it("hold no word that was said, no answer, no token and no secret", () => {
    const audit = auditText(server.dataDir)
    const log = server.log() + audit
    const since = server.log().slice(logged) + audit
    assert.include(log, "phq-9: the model", "the log is there")
    assert.include(audit, "consent.given", "the audit log is there")
    const said = interviews.flatMap(({ messages }) =>
      messages.flatMap((message) => (message.type === "transcript.final" ? message.text.split(" ") : []))
    )
    const displays = choiceItems.flatMap(({ answerOption }) =>
      (answerOption ?? []).flatMap(({ valueCoding }) => [valueCoding.display, valueCoding.code])
    )
    const words = new Set(since.split(/[^\p{L}\p{N}]+/u))
    for (const word of new Set(said)) if (word !== "") assert.isFalse(words.has(word), `the log holds ${word}`)
    for (const display of displays) assert.notInclude(since, display)
    for (const secret of [...tokens, tokenSecret, server.secret, "patient-"]) assert.notInclude(log, secret)
  })
})
