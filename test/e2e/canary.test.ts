/**
 * Nothing that is said, typed or answered, no name, token or secret is found in what the service writes and tells (R3.8):
 * a whole spoken questionnaire and two more sessions are held at the most talkative level, and everything is searched. The
 * same is held once more with `LOG_CONTENT=on`, where the search finds what people said, and still no credential.
 */
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, beforeAll, describe, it } from "vitest"
import { decode } from "#src/tts/speech-file.ts"
import { converse } from "../../scripts/demo/conversation.ts"
import { Patient } from "../../scripts/demo/patient.ts"
import { loadRecordings } from "../../scripts/demo/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, noPrompts, spoken, tokenOf } from "./caller.ts"
import { type Canaries, compressions, encodings, filesBelow, findCanaries } from "./canaries.ts"

/** An Arabic word that nobody has written before. */
const unheardOf = (): string => [...randomBytes(12)].map((byte) => String.fromCodePoint(0x0628 + (byte % 18))).join("")
const random = (label: string): string => `${label}${randomBytes(15).toString("hex")}`
const bare = (text: string): string => text.normalize("NFC").replace(/[^\u0621-\u063A\u0641-\u064A ]/gu, "")

type Found = ReadonlyMap<string, Buffer>
interface Evidence {
  /** Must be nowhere, ever. */
  readonly credentials: Canaries
  /** What people said and typed, and who they were. */
  readonly content: Canaries
  /** By what was chosen; the same words stand in the questionnaire, which the database keeps. */
  readonly answers: Canaries
  readonly log: Found
  /** From the first answer on. */
  readonly logOfAnswers: Found
  /** Every file of `DATA_DIR` and every answer of the admin API, while sessions live and after they have gone. */
  readonly kept: Found
  /** Sentences whose sound is on disk, without vowel marks. */
  readonly rendered: ReadonlyArray<string>
}

/** All but the questionnaires themselves, which name every answer that there could be. */
const rowsOf = (path: string): Buffer => {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    const rows = tables
      .filter(({ name }) => name !== "questionnaires")
      .flatMap(({ name }) => database.prepare(`SELECT * FROM "${String(name)}"`).all())
    assert.isAbove(rows.length, 10)
    const cells = rows.flatMap((row) => Object.values(row))
    return Buffer.concat(cells.map((cell) => (cell instanceof Uint8Array ? cell : Buffer.from(`\n${String(cell)}\n`))))
  } finally {
    database.close()
  }
}

const held = async (
  server: ServerProcess,
  credentials: Canaries,
  onAnswersBegin: () => void
): Promise<Omit<Evidence, "log" | "logOfAnswers">> => {
  const kept = new Map<string, Buffer>()
  const collect = async (when: string) => {
    for (const [path, bytes] of filesBelow(server.dataDir)) {
      // Rendered speech never changes once it is there.
      kept.set(path.startsWith("tts_cache") ? path : `${path}, ${when}`, bytes)
    }
    for (const path of ["/health", "/admin/health", "/admin/sessions", "/metrics"]) {
      const answer = await fetch(server.url + path, { headers: { authorization: `Bearer ${server.secret}` } })
      assert.strictEqual(answer.status, 200)
      kept.set(`${path}, ${when}`, Buffer.from(await answer.arrayBuffer()))
    }
  }
  const [patientName, callerName] = [`Patient/${random("")}`, `مريم ${unheardOf()}`]
  const [typed, said, answered] = [unheardOf(), unheardOf(), unheardOf()]
  const patientToken = await tokenOf(server, "voice healthcare clinician", patientName)
  const callerToken = await tokenOf(server, "voice", callerName)

  const caller = await Caller.open(server.url, { path: "/ws/secure", token: callerToken })
  await caller.start()
  const freshToken = await tokenOf(server, "voice", callerName)
  await caller.ask({ type: "session.refresh", token: freshToken })
  await caller.ask({ type: "text.input", text: typed })
  await caller.ask({ type: "speech.say", text: said })
  await caller.client.next("audio.end")
  await caller.play(spoken("left"))
  await caller.count("transcript.final", 2)

  const typist = await Caller.open(server.url, { path: "/ws/secure/healthcare", token: patientToken })
  await typist.start({ questionnaire: "phq-9" })
  // Told once: words of the questionnaire that the model lacks. Nobody has answered yet.
  await server.logged("phq-9: the model")
  onAnswersBegin()
  await typist.ask({ type: "consent.give", version: "1" })
  await typist.client.next("question.asked")
  await typist.ask({ type: "text.input", text: answered })

  const during: Array<Promise<void>> = []
  const interview = await converse({
    server: server.url,
    token: patientToken,
    questionnaire: "phq-9",
    realTime: false,
    patient: new Patient(1, 10, 8_000),
    recordings: loadRecordings(),
    tell: ({ who }) => {
      if (who === "recorded" && during.length === 0) during.push(collect("during the interview"))
    }
  })
  await Promise.all(during)
  await collect("after the interview")
  await Promise.all([caller.end(), typist.end()])
  server.process.kill("SIGTERM")
  await once(server.process, "close")
  for (const [path, bytes] of filesBelow(server.dataDir)) kept.set(`${path}, after the end`, bytes)
  kept.set("the rows of the database", rowsOf(join(server.dataDir, "sawt.db")))

  const answers = interview.messages.flatMap((message) => (message.type === "answer.recorded" ? [message] : []))
  assert.isAbove(answers.length, 9)
  assert.isTrue(interview.messages.some(({ type }) => type === "answer.confirm"))
  return {
    credentials: {
      ...credentials,
      ...Object.fromEntries(
        Object.entries({ patient: patientToken, caller: callerToken, "refreshed caller": freshToken }).flatMap(
          ([whose, token]) => {
            const [, payload = "", signature = ""] = token.split(".")
            return Object.entries({ [`token of the ${whose}`]: payload, [`its signature (${whose})`]: signature })
          }
        )
      )
    },
    content: {
      "name of the patient": patientName,
      "name of the caller": callerName,
      "typed text": typed,
      "text to be spoken": said,
      "typed answer": answered,
      "heard word": caller.finals[1] ?? ""
    },
    answers: Object.fromEntries(answers.map(({ link_id, display }) => [`answer to ${link_id}`, display])),
    kept,
    rendered: [...kept].flatMap(([path, bytes]) => {
      const speech = path.startsWith("tts_cache") ? decode(bytes) : undefined
      return speech === undefined ? [] : [bare(speech.words.map(({ word }) => word).join(" "))]
    })
  }
}

const evidenceOf = async (env: Readonly<Record<string, string>>): Promise<Evidence> => {
  const folder = mkdtempSync(join(tmpdir(), "sawt-canary-"))
  const credentials = {
    VOICE_SERVICE_SECRET: random("admin"),
    VOICE_SERVICE_TOKEN: random("signing"),
    VOICE_SERVICE_TOKEN_PREVIOUS: random("former"),
    STORAGE_KEY: randomBytes(32).toString("hex")
  }
  const server = await startServer({ ...credentials, ...env, DATA_DIR: folder })
  const log = [Buffer.from(server.log())]
  for (const stream of [server.process.stdout, server.process.stderr]) stream?.on("data", (bytes) => log.push(bytes))
  try {
    let before = 0
    const evidence = await held(server, credentials, () => (before = log.length))
    const named = (bytes: ReadonlyArray<Buffer>) => new Map([["the log", Buffer.concat(bytes)]])
    return { ...evidence, log: named(log), logOfAnswers: named(log.slice(before)) }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}

const search = (where: Found, canaries: Canaries): ReadonlyArray<string> =>
  [...where].flatMap(([name, bytes]) => findCanaries(bytes, canaries).map((found) => `${name} holds ${found}`))
/** Where the questionnaire is not. */
const withoutDefinitions = (kept: Found): Found => new Map([...kept].filter(([name]) => !name.startsWith("sawt.db")))

let quiet: Evidence
let told: Evidence
beforeAll(async () => {
  const loud = { LOG_LEVEL: "DEBUG", LOG_CONTENT: "on", ...noPrompts }
  ;[quiet, told] = await Promise.all([evidenceOf({ LOG_LEVEL: "TRACE" }), evidenceOf(loud)])
}, 180_000)

describe(
  "a whole spoken questionnaire, and what two more sessions typed, spoke and heard",
  { timeout: 120_000 },
  () => {
    it("leaves no word, answer, name, token or secret in the log, in a file, or in what operators are told", () => {
      const { content, answers, credentials, log, logOfAnswers, kept } = quiet
      assert.deepStrictEqual(search(log, { ...content, ...credentials }), [])
      assert.deepStrictEqual(search(logOfAnswers, answers), [])
      assert.deepStrictEqual(search(kept, { ...content, ...credentials }), [])
      assert.deepStrictEqual(search(withoutDefinitions(kept), answers), [])
      const keyBytes = Buffer.from(credentials["STORAGE_KEY"] ?? "", "hex")
      for (const [name, bytes] of kept) assert.isFalse(bytes.includes(keyBytes), `${name} holds the storage key`)
    })

    it("was searched for where it would be: log, database, its write-ahead log, audit log, rendered speech", () => {
      assert.include(quiet.log.get("the log")?.toString(), "Request answered")
      const names = [...quiet.kept.keys()]
      for (const part of ["sawt.db,", "sawt.db-wal,", "the rows", "audit/", "tts_cache/", "/admin/sessions, during"]) {
        assert.isNotEmpty(
          names.filter((name) => name.includes(part) && (quiet.kept.get(name)?.length ?? 0) > 0),
          part
        )
      }
      assert.include(quiet.kept.get("/admin/sessions, during the interview")?.toString(), '"phq-9"')
    })

    it("keeps no rendered speech of an answer that was read back, and none of what a client had spoken", () => {
      const { rendered, content } = quiet
      assert.include(rendered, "هذا استبيان صحي بالصوت", "the sentences are there as they are looked for")
      assert.notInclude(rendered, bare(content["text to be spoken"] ?? ""))
      // "Do you mean …?" of an answer; of the wish to stop, now or until later, it holds none.
      const readBacks = rendered.filter((sentence) => /^هل المقصود (?!إنهاء|التوقف الآن)/u.test(sentence))
      assert.deepStrictEqual(readBacks, [])
    })
  }
)

describe("with LOG_CONTENT=on", { timeout: 120_000 }, () => {
  it("the log holds every word, answer and name, so the search would have found them; still no credential", () => {
    const said = { ...told.content, ...told.answers }
    const found = findCanaries(told.log.get("the log") ?? Buffer.alloc(0), said)
    assert.deepStrictEqual(
      Object.keys(said).filter((name) => !found.includes(`${name}: plain`)),
      []
    )
    assert.deepStrictEqual(search(told.log, told.credentials), [])
    assert.include(told.log.get("the log")?.toString(), "LOG_CONTENT is on")
  })

  it("nothing but the log holds them", () => {
    assert.deepStrictEqual(search(told.kept, { ...told.content, ...told.credentials }), [])
    assert.deepStrictEqual(search(withoutDefinitions(told.kept), told.answers), [])
  })
})

describe("the search", () => {
  it("finds every canary in every encoding, wherever it stands in a file", () => {
    const canaries = { ...quiet.content, ...quiet.answers, ...quiet.credentials }
    for (const [encoding, encode] of Object.entries(encodings)) {
      const written = Object.values(canaries).flatMap((text) => [randomBytes(7), encode(text)])
      const found = findCanaries(Buffer.concat(written), canaries)
      for (const name of Object.keys(canaries)) assert.include(found, `${name}: ${encoding}`)
    }
  })

  it("finds what was in longer text before it was encoded in base64", () => {
    const { "typed text": typed = "" } = quiet.content
    for (const before of ["", "a", "ab", "abc"]) {
      for (const encoding of ["base64", "base64url"] as const) {
        const around = Buffer.from(Buffer.from(`${before}${typed}, and more`).toString(encoding))
        assert.isNotEmpty(findCanaries(around, { typed }))
      }
    }
  })

  it("finds them in compressed members in the middle of a file, cut short, and compressed twice", () => {
    const canaries = { ...quiet.content, ...quiet.answers, ...quiet.credentials }
    const text = Buffer.from(Object.values(canaries).join("\n"))
    for (const [name, compress] of Object.entries(compressions)) {
      const member = Buffer.concat([randomBytes(50), compress(text), randomBytes(name === "zstd" ? 0 : 50)])
      const twice = Buffer.concat([randomBytes(5), compress(compress(text))])
      for (const bytes of [member, twice]) {
        const found = findCanaries(bytes, canaries).join()
        for (const canary of Object.keys(canaries)) assert.include(found, `${canary}: plain, compressed`, name)
      }
    }
    const cut = compressions["gzip"]?.(Buffer.concat([text, randomBytes(5_000)])).subarray(0, -1_000)
    assert.isNotEmpty(findCanaries(cut ?? Buffer.alloc(0), canaries))
  })
})
