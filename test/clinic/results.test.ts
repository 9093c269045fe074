/** Results through the real server over a real store: found, read, counted, deleted; a person erased. */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { cellOf } from "#src/clinic/csv.ts"
import { filesBelow, findCanaries } from "#test/e2e/canaries.ts"
import { faultsByOthers } from "#test/support/fhir-validator.ts"
import { type Clinic, invite, openClinic, Visitor } from "./service.ts"

interface Entry {
  readonly fullUrl: string
  readonly resource: Readonly<Record<string, unknown>> & { readonly id: string; readonly resourceType: string }
  readonly search: { readonly mode: string }
}
interface Bundle {
  readonly resourceType: string
  readonly type: string
  readonly entry?: ReadonlyArray<Entry>
  readonly link: ReadonlyArray<{ readonly relation: string; readonly url: string }>
}

let clinic: Clinic
const clinician = { as: ["clinician"] } as const
/** Whoever completes a questionnaire, each with the same answer to all of it. */
const completed = async (subject: string, place: number, over: object = {}): Promise<string> => {
  const visitor = await Visitor.open(clinic, (await invite(clinic, { subject, ...over })).token)
  await visitor.start()
  await visitor.answerAll(place)
  const { response_id } = await visitor.next("questionnaire.completed")
  await visitor.drop()
  return response_id
}
const bundle = async (path: string, options: Parameters<Clinic["call"]>[2] = {}): Promise<Bundle> => {
  const method = options?.body === undefined ? "GET" : "POST"
  const response = await clinic.call(method, path, { ...clinician, ...options })
  assert.strictEqual(response.status, 200, await response.clone().text())
  assert.strictEqual(response.headers.get("content-type"), "application/fhir+json")
  assert.strictEqual(response.headers.get("cache-control"), "no-store")
  return (await response.json()) as Bundle
}
const idsOf = ({ entry = [] }: Bundle) =>
  entry.flatMap(({ resource, search }) => (search.mode === "match" ? [resource.id] : []))

let amal: string
let omar: string
let salma: string
let anxious: string
beforeAll(async () => {
  clinic = await openClinic()
  amal = await completed("Amal-7781", 0)
  omar = await completed("Omar-7782", 1, { language: "ar" })
  salma = await completed("Salma-7783", 3)
  anxious = await completed("Amal-7781", 2, { questionnaire: "gad-7" })
}, 60_000)
afterAll(() => clinic.close())

describe("a list of results", () => {
  it("is a FHIR searchset that others find valid, with the scores of each", async () => {
    const found = await bundle("/responses")
    assert.deepStrictEqual([found.resourceType, found.type], ["Bundle", "searchset"])
    assert.deepStrictEqual(idsOf(found), [anxious, salma, omar, amal])
    for (const { resource } of found.entry ?? []) assert.deepStrictEqual(faultsByOthers(resource), [])
    const scores = (found.entry ?? []).filter(({ resource }) => resource.resourceType === "Observation")
    assert.deepStrictEqual(
      scores.map(({ resource }) => [resource["valueInteger"], resource["derivedFrom"]]),
      [
        [14, [{ reference: `QuestionnaireResponse/${anxious}` }]],
        [27, [{ reference: `QuestionnaireResponse/${salma}` }]],
        [9, [{ reference: `QuestionnaireResponse/${omar}` }]],
        [0, [{ reference: `QuestionnaireResponse/${amal}` }]]
      ]
    )
    for (const { resource } of scores) assert.isNotEmpty(resource["interpretation"])
  })

  it("is searched by questionnaire, time and person, none of whom stands in a URL", async () => {
    assert.deepStrictEqual(idsOf(await bundle("/responses?questionnaire=gad-7")), [anxious])
    const [first] = (await bundle("/responses?questionnaire=phq-9&limit=1")).entry ?? []
    const since = encodeURIComponent(String(first?.resource["authored"]))
    assert.deepStrictEqual(idsOf(await bundle(`/responses?since=${since}`)), [anxious, salma])
    assert.deepStrictEqual(idsOf(await bundle("/responses?questionnaire=nothing")), [])
    assert.deepStrictEqual(idsOf(await bundle("/responses/search", { body: { subject: "Amal-7781" } })), [
      anxious,
      amal
    ])
    const one = { subject: "Amal-7781", questionnaire: "phq-9" }
    assert.deepStrictEqual(idsOf(await bundle("/responses/search", { body: one })), [amal])
    const inUrl = await clinic.call("GET", "/responses?subject=Amal-7781", clinician)
    assert.strictEqual(inUrl.status, 400)
  })

  it("is read page by page by its links", async () => {
    for (const [path, body, all] of [
      ["/responses?limit=1", undefined, [anxious, salma, omar, amal]],
      ["/responses/search?limit=1", { subject: "Amal-7781" }, [anxious, amal]]
    ] as const) {
      const pages: Array<string> = []
      for (let url: string | undefined = path; url !== undefined;) {
        const page: Bundle = await bundle(url, body === undefined ? {} : { body })
        pages.push(...idsOf(page))
        assert.isAtMost(idsOf(page).length, 1)
        url = page.link.find(({ relation }) => relation === "next")?.url
        assert.notInclude(url ?? "", "Amal")
      }
      assert.deepStrictEqual(pages, [...all])
    }
    for (const query of ["limit=0", "limit=201", "since=yesterday", "after=AAAA", "other=1"]) {
      assert.strictEqual((await clinic.call("GET", `/responses?${query}`, clinician)).status, 400, query)
    }
  })
})

describe("one result", () => {
  it("is FHIR with an ETag, and is not sent again to whoever has it", async () => {
    const response = await clinic.call("GET", `/responses/${salma}`, clinician)
    assert.strictEqual(response.headers.get("content-type"), "application/fhir+json")
    const etag = response.headers.get("etag") ?? ""
    assert.strictEqual(etag, 'W/"1"')
    const resource = (await response.json()) as Entry["resource"]
    assert.deepStrictEqual(faultsByOthers(resource), [])
    assert.deepInclude(resource, { id: salma, status: "completed" })
    assert.deepStrictEqual(resource["subject"], { identifier: { value: "Salma-7783" } })
    const again = (value: string) =>
      clinic.call("GET", `/responses/${salma}`, { ...clinician, headers: { "if-none-match": value } })
    const same = await again(etag)
    assert.deepStrictEqual([same.status, await same.text(), same.headers.get("etag")], [304, "", etag])
    assert.strictEqual((await again('W/"0", W/"1"')).status, 304)
    assert.strictEqual((await again('W/"2"')).status, 200)
    assert.strictEqual((await clinic.call("GET", "/responses/r-none", clinician)).status, 404)
  })

  it("has another ETag once it has been amended", async () => {
    const visitor = await Visitor.open(clinic, (await invite(clinic, { subject: "Amends-7790" })).token)
    await visitor.start()
    await visitor.answerAll(0)
    const { response_id } = await visitor.next("questionnaire.completed")
    visitor.send({ type: "question.goto", link_id: "44250-9" })
    const asked = await visitor.next("question.asked", ({ link_id, seq = 0 }) => link_id === "44250-9" && seq > 15)
    visitor.send({ type: "answer.select", link_id: "44250-9", code: asked.options[1]?.code ?? "" })
    await visitor.next("questionnaire.completed", ({ status }) => status === "amended")
    await visitor.drop()
    const response = await clinic.call("GET", `/responses/${response_id}`, clinician)
    assert.strictEqual(response.headers.get("etag"), 'W/"2"')
    assert.deepInclude(await response.json(), { status: "amended" })
    assert.strictEqual((await clinic.call("DELETE", `/responses/${response_id}`, clinician)).status, 204)
    assert.strictEqual((await clinic.call("GET", `/responses/${response_id}`, clinician)).status, 404)
    assert.strictEqual((await clinic.call("DELETE", `/responses/${response_id}`, clinician)).status, 404)
  })
})

describe("a table for statistics", () => {
  const tableOf = (path: string, accept = "text/csv") => clinic.call("GET", path, { ...clinician, headers: { accept } })

  it("holds codes and scores of one questionnaire, and nobody's identity", async () => {
    const response = await tableOf("/responses?questionnaire=phq-9")
    assert.match(response.headers.get("content-type") ?? "", /^text\/csv/)
    const text = await response.text()
    const [head = "", ...rows] = text.trimEnd().split("\r\n")
    assert.match(head, /^authored_on,version,status,language,44250-9,.*,score 44261-6,band 44261-6$/)
    assert.lengthOf(rows, 3)
    const scores = rows.map((row) => row.split(",").at(-2))
    assert.deepStrictEqual(scores, ["27", "9", "0"])
    for (const row of rows) {
      assert.match(row, /^\d{4}-\d\d-\d\d,[^,]+,completed,(ar|en),/)
      assert.lengthOf(row.split(","), head.split(",").length)
    }
    for (const canary of ["7781", "7782", "7783", "Amal", amal, omar, amal.slice(2)]) assert.notInclude(text, canary)
  })

  it("needs to know of which questionnaire", async () => {
    assert.strictEqual((await tableOf("/responses")).status, 404)
    const fhir = await tableOf("/responses?questionnaire=phq-9", "application/fhir+json")
    assert.strictEqual(fhir.headers.get("content-type"), "application/fhir+json")
  })

  it("begins no formula in whoever's spreadsheet opens it", () => {
    for (const [value, cell] of [
      ["=1+1", "'=1+1"],
      ["+1", "'+1"],
      ["-1", "'-1"],
      ["@SUM(A1)", "'@SUM(A1)"],
      ["\t=1", "'\t=1"],
      [" =1", "' =1"],
      ["|cmd", "'|cmd"],
      ['a"b', '"a""b"'],
      ["a,b", '"a,b"'],
      ["a\r\nb", '"a\r\nb"'],
      ["=a,b", `"'=a,b"`],
      ["LA6568-5", "LA6568-5"],
      [-2, "-2"],
      [true, "true"],
      [undefined, ""]
    ] as const) {
      assert.strictEqual(cellOf(value), cell)
    }
  })
})

describe("every read and change", () => {
  it("is in the audit log, which names nobody", async () => {
    await clinic.call("GET", `/responses/${omar}`, clinician)
    await bundle("/responses/search", { body: { subject: "Omar-7782" } })
    const readsOf = (how: string) =>
      clinic.auditLines().flatMap((line) => (line.event === "responses.read" && line.how === how ? [line] : []))
    while (readsOf("search").at(-1)?.response_ids?.[0] !== omar) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const how of ["list", "search", "one", "table"]) assert.isNotEmpty(readsOf(how), how)
    for (const line of readsOf("one")) {
      assert.strictEqual(line.by, "clinician")
      assert.match(line.token_id ?? "", /^[0-9a-f-]{36}$/)
      assert.lengthOf(line.response_ids ?? [], 1)
    }
    assert.match(readsOf("search").at(-1)?.subject_hash ?? "", /^[0-9a-f]{16}$/)
    assert.isUndefined(readsOf("table")[0]?.response_ids)
    const text = Buffer.from(JSON.stringify(clinic.auditLines()))
    const names = { amal: "Amal-7781", omar: "Omar-7782", salma: "Salma-7783", who: "dr-house" }
    assert.deepStrictEqual(findCanaries(text, names), [])
  })
})

describe("erasing a person", () => {
  it("leaves nothing of them in any row or file, ends whoever is connected as them, and touches nobody else", async () => {
    const subject = "Zahra-7799"
    const done = await completed(subject, 3)
    await invite(clinic, { subject })
    const { token } = await invite(clinic, { subject })
    const connected = await Visitor.open(clinic, token)
    const { session_id } = await connected.start()
    await connected.next("consent.requested")

    const count = (sql: string) => {
      const database = new DatabaseSync(join(clinic.dataDir, "sawt.db"), { readOnly: true })
      const rows = Number(database.prepare(sql).get()?.["n"])
      database.close()
      return rows
    }
    const emptiedAlerts = "SELECT count(*) AS n FROM alerts WHERE sealed IS NULL"
    const emptiedBefore = count(emptiedAlerts)
    const response = await clinic.call("POST", "/subjects/erase", { ...clinician, body: { subject } })
    assert.deepStrictEqual([response.status, await response.json()], [200, { sessions: 2, responses: 1, alerts: 1 }])
    assert.strictEqual(await connected.ended(), 1000)
    assert.strictEqual((await clinic.call("GET", `/responses/${done}`, clinician)).status, 404)
    assert.deepStrictEqual(idsOf(await bundle("/responses/search", { body: { subject } })), [])
    assert.deepStrictEqual(idsOf(await bundle("/responses")), [anxious, salma, omar, amal])
    const again = await clinic.call("POST", "/subjects/erase", { ...clinician, body: { subject } })
    assert.deepStrictEqual(await again.json(), { sessions: 0, responses: 0, alerts: 0 })

    const canaries = { subject, session: done.slice(2), open: session_id }
    const found = [...filesBelow(clinic.dataDir)]
      .filter(([name]) => !name.startsWith("audit"))
      .flatMap(([name, bytes]) => findCanaries(bytes, canaries).map((canary) => `${name} holds ${canary}`))
    assert.deepStrictEqual(found, [])
    // Amal's two, Omar's, Salma's, and that of whoever amended.
    assert.strictEqual(count("SELECT count(*) AS n FROM invitations"), 5)
    assert.strictEqual(count("SELECT count(*) AS n FROM responses"), 4)
    assert.strictEqual(count(emptiedAlerts), emptiedBefore + 1)
  })
})
