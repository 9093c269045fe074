/** `/questionnaires` through the real server: what is listed, and each as the FHIR that it was read from. */
import { readFileSync } from "node:fs"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { echoLayers, newSeen } from "#test/gateway/echo-session.ts"
import { startServer, type TestServer } from "#test/support/server.ts"

let server: TestServer
beforeAll(async () => {
  server = await startServer(echoLayers(newSeen()))
})
afterAll(() => server.close())

const get = (path: string, headers: Record<string, string> = {}) => fetch(server.url + path, { headers })

describe("GET /questionnaires", () => {
  it("lists each with its titles, languages, status and number of questions, to anybody", async () => {
    const response = await get("/questionnaires")
    assert.strictEqual(response.status, 200)
    const { questionnaires } = (await response.json()) as { questionnaires: ReadonlyArray<Record<string, unknown>> }
    assert.deepEqual(questionnaires.map(({ id }) => id).toSorted(), ["gad-7", "intake", "phq-9"])
    const phq9 = questionnaires.find(({ id }) => id === "phq-9")
    const file = JSON.parse(readFileSync(new URL("../../questionnaires/phq-9.ar.json", import.meta.url), "utf8")) as {
      readonly url: string
      readonly version: string
      readonly title: string
    }
    assert.deepInclude(phq9, {
      version: file.version,
      url: file.url,
      status: "draft",
      languages: ["ar", "en"],
      items: 10
    })
    const title = phq9?.["title"] as Record<string, string> | undefined
    assert.strictEqual(title?.["ar"], file.title)
    assert.match(title?.["en"] ?? "", /PHQ-9/)
  })

  it("has a page in the information of the service", async () => {
    const { endpoints } = (await (await get("/")).json()) as { endpoints: Record<string, string> }
    assert.strictEqual(endpoints["questionnaires"], "/questionnaires")
  })
})

describe("the rate", () => {
  it("counts drawings and lists, and no script or style sheet of a page", async () => {
    const small = await startServer(echoLayers(newSeen()), { RATE_LIMIT_PER_MINUTE: "1" })
    try {
      const status = async (path: string) => (await fetch(small.url + path)).status
      assert.strictEqual(await status("/questionnaires"), 200)
      for (const path of ["/questionnaires", "/studio", "/studio/machines/token"])
        assert.strictEqual(await status(path), 429, path)
      for (const path of ["/studio/studio.js", "/studio/try.js", "/studio/diagram.css", "/docs/style.css"])
        assert.strictEqual(await status(path), 200, path)
    } finally {
      await small.close()
    }
  })
})

describe("GET /questionnaires/{id}", () => {
  it("answers FHIR as it was read, by the type that is asked for", async () => {
    for (const [accept, type] of [
      ["*/*", "application/fhir+json"],
      ["application/fhir+json, application/json;q=0.5", "application/fhir+json"],
      ["application/json", "application/json"]
    ] as const) {
      const response = await get("/questionnaires/gad-7", { accept })
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers.get("content-type"), `${type}; charset=utf-8`)
      assert.strictEqual(response.headers.get("vary"), "Accept")
      const body = (await response.json()) as { readonly resourceType: string; readonly id: string }
      assert.deepInclude(body, { resourceType: "Questionnaire", id: "gad-7" })
    }
  })

  it("sends nothing again to whoever has it, and says so by its tag", async () => {
    const first = await get("/questionnaires/gad-7")
    const etag = first.headers.get("etag") ?? ""
    assert.match(etag, /^"[\w-]{22}"$/)
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await get("/questionnaires/gad-7", { "if-none-match": tag })
      assert.strictEqual(again.status, 304, tag)
      assert.strictEqual(await again.text(), "")
      assert.strictEqual(again.headers.get("etag"), etag)
    }
    assert.strictEqual((await get("/questionnaires/gad-7", { "if-none-match": '"other"' })).status, 200)
    assert.notStrictEqual((await get("/questionnaires/phq-9")).headers.get("etag"), etag)
  })

  it("refuses what is not there in typed JSON", async () => {
    for (const id of ["none", "..%2fpackage", "__proto__"]) {
      const response = await get(`/questionnaires/${id}`)
      assert.strictEqual(response.status, 404)
      const { error } = (await response.json()) as { readonly error: { readonly code: string } }
      assert.strictEqual(error.code, "not_found")
    }
  })
})
