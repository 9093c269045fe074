/**
 * The published documents against the real server: both are valid, and every route answers as its row of the documents
 * says. A route that is not called here, or that answers what is not documented, fails.
 */
import { createRequire } from "node:module"
import { Validator } from "@seriousme/openapi-schema-validator"
import { Ajv, type AnySchema } from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { ClientMessage, ServerMessage } from "#schemas/wire.ts"
import { clientModules } from "#src/gateway/client-modules.ts"
import { addressOf, modules } from "#src/talk/page-routes.ts"
import { prose } from "#src/gateway/docs-schema.ts"
import { connected, startServer, type TestServer } from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: AnySchema }>> }>
  >
  readonly security?: ReadonlyArray<unknown>
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, AnySchema>> }
}
interface Message {
  readonly payload: AnySchema
}
interface AsyncApi {
  readonly channels: Readonly<Record<string, { readonly address: string }>>
  readonly components: { readonly messages: Readonly<Record<string, Message>> }
}

const seen = newSeen()
let server: TestServer
let openApi: OpenApi
let asyncApi: AsyncApi
beforeAll(async () => {
  server = await startServer(echoLayers(seen))
  openApi = (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenApi
  asyncApi = (await (await fetch(`${server.url}/asyncapi.json`)).json()) as AsyncApi
})
afterAll(() => server.close())

const operations = () =>
  Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation }))
  )

/** Fails unless this answer is one of those that the operation promises. */
const assertDocumented = async (name: string, operation: Operation | undefined, response: Response) => {
  const promised = operation?.responses[response.status]
  assert.isDefined(promised, `${name} answered ${response.status}, which is not documented`)
  const text = await response.text()
  const [[mediaType, content] = []] = Object.entries(promised?.content ?? {})
  if (mediaType === undefined) return assert.strictEqual(text, "", name)
  assert.strictEqual(response.headers.get("content-type")?.split(";")[0], mediaType, name)
  const schema = content?.schema as { readonly type?: string }
  if (schema.type === "string") return
  const ajv = new Ajv2020({
    strict: true,
    allErrors: true,
    keywords: ["components"],
    schemas: [{ $id: "doc", components: openApi.components }]
  })
  formats.default(ajv)
  // References of the document point to its own root.
  const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"doc#/')) as AnySchema)
  assert.isTrue(validate(JSON.parse(text)), `${name} ${response.status}: ${JSON.stringify(validate.errors)}`)
}

const call = async (method: string, path: string, init: RequestInit = {}, documented = path) => {
  const response = await fetch(server.url + path, { method, redirect: "manual", ...init })
  await assertDocumented(`${method} ${path}`, openApi.paths[documented]?.[method.toLowerCase()], response)
  return response.status
}
const admin = () => ({ authorization: `Bearer ${server.adminSecret}` })
const post = (body: string, type = "application/json"): RequestInit => ({
  method: "POST",
  body,
  headers: { ...admin(), "content-type": type }
})

const clinician = async (accept = "*/*"): Promise<RequestInit> => ({
  headers: { authorization: `Bearer ${await server.token(["clinician"])}`, accept }
})
const asClinician = async (body: string): Promise<RequestInit> => {
  const { headers } = await clinician()
  return { ...post(body), headers: { ...headers, "content-type": "application/json" } }
}

describe("/openapi.json", () => {
  it("is OpenAPI 3.1, by the specification's own schema, with references that lead somewhere", async () => {
    const validator = new Validator()
    const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(openApi)) as Record<string, unknown>)
    assert.isTrue(valid, JSON.stringify(errors))
    assert.strictEqual(validator.version, "3.1")
    for (const [, name] of JSON.stringify(openApi).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      assert.property(openApi.components.schemas, name ?? "")
    }
    const ids = operations().map(({ operation }) => (operation as { operationId?: string }).operationId)
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it("tells of every route what it answers: each is called, and its answers match their schemas", async () => {
    const socket = await connected(`${server.wsUrl}/ws`)
    const id = async () => {
      const listed = await fetch(`${server.url}/admin/sessions`, { headers: admin() })
      const { sessions } = (await listed.json()) as { sessions: ReadonlyArray<{ id: string }> }
      return sessions[0]?.id ?? ""
    }
    const one = "/admin/sessions/{id}"
    const calls: Readonly<Record<string, () => Promise<ReadonlyArray<number>>>> = {
      "GET /": async () => [await call("GET", "/")],
      "GET /health": async () => {
        const healthy = await call("GET", "/health")
        seen.models = { stt: "failed", vad: "failed", tts: "failed" }
        const unhealthy = await call("GET", "/health")
        seen.models = newSeen().models
        return [healthy, unhealthy]
      },
      "GET /metrics": async () => [await call("GET", "/metrics", { headers: admin() })],
      "GET /livez": async () => [await call("GET", "/livez")],
      "GET /readyz": async () => [await call("GET", "/readyz")],
      "GET /admission": async () => [
        await call("GET", "/admission?path=/ws", {}, "/admission"),
        await call("GET", "/admission?path=/ws/secure", {}, "/admission"),
        await call("GET", "/admission?path=/nowhere", {}, "/admission")
      ],
      "GET /questionnaires": async () => [await call("GET", "/questionnaires")],
      "GET /questionnaires/{id}": async () => [
        await call("GET", "/questionnaires/phq-9", {}, "/questionnaires/{id}"),
        await call("GET", "/questionnaires/phq-9", { headers: { "if-none-match": "*" } }, "/questionnaires/{id}"),
        await call("GET", "/questionnaires/none", {}, "/questionnaires/{id}")
      ],
      "GET /studio": async () => [
        await call("GET", "/studio"),
        await call("GET", "/studio?language=fr", {}, "/studio")
      ],
      ...Object.fromEntries(
        [...clientModules().keys()].map((name) => [
          `GET /client/${name}`,
          async () => [await call("GET", `/client/${name}`)]
        ])
      ),
      ...Object.fromEntries(
        [
          "studio.js",
          "api.js",
          "picture.js",
          "try.js",
          "listen.js",
          "live.js",
          "runs.js",
          "timeline.js",
          "studio.css",
          "diagram.css"
        ].map((name) => [`GET /studio/${name}`, async () => [await call("GET", `/studio/${name}`)]])
      ),
      "GET /studio/machines/{id}": async () => [
        await call("GET", "/studio/machines/session", {}, "/studio/machines/{id}"),
        await call("GET", "/studio/machines/none", {}, "/studio/machines/{id}")
      ],
      "GET /studio/questionnaires/{id}": async () => [
        await call("GET", "/studio/questionnaires/phq-9", {}, "/studio/questionnaires/{id}"),
        await call("GET", "/studio/questionnaires/phq-9?language=fr", {}, "/studio/questionnaires/{id}"),
        await call("GET", "/studio/questionnaires/none", {}, "/studio/questionnaires/{id}")
      ],
      "POST /admin/studio/try": async () => [
        await call("POST", "/admin/studio/try", post('{"questionnaire":"phq-9","inputs":[{"text":"نعم"}]}')),
        await call("POST", "/admin/studio/try", post('{"questionnaire":"none","inputs":[]}')),
        await call("POST", "/admin/studio/try", post("{}")),
        await call("POST", "/admin/studio/try", post("{}", "text/plain"))
      ],
      "GET /admin/studio/prompts": async () => [
        await call("GET", "/admin/studio/prompts?questionnaire=phq-9", { headers: admin() }, "/admin/studio/prompts"),
        await call("GET", "/admin/studio/prompts?questionnaire=none", { headers: admin() }, "/admin/studio/prompts"),
        await call("GET", "/admin/studio/prompts", { headers: admin() })
      ],
      "GET /admin/studio/speech": async () => {
        const listed = await fetch(`${server.url}/admin/studio/prompts?questionnaire=phq-9`, { headers: admin() })
        const { prompts } = (await listed.json()) as { prompts: ReadonlyArray<{ key: string }> }
        const of = (key: string) => `/admin/studio/speech?questionnaire=phq-9&prompt=${key}`
        return [
          // The stand-in voice has no sound.
          await call("GET", of(prompts[0]?.key ?? ""), { headers: admin() }, "/admin/studio/speech"),
          await call("GET", of("none"), { headers: admin() }, "/admin/studio/speech")
        ]
      },
      "GET /admin/studio/sessions/{id}/events": async () => [
        await call(
          "GET",
          "/admin/studio/sessions/nobody/events",
          { headers: admin() },
          "/admin/studio/sessions/{id}/events"
        )
      ],
      "GET /admin/studio/runs": async () => [await call("GET", "/admin/studio/runs", { headers: admin() })],
      "GET /admin/studio/runs/{id}": async () => [
        await call("GET", "/admin/studio/runs/nobody", { headers: admin() }, "/admin/studio/runs/{id}")
      ],
      "GET /auth/token": async () => [
        await call("GET", "/auth/token", { headers: admin() }),
        await call("GET", "/auth/token?ttl_seconds=1", { headers: admin() }, "/auth/token")
      ],
      "POST /auth/token": async () => [
        await call("POST", "/auth/token", post('{"subject":"p"}')),
        await call("POST", "/auth/token", post("{")),
        await call("POST", "/auth/token", post("{}", "text/plain")),
        await call("POST", "/auth/token", post(JSON.stringify({ subject: "x".repeat(5_000) })))
      ],
      "GET /admin/health": async () => [await call("GET", "/admin/health", { headers: admin() })],
      "GET /admin/sessions": async () => [
        await call("GET", "/admin/sessions", { headers: admin() }),
        await call("GET", "/admin/sessions?limit=0", { headers: admin() }, "/admin/sessions")
      ],
      "GET /admin/sessions/{id}/timeline": async () => [
        await call("GET", "/admin/sessions/nobody/timeline", { headers: admin() }, `${one}/timeline`)
      ],
      "GET /admin/log-level": async () => [await call("GET", "/admin/log-level", { headers: admin() })],
      "POST /admin/log-level": async () => [
        await call("POST", "/admin/log-level", post('{"level":"INFO"}')),
        await call("POST", "/admin/log-level", post('{"level":"ALL"}'))
      ],
      "DELETE /admin/sessions/{id}": async () => [
        await call("DELETE", `/admin/sessions/${await id()}`, { headers: admin() }, one),
        await call("DELETE", "/admin/sessions/nobody", { headers: admin() }, one)
      ],
      "DELETE /admin/tokens/{id}": async () => [
        await call("DELETE", "/admin/tokens/some-id", { headers: admin() }, "/admin/tokens/{id}"),
        await call("DELETE", "/admin/tokens/no%20id", { headers: admin() }, "/admin/tokens/{id}")
      ],
      "POST /admin/tokens/revoke": async () => [
        await call("POST", "/admin/tokens/revoke", post('{"subject":"p"}')),
        await call("POST", "/admin/tokens/revoke", post("{}")),
        await call("POST", "/admin/tokens/revoke", post("{}", "text/plain"))
      ],
      "POST /invitations": async () => [
        await call("POST", "/invitations", post('{"questionnaire":"none","subject":"p"}')),
        await call("POST", "/invitations", post("{}")),
        await call("POST", "/invitations", post('{"questionnaire":"phq-9","subject":"p"}'))
      ],
      "GET /invitations": async () => [
        await call("GET", "/invitations", { headers: admin() }),
        await call("GET", "/invitations?limit=0", { headers: admin() }, "/invitations")
      ],
      "DELETE /invitations/{id}": async () => [
        await call("DELETE", "/invitations/inv_x", { headers: admin() }, "/invitations/{id}")
      ],
      "GET /admin/alerts": async () => [
        await call("GET", "/admin/alerts", { headers: admin() }),
        await call("GET", "/admin/alerts?state=none", { headers: admin() }, "/admin/alerts")
      ],
      "POST /admin/alerts/{id}/acknowledge": async () => {
        const path = `/admin/alerts/a-${"0".repeat(32)}/acknowledge`
        const documented = "/admin/alerts/{id}/acknowledge"
        return [
          await call("POST", path, post('{"by":"Dr. A"}'), documented),
          await call("POST", path, post("{}"), documented)
        ]
      },
      "GET /admin/outbox": async () => [
        await call("GET", "/admin/outbox", { headers: admin() }),
        await call("GET", "/admin/outbox?state=none", { headers: admin() }, "/admin/outbox")
      ],
      "POST /admin/outbox/{id}/retry": async () => [
        await call("POST", "/admin/outbox/evt_none/retry", { headers: admin() }, "/admin/outbox/{id}/retry")
      ],
      "GET /responses": async () => [
        await call("GET", "/responses", await clinician()),
        await call("GET", "/responses?limit=0", await clinician(), "/responses"),
        await call("GET", "/responses?questionnaire=none", await clinician("text/csv"), "/responses")
      ],
      "POST /responses/search": async () => [
        await call("POST", "/responses/search", await asClinician('{"subject":"p"}')),
        await call("POST", "/responses/search", await asClinician("{}"))
      ],
      "GET /responses/{id}": async () => [await call("GET", "/responses/r-none", await clinician(), "/responses/{id}")],
      "DELETE /responses/{id}": async () => [
        await call("DELETE", "/responses/r-none", await clinician(), "/responses/{id}")
      ],
      "POST /subjects/erase": async () => [
        await call("POST", "/subjects/erase", await asClinician('{"subject":"p"}')),
        await call("POST", "/subjects/erase", await asClinician("{}"))
      ],
      ...Object.fromEntries(
        ["", "/clinic.js", "/api.js", "/dom.js", "/results.js", "/words.js", "/clinic.css"].map((name) => [
          `GET /clinic${name}`,
          async () => [await call("GET", `/clinic${name}`)]
        ])
      ),
      ...Object.fromEntries(
        ["/talk", "/talk/talk.css", ...modules.map(addressOf)].map((path) => [
          `GET ${path}`,
          async () => [await call("GET", path)]
        ])
      ),
      "GET /openapi.json": async () => [await call("GET", "/openapi.json")],
      "GET /asyncapi.json": async () => [await call("GET", "/asyncapi.json")],
      "GET /docs": async () => [await call("GET", "/docs")],
      "GET /docs/style.css": async () => [await call("GET", "/docs/style.css")],
      ...Object.fromEntries(
        ["/ws", "/ws/secure", "/secure", "/ws/secure/healthcare", "/secure/healthcare"].map((path) => [
          `GET ${path}`,
          async () => [await call("GET", path)]
        ])
      )
    }
    assert.deepStrictEqual(
      Object.keys(calls).toSorted(),
      operations()
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted()
    )
    const statuses: Record<string, ReadonlyArray<number>> = {}
    for (const [name, perform] of Object.entries(calls)) statuses[name] = await perform()
    assert.deepInclude(statuses, {
      "GET /health": [200, 503],
      "GET /admission": [200, 401, 404],
      "GET /questionnaires/{id}": [200, 304, 404],
      "GET /studio": [200, 400],
      "GET /studio/machines/{id}": [200, 404],
      "GET /studio/questionnaires/{id}": [200, 400, 404],
      "POST /admin/studio/try": [200, 404, 400, 415],
      "GET /admin/studio/prompts": [200, 404, 400],
      "GET /admin/studio/speech": [503, 404],
      "GET /admin/studio/sessions/{id}/events": [404],
      "GET /admin/studio/runs": [503],
      "GET /admin/studio/runs/{id}": [503],
      "GET /auth/token": [200, 400],
      "POST /auth/token": [200, 400, 415, 413],
      "GET /admin/sessions": [200, 400],
      "GET /admin/sessions/{id}/timeline": [404],
      "POST /admin/log-level": [200, 400],
      "DELETE /admin/sessions/{id}": [204, 404],
      "DELETE /admin/tokens/{id}": [204, 400],
      "POST /admin/tokens/revoke": [204, 400, 415],
      "POST /invitations": [404, 400, 503],
      "GET /invitations": [200, 400],
      "DELETE /invitations/{id}": [404],
      "GET /admin/alerts": [200, 400],
      "POST /admin/alerts/{id}/acknowledge": [404, 400],
      "GET /admin/outbox": [200, 400],
      "POST /admin/outbox/{id}/retry": [404],
      "GET /responses": [200, 400, 404],
      "POST /responses/search": [200, 400],
      "GET /responses/{id}": [404],
      "DELETE /responses/{id}": [404],
      "POST /subjects/erase": [200, 400],
      "GET /ws/secure": [426]
    })
    socket.terminate()
  })

  it("tells who may call: the admin's routes refuse a client's token, the clinic's one without its scope, all of them none at all", async () => {
    const clinician = await server.token(["voice", "healthcare", "clinician"])
    const patient = await server.token(["voice", "healthcare"])
    const none = undefined
    for (const { path, method, operation } of operations()) {
      const allowed = operation.security?.flatMap((one) => Object.keys(one as object))
      const isClosed = /^\/(admin|auth|invitations|responses|subjects|metrics)(\/|$)/.test(path)
      assert.strictEqual(allowed !== undefined, isClosed, path)
      if (allowed === undefined) continue
      const refusedWith = async (bearer: string | undefined, status: number) => {
        const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
        const got = await call(method, path.replace("{id}", "x"), { headers }, path)
        assert.strictEqual(got, status, `${method} ${path}`)
      }
      await refusedWith(none, 401)
      await refusedWith(`${server.adminSecret}x`, 401)
      await refusedWith(patient, allowed.includes("clinician") ? 403 : 401)
      if (!allowed.includes("clinician")) await refusedWith(clinician, 401)
      if (!allowed.includes("admin")) await refusedWith(server.adminSecret, 401)
    }
  })

  it("tells what counts against the rate limit", async () => {
    const small = await startServer(echoLayers(newSeen()), { RATE_LIMIT_PER_MINUTE: "1" })
    try {
      await fetch(`${small.url}/`)
      for (const { path, method, operation } of operations()) {
        const response = await fetch(small.url + path.replace("{id}", "x"), { method })
        await assertDocumented(`${method} ${path}`, operation, response)
        assert.strictEqual(response.status === 429, "429" in operation.responses, `${method} ${path}`)
      }
    } finally {
      await small.close()
    }
  })
})

describe("/asyncapi.json", () => {
  it("is AsyncAPI 3.0, by the specification's own schema", () => {
    const meta = createRequire(import.meta.url)("@asyncapi/specs/schemas/3.0.0.json") as AnySchema
    const ajv = new Ajv({ strict: false, allErrors: true, meta: false })
    formats.default(ajv)
    const validate = ajv.compile(meta)
    assert.isTrue(validate(asyncApi), JSON.stringify(validate.errors?.slice(0, 5)))
  })

  it("has every socket and every message of both sides, with schemas that take and refuse what the service does", () => {
    const addresses = Object.values(asyncApi.channels).map(({ address }) => address)
    assert.sameMembers(addresses, ["/", "/ws", "/ws/secure", "/secure", "/ws/secure/healthcare", "/secure/healthcare"])
    const names = (union: {
      readonly members: ReadonlyArray<{ readonly fields: { readonly type: { readonly literal: string } } }>
    }) => union.members.map(({ fields }) => fields.type.literal)
    assert.sameMembers(Object.keys(asyncApi.components.messages), [
      ...names(ClientMessage).map((type) => `client.${type}`),
      ...names(ServerMessage).map((type) => `server.${type}`),
      "client.audio",
      "server.audio"
    ])
    const ajv = new Ajv2020({ strict: false, schemas: [{ $id: "doc", components: asyncApi.components }] })
    const accepts = (name: string, value: unknown) => {
      const { payload } = asyncApi.components.messages[name] as Message
      return ajv.validate(JSON.parse(JSON.stringify(payload).replaceAll('"#/', '"doc#/')) as AnySchema, value)
    }
    assert.isTrue(accepts("client.ping", { type: "ping", id: "a" }))
    assert.isFalse(accepts("client.ping", { type: "ping", other: 1 }))
    assert.isFalse(accepts("client.dtmf", { type: "dtmf" }))
    assert.isTrue(accepts("server.pong", { type: "pong" }))
  })
})

describe("/docs", () => {
  it("loads nothing but its own style sheet and runs nothing, and its links lead somewhere", async () => {
    const response = await fetch(`${server.url}/docs`)
    const csp = response.headers.get("content-security-policy") ?? ""
    assert.include(csp, "default-src 'none'")
    assert.include(csp, "style-src 'self'")
    assert.include(csp, "frame-ancestors 'none'")
    assert.notInclude(csp, "unsafe")
    assert.strictEqual(response.headers.get("x-content-type-options"), "nosniff")
    const html = await response.text()
    assert.notMatch(html, /<script|<style|\sstyle=|\son\w+=|https?:\/\//i)
    const ids = new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))
    for (const [, target = ""] of html.matchAll(/href="#([^"]+)"/g)) assert.include([...ids], target)
    for (const [, path = ""] of html.matchAll(/href="(\/[^"]+)"/g)) {
      assert.strictEqual((await fetch(server.url + path)).status, 200, path)
    }
  })

  it("shows every route and every message, and escapes what it shows", async () => {
    const html = await (await fetch(`${server.url}/docs`)).text()
    for (const { path, operation } of operations()) {
      if ("101" in operation.responses) continue
      assert.include(html, `<code>${path}</code>`)
    }
    for (const { address } of Object.values(asyncApi.channels)) assert.include(html, `<code>${address}</code>`)
    for (const name of Object.keys(asyncApi.components.messages)) {
      if (!name.endsWith(".audio")) assert.include(html, `id="message-${name}"`)
    }
    assert.strictEqual(prose("<b> & `a<b`"), "&lt;b&gt; &amp; <code>a&lt;b</code>")
  })
})
