/** A database that cannot be used for a while: nobody begins what could not be kept, what was said waits, all else goes on. */
import { randomBytes } from "node:crypto"
import { mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ServerMessage } from "#schemas/wire.ts"
import { prompt } from "#src/tts/prompts.ts"
import { Caller } from "#test/e2e/caller.ts"
import { spawnServer } from "#test/support/server.ts"
import { serve, startModels } from "./in-process.ts"
import { Patient } from "./patient.ts"
import { begin, finish, perform } from "./script.ts"
import { newFolder, Service } from "./service.ts"

const cannotStore = prompt("cannot_store", "ar").text
const waits = (message: ServerMessage) => message.type === "audio.begin" && message.text === cannotStore

const newKey = () => randomBytes(32).toString("hex")
const fileIn = (folder: string) => join(folder, "sawt.db")
const healthcare = async (service: Service, subject: string) =>
  Caller.open(service.url, { path: "/ws/secure/healthcare", token: await service.token(subject) })

/** What `session.start` is answered with. */
const startOf = async (caller: Caller, ref: string): Promise<ServerMessage> => {
  caller.send({ type: "session.start", questionnaire: "phq-9", ref })
  return caller.until((message) => message.ref === ref)
}
const assertRefused = (answer: ServerMessage) =>
  assert.deepInclude(answer, { type: "error", code: "storage_unavailable", retryable: true })

/** The client tries again until the store is back; how often shows nothing. */
const startedAtLast = async (caller: Caller): Promise<ServerMessage> => {
  for (let attempt = 1; ; attempt++) {
    const answer = await startOf(caller, `again-${attempt}`)
    if (answer.type !== "error") return answer
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const goesOn = async (service: Service): Promise<void> => {
  const caller = await Caller.started(service.url)
  assert.strictEqual((await caller.ask({ type: "text.input", text: "نعم" })).type, "transcript.final")
  await caller.end()
}

/** The answer to the question that stands; what answers it first. */
const touch = (patient: Patient): Promise<ServerMessage> => {
  const { question } = patient.ledger
  const code = question?.options[1]?.code ?? ""
  return patient.ask({ type: "answer.select", link_id: question?.link_id ?? "", code })
}
const recorded = (patient: Patient, linkId: string) => patient.knows(({ answers }) => answers.has(linkId))

const assertWhole = ({ ledger }: Patient) => {
  const { faults, lost, doubled, completed } = ledger
  assert.deepStrictEqual({ faults, lost, doubled }, { faults: [], lost: 0, doubled: 0 })
  assert.strictEqual(completed?.status, "completed")
}

describe("a service whose database", () => {
  let service: Service
  beforeAll(async () => {
    service = await Service.started({ env: { STORAGE_KEY: newKey() }, prepare: (folder) => mkdirSync(fileIn(folder)) })
  })
  afterAll(() => service.close())

  it("cannot be opened begins no interview, and does once it can", async () => {
    const caller = await healthcare(service, "patient-1")
    assertRefused(await startOf(caller, "first"))
    await goesOn(service)
    rmdirSync(fileIn(service.folder))
    assert.strictEqual((await startedAtLast(caller)).type, "session.ready")
    await caller.end()
  })

  it("is locked by another process says so, and records the answer once when it is free", async () => {
    const patient = new Patient(service.dial("patient-2"))
    await begin(patient)
    await perform(patient, { type: "answer", by: "touch", choice: 0 })
    const asked = patient.ledger.question?.link_id ?? ""

    const other = new DatabaseSync(fileIn(service.folder))
    other.exec("BEGIN IMMEDIATE")
    assert.isTrue(waits(await touch(patient)))
    assert.isFalse(patient.ledger.answers.has(asked))
    const refused = await healthcare(service, "patient-3")
    assertRefused(await startOf(refused, "locked"))
    await goesOn(service)
    other.exec("ROLLBACK")
    other.close()

    await recorded(patient, asked)
    await finish(patient)
    assertWhole(patient)
    refused.terminate()
  })

  it("was removed opens another one, in which interviews begin", async () => {
    for (const name of readdirSync(service.folder).filter((file) => file.startsWith("sawt.db"))) {
      rmSync(join(service.folder, name))
    }
    await service.printed("it is opened anew")
    const patient = new Patient(service.dial("patient-4"))
    await begin(patient)
    await finish(patient)
    assertWhole(patient)
    await goesOn(service)
  })

  it("was sealed with another key does not start, and says which, in one line", async () => {
    await service.kill()
    const started = spawnServer({
      PORT: "0",
      DATA_DIR: service.folder,
      TTS_HOME: "/dev/null/none",
      STORAGE_KEY: newKey()
    })
    assert.strictEqual(await started.exitCode, 1)
    const lines = started.output().trim().split("\n")
    assert.lengthOf(lines, 1, started.output())
    assert.match(lines[0] ?? "", /^STORAGE_KEY .* is not the key .* set the right one\.$/)
  })
})

describe("a disk that is full", () => {
  it("keeps an answer waiting, and has it once there is room", async () => {
    const models = await startModels()
    const folder = newFolder()
    const pagesMax = 80
    const served = await serve(models, folder, { pagesMax })
    const patient = new Patient(async (events) => (await served.dial(events)).line)
    await begin(patient)

    const other = new DatabaseSync(fileIn(folder))
    other.exec(`CREATE TABLE filler (bytes BLOB); INSERT INTO filler VALUES (zeroblob(${pagesMax * 4_096}))`)
    let answer: ServerMessage
    let asked: string
    do {
      asked = patient.ledger.question?.link_id ?? ""
      answer = await touch(patient)
      if (answer.type === "answer.recorded") await patient.knows(({ question }) => question !== undefined)
    } while (answer.type === "answer.recorded")
    assert.isTrue(waits(answer), JSON.stringify(answer))
    other.exec("DELETE FROM filler")
    other.close()

    await recorded(patient, asked)
    await finish(patient)
    assertWhole(patient)
    await served.close()
    await models.close()
    rmSync(folder, { recursive: true, force: true })
  })
})
