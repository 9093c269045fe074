/** Invitations through the real server over a real store: made, opened once, resumed, taken back; kept as little as can be. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { refused } from "#test/support/server.ts"
import { filesBelow, findCanaries } from "#test/e2e/canaries.ts"
import { type Clinic, invite, openClinic, Visitor } from "./service.ts"

let clinic: Clinic
beforeAll(async () => (clinic = await openClinic()))
afterAll(() => clinic.close())

const healthcare = () => `${clinic.wsUrl}/ws/secure/healthcare`
const codeOf = async (response: Response) => {
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  return [response.status, error.code]
}
const refusal = async (token: string) => {
  const { status, body } = await refused(healthcare(), { token })
  return [status, body.error.code]
}
const list = async (as: "admin" | ["clinician"] = "admin", query = "") =>
  (await (await clinic.call("GET", `/invitations${query}`, { as })).json()) as {
    invitations: ReadonlyArray<Record<string, unknown>>
    next?: string
  }
const rowOf = async (id: string, as: "admin" | ["clinician"] = "admin") =>
  (await list(as)).invitations.find((row) => row["id"] === id) ?? {}

describe("an invitation", () => {
  it("is a link whose fragment holds the token, and a QR code of it", async () => {
    const { link, qr_svg, token, expires_at } = await invite(clinic)
    const { origin, pathname, search } = new URL(link)
    assert.deepStrictEqual([origin, pathname, search], [clinic.url, "/talk", "?language=en"])
    assert.strictEqual(new URL((await invite(clinic, { language: "ar" })).link).search, "")
    assert.match(token, /^inv_[\w-]{16}\.[\w-]{43}$/)
    assert.match(qr_svg, /^<svg /)
    assert.notMatch(qr_svg, /<script|href|on\w+=/)
    assert.approximately(Date.parse(expires_at) - Date.now(), 7 * 86_400_000, 60_000)
  })

  it("begins one visit for its patient, in its questionnaire and language, and without scores", async () => {
    const { token, id } = await invite(clinic)
    const visitor = await Visitor.open(clinic, token)
    const ready = await visitor.start()
    assert.strictEqual(ready.questionnaire?.id, "phq-9")
    assert.match((await visitor.next("consent.requested")).text, /^Welcome/)
    assert.deepInclude(await rowOf(id), { state: "begun", session_id: ready.session_id })
    await visitor.answerAll(2)
    const completed = await visitor.next("questionnaire.completed")
    assert.notProperty(completed, "scores")
    assert.notProperty(completed, "response")
    assert.notProperty(completed, "alerts")
    await visitor.drop()
  })

  it("begins nothing a second time; the visit goes on with its resume token, and with no other's", async () => {
    const [{ token }, other] = [await invite(clinic), await invite(clinic)]
    const first = await Visitor.open(clinic, token)
    const { resume_token = "", session_id } = await first.start()
    await first.next("consent.requested")
    await first.drop()

    const again = await Visitor.open(clinic, token)
    again.send({ type: "session.start" })
    assert.strictEqual((await again.next("error")).code, "forbidden")
    assert.strictEqual(await again.ended(), 4403)

    const stranger = await Visitor.open(clinic, other.token)
    stranger.send({ type: "session.start", resume_token })
    assert.strictEqual((await stranger.next("error")).code, "resume_failed")

    const back = await Visitor.open(clinic, token)
    const resumed = await back.start({ resume_token })
    assert.deepStrictEqual([resumed.session_id, resumed.resumed], [session_id, true])
    await back.drop()
    // The stranger's was not used up by that.
    await (await Visitor.open(clinic, other.token)).start()
  })

  it("of simultaneous uses exactly one begins", async () => {
    const { token } = await invite(clinic)
    const visitors = await Promise.all(Array.from({ length: 8 }, () => Visitor.open(clinic, token)))
    for (const visitor of visitors) visitor.send({ type: "session.start" })
    const outcomes = await Promise.all(
      visitors.map((visitor) =>
        Promise.race([visitor.next("session.ready"), visitor.next("error")]).then((message) =>
          message.type === "error" ? message.code : message.type
        )
      )
    )
    assert.deepStrictEqual(outcomes.toSorted(), [...Array<string>(7).fill("forbidden"), "session.ready"])
    await Promise.all(visitors.map((visitor) => visitor.drop()))
  })

  it("is for its own questionnaire, endpoint and time", async () => {
    const { token } = await invite(clinic)
    const visitor = await Visitor.open(clinic, token)
    visitor.send({ type: "session.start", questionnaire: "gad-7" })
    assert.strictEqual((await visitor.next("error")).code, "forbidden")
    assert.deepStrictEqual((await refused(`${clinic.wsUrl}/ws/secure`, { token })).status, 403)
    const soon = await invite(clinic, { expires: new Date(Date.now() + 30).toISOString() })
    while (Date.now() <= Date.parse(soon.expires_at)) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepStrictEqual(await refusal(soon.token), [401, "token_expired"])
    assert.strictEqual((await rowOf(soon.id))["state"], "expired")
    assert.deepStrictEqual(await refusal(`${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`), [
      401,
      "unauthorized"
    ])
    assert.deepStrictEqual(await refusal(`inv_${"a".repeat(16)}.${"a".repeat(43)}`), [401, "unauthorized"])
  })

  it("takes no token's place in a session", async () => {
    const [{ token }, other] = [await invite(clinic), await invite(clinic)]
    const visitor = await Visitor.open(clinic, token)
    await visitor.start()
    visitor.send({ type: "session.refresh", token: other.token, ref: "r" })
    assert.deepInclude(await visitor.next("error"), { code: "forbidden", ref: "r" })
    await visitor.drop()
  })
})

describe("taken back", () => {
  it("its link opens nothing, and a visit that has begun ends at once", async () => {
    const [open, begun] = [await invite(clinic), await invite(clinic)]
    const visitor = await Visitor.open(clinic, begun.token)
    await visitor.start()
    for (const { id } of [open, begun]) {
      assert.strictEqual((await clinic.call("DELETE", `/invitations/${id}`)).status, 204)
      assert.strictEqual((await rowOf(id))["state"], "revoked")
    }
    assert.strictEqual(await visitor.ended(), 4401)
    assert.deepStrictEqual(await refusal(open.token), [401, "unauthorized"])
    assert.deepStrictEqual(await refusal(begun.token), [401, "unauthorized"])
    const unknown = await clinic.call("DELETE", `/invitations/inv_${"a".repeat(16)}`)
    assert.deepStrictEqual(await codeOf(unknown), [404, "not_found"])
  })

  it("with all tokens of the patient, and stays so", async () => {
    const { token, id } = await invite(clinic, { subject: "patient-gone" })
    const body = { subject: "patient-gone" }
    assert.strictEqual((await clinic.call("POST", "/admin/tokens/revoke", { body })).status, 204)
    assert.strictEqual((await rowOf(id))["state"], "revoked")
    assert.deepStrictEqual(await refusal(token), [401, "unauthorized"])
    // A later one is good, also within the same second.
    const fresh = await invite(clinic, { subject: "patient-gone" })
    await (await Visitor.open(clinic, fresh.token)).start()
  })
})

describe("who may invite", () => {
  it("the admin and clinicians; nobody with a patient's token", async () => {
    const body = { questionnaire: "phq-9", subject: "p" }
    for (const [method, path] of [
      ["POST", "/invitations"],
      ["GET", "/invitations"],
      ["DELETE", `/invitations/inv_${"a".repeat(16)}`]
    ] as const) {
      const call = (as: Parameters<Clinic["call"]>[2]) =>
        clinic.call(method, path, { ...as, ...(method === "POST" ? { body } : {}) })
      assert.include([200, 201, 404], (await call({ as: ["clinician"] })).status)
      assert.deepStrictEqual(await codeOf(await call({ as: ["voice", "healthcare"] })), [403, "forbidden"])
      assert.deepStrictEqual(await codeOf(await call({ as: "nobody" })), [401, "unauthorized"])
      const { token } = await invite(clinic)
      const patient = await call({ as: "nobody", headers: { authorization: `Bearer ${token}` } })
      assert.deepStrictEqual(await codeOf(patient), [403, "forbidden"])
    }
  })

  it("a clinician is told whom a row is about, the admin only a hash; nobody the token again", async () => {
    const { id, token } = await invite(clinic, { subject: "patient-43" })
    const secret = token.split(".")[1] ?? ""
    for (const as of ["admin", ["clinician"]] as const) {
      const row = await rowOf(id, as === "admin" ? as : ["clinician"])
      assert.strictEqual(row["subject"], as === "admin" ? undefined : "patient-43")
      assert.match(String(row["subject_hash"]), /^[0-9a-f]{16}$/)
      assert.notInclude(JSON.stringify(row), secret)
    }
  })

  it("is told what was wrong with what was asked for", async () => {
    for (const [over, status, code, word] of [
      [{ questionnaire: "none" }, 404, "unknown_questionnaire", "phq-9"],
      [{ subject: "" }, 400, "invalid_message", "subject"],
      [{ subject: "a\u202eb" }, 400, "invalid_message", "subject"],
      [{ language: "fr" }, 400, "invalid_message", "language"],
      [{ expires: "tomorrow" }, 400, "invalid_message", "expires"],
      [{ expires: "2020-01-01T00:00:00Z" }, 400, "invalid_message", "expires"],
      [{ expires: "2099-01-01T00:00:00Z" }, 400, "invalid_message", "expires"],
      [{ other: 1 }, 400, "invalid_message", "other"]
    ] as const) {
      const body = { questionnaire: "phq-9", subject: "p", ...over }
      const response = await clinic.call("POST", "/invitations", { body })
      const { error } = (await response.json()) as { error: { code: string; message: string } }
      assert.deepStrictEqual([response.status, error.code], [status, code], JSON.stringify(over))
      assert.include(error.message, word)
    }
  })

  it("a forged Host makes no link; PUBLIC_URL or a named origin does", async () => {
    const raw = async (on: Clinic, host: string) => {
      const { request } = await import("node:http")
      return new Promise<readonly [number | undefined, string]>((resolve, reject) => {
        const asked = request(
          `${on.url}/invitations`,
          {
            method: "POST",
            headers: { host, authorization: `Bearer ${on.adminSecret}`, "content-type": "application/json" }
          },
          (response) => {
            let text = ""
            response.on("data", (part: Buffer) => (text += part.toString()))
            response.on("end", () => resolve([response.statusCode, text]))
          }
        )
        asked.once("error", reject)
        asked.end(JSON.stringify({ questionnaire: "phq-9", subject: "p" }))
      })
    }
    const [status, text] = await raw(clinic, "evil.example")
    assert.strictEqual(status, 409)
    assert.include(text, "PUBLIC_URL")
    assert.notInclude(text, "evil.example")
    const named = await openClinic({ ALLOWED_ORIGINS: "https://clinic.example" })
    const fixed = await openClinic({ PUBLIC_URL: "https://visits.example" })
    try {
      assert.include((await raw(named, "clinic.example"))[1], '"link":"https://clinic.example/talk#inv_')
      assert.strictEqual((await raw(named, "clinic.example.evil"))[0], 409)
      assert.include((await raw(fixed, "evil.example"))[1], '"link":"https://visits.example/talk#inv_')
    } finally {
      await Promise.all([named.close(), fixed.close()])
    }
  })

  it("is listed page by page, the youngest first", async () => {
    const made = [await invite(clinic), await invite(clinic), await invite(clinic)].map(({ id }) => id)
    const all = (await list()).invitations.map((row) => String(row["id"]))
    const paged: Array<string> = []
    for (let query = "?limit=2"; ;) {
      const { invitations, next } = await list("admin", query)
      paged.push(...invitations.map((row) => String(row["id"])))
      if (next === undefined) break
      query = `?limit=2&after=${next}`
    }
    assert.deepStrictEqual(paged, all)
    assert.includeMembers(all, made)
    const times = (await list()).invitations.map((row) => String(row["created_at"]))
    assert.deepStrictEqual(times, times.toSorted().toReversed())
    assert.deepStrictEqual(await codeOf(await clinic.call("GET", "/invitations?after=x")), [400, "invalid_message"])
  })
})

describe("what is kept of it", () => {
  it("outlasts a restart: used stays used, taken back stays taken back", async () => {
    const first = await openClinic()
    const [used, gone, fresh] = [await invite(first), await invite(first), await invite(first)]
    const visitor = await Visitor.open(first, used.token)
    await visitor.start()
    await first.call("DELETE", `/invitations/${gone.id}`)
    await visitor.drop()
    const second = await first.restarted()
    try {
      const again = await Visitor.open(second, used.token)
      again.send({ type: "session.start" })
      assert.strictEqual((await again.next("error")).code, "forbidden")
      assert.strictEqual((await refused(`${second.wsUrl}/ws/secure/healthcare`, { token: gone.token })).status, 401)
      await (await Visitor.open(second, fresh.token)).start()
    } finally {
      await second.close()
    }
  })

  it("holds neither the token nor the patient's reference in any file, and the audit log says who did what", async () => {
    const subject = "Zaynab-ref-7731"
    const { token, id } = await invite(clinic, { subject })
    const visitor = await Visitor.open(clinic, token)
    const { session_id } = await visitor.start()
    await visitor.drop()
    await clinic.call("GET", "/invitations", { as: ["clinician"] })
    await clinic.call("DELETE", `/invitations/${id}`, { as: ["clinician"] })
    const lines = () => clinic.auditLines().filter((line) => JSON.stringify(line).includes(id))
    while (!lines().some(({ event }) => event === "invitation.revoked")) await new Promise((r) => setTimeout(r, 5))
    assert.deepStrictEqual(
      lines().map(({ event }) => event),
      ["invitation.created", "invitation.revoked"]
    )
    const [created, revoked] = lines()
    assert.deepInclude(created, { by: "admin", questionnaire: "phq-9" })
    assert.property(created, "subject_hash")
    assert.deepInclude(revoked, { by: "clinician" })
    assert.property(revoked, "token_id")
    const canaries = { token: token.split(".")[1] ?? "", subject }
    const found = [...filesBelow(clinic.dataDir)].flatMap(([name, bytes]) =>
      findCanaries(bytes, canaries).map((canary) => `${name} holds ${canary}`)
    )
    assert.deepStrictEqual(found, [])
    assert.deepStrictEqual(findCanaries(Buffer.from(JSON.stringify(clinic.auditLines())), canaries), [])
    // The session's own line is in the log beside the data.
    const begun = [...filesBelow(clinic.dataDir)].find(([name]) => name.startsWith("audit"))?.[1].toString() ?? ""
    assert.include(begun, `"event":"invitation.begun","invitation_id":"${id}","session_id":"${session_id}"`)
  })
})
