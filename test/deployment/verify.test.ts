/** The deployment checklist against a service as production configures it, behind a proxy; and that each row can fail. */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import type { Finding } from "../../scripts/doctor/finding.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { walk } from "../../scripts/verify/check.ts"
import { checklist } from "../../scripts/verify/checklist.ts"
import { Deployment, isWhole, type Target } from "../../scripts/verify/deployment.ts"
import { noPrompts } from "#test/e2e/caller.ts"
import { type Answered, type Spoil, SpoilingProxy } from "./spoiling-proxy.ts"

const origin = "https://clinic.example"
const tokenSecret = randomBytes(32).toString("hex")
let server: ServerProcess
let proxy: SpoilingProxy
beforeAll(async () => {
  server = await startServer({
    ...noPrompts,
    VOICE_SERVICE_ENV: "production",
    VOICE_SERVICE_TOKEN: tokenSecret,
    VOSK_MODEL_PATH: fileURLToPath(new URL("../../models/vosk-model-tiny-ar", import.meta.url)),
    RATE_LIMIT_PER_MINUTE: "60",
    TRUSTED_PROXY_HOPS: "1",
    ALLOWED_ORIGINS: origin,
    HELPLINE_TEXT: "اتصل بالرقم ٩١١",
    DRAIN_SECONDS: "0"
  })
  while (!(await isWhole(server.url))) await sleep(50)
  proxy = await SpoilingProxy.start(server.url)
})
afterAll(async () => {
  await proxy.close()
  await server.stop()
})
let callers = 0
beforeEach(() => {
  proxy.spoil = {}
  proxy.address = `203.0.113.${++callers}`
})

const run = async (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) => {
  const script = fileURLToPath(new URL("../../scripts/verify-deployment.ts", import.meta.url))
  const child = spawn(process.execPath, [script, ...args], { env: { PATH: process.env["PATH"] ?? "", ...env } })
  let [stdout, stderr] = ["", ""]
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()))
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()))
  const [code] = (await once(child, "close")) as [number]
  return { code, stdout, stderr }
}
const secrets = () => ({ VOICE_SERVICE_SECRET: server.secret, VOICE_SERVICE_TOKEN: tokenSecret })

describe("npm run verify:deployment", () => {
  it("finds nothing wrong with a service in production, row by row", async () => {
    const { code, stdout } = await run(["--url", proxy.url, "--origin", origin, "--json"], secrets())
    const findings = JSON.parse(stdout) as ReadonlyArray<Finding>
    assert.deepStrictEqual(
      findings.filter(({ status }) => status !== "ok"),
      []
    )
    assert.deepStrictEqual(
      findings.map(({ check }) => check),
      checklist.map(({ name }) => name)
    )
    assert.strictEqual(code, 0)
  })

  it("leaves nothing behind: no session, no response, no alert", async () => {
    const admin = { headers: { authorization: `Bearer ${server.secret}` } }
    const answer = async (path: string) => (await fetch(`${server.url}${path}`, admin)).json()
    assert.deepInclude(await answer("/admin/sessions"), { sessions: [] })
    assert.deepInclude(await answer("/admin/alerts"), { alerts: [] })
    const kept = (await answer("/admin/health")) as { readonly clinic: object }
    assert.deepInclude(kept.clinic, { alerts_unacknowledged: 0, outbox_pending: 0 })
  })

  it("ends at once, and with 1, where nothing is there or the secret is another's", async () => {
    const nobody = await run(["--url", "http://127.0.0.1:1"], secrets())
    assert.match(nobody.stdout, /^fail {2}reached .*\n$/)
    assert.strictEqual(nobody.code, 1)
    const stranger = await run(["--url", proxy.url], { VOICE_SERVICE_SECRET: "another" })
    assert.match(stranger.stdout, /^ok .*\nfail {2}tokens .*VOICE_SERVICE_SECRET.*\n$/)
    assert.strictEqual(stranger.code, 1)
  })

  it.each([
    ["no URL", []],
    ["a URL with a path", ["--url", "http://127.0.0.1:1/ws"]],
    ["no such option", ["--loudly"]]
  ])("says how to use it: %s", async (_, args) => {
    const { code, stderr } = await run(args, secrets())
    assert.strictEqual(code, 2)
    assert.include(stderr, "Usage: npm run verify:deployment")
  })
})

/** That row alone, through the proxy. */
const rowOf = async (name: string, target: Partial<Target> = {}): Promise<Finding> => {
  const wanted = checklist.filter((check) => check.name === name)
  const deployment = new Deployment({
    url: proxy.url,
    secret: server.secret,
    tokenSecret,
    origin,
    quick: true,
    ...target
  })
  const [finding] = await walk(wanted, deployment)
  assert.isDefined(finding, `there is no row ${name}`)
  return finding
}

const rewritten = (path: string, change: (body: Record<string, unknown>) => object) => ({
  answer: (answer: Answered, { url }: { readonly url?: string | undefined }) => {
    if (url === path) answer.text = JSON.stringify(change(JSON.parse(answer.text) as Record<string, unknown>))
  }
})
const ill = (name: string, of: object) =>
  rewritten("/health", (body) => {
    const models = body["models"] as Record<string, object>
    return { ...body, models: { ...models, [name]: { ...models[name], ...of } } }
  })
const without = (header: string): Spoil => ({
  answer: ({ headers }) => void delete headers[header]
})
const remembered = (): Spoil => {
  const kept = new Map<string, string>()
  return {
    answer: (answer, { method, url = "" }) => {
      if (method !== "GET") return
      answer.text = kept.get(url) ?? answer.text
      kept.set(url, answer.text)
    }
  }
}

describe("each row fails where it should", () => {
  it.each<[what: string, row: string, spoil: () => Spoil, fault: RegExp]>([
    ["another service answers", "reached", () => rewritten("/", () => ({ name: "nginx" })), /no Sawt/],
    [
      "it runs as in development",
      "environment",
      () => rewritten("/", (body) => ({ ...body, environment: "development" })),
      /weak/
    ],
    ["it is degraded", "health", () => rewritten("/health", (body) => ({ ...body, status: "degraded" })), /degraded/],
    [
      "recognition is stood in for",
      "stt",
      () => ill("stt", { degraded: true, reason: "too little memory" }),
      /too little memory/
    ],
    ["detection has failed", "vad", () => ill("vad", { status: "failed" }), /failed/],
    ["the voice is loading", "tts", () => ill("tts", { status: "loading" }), /loading/],
    [
      "nothing can be kept",
      "storage",
      () => rewritten("/health", (body) => ({ ...body, storage: { status: "failed", reason: "disk full" } })),
      /disk full/
    ],
    [
      "errors are made pages",
      "errors",
      () => ({
        answer: (answer) => {
          if (answer.status === 404) answer.text = "<h1>Not found</h1>"
        }
      }),
      /unknown path says nothing typed/
    ],
    ["the policy of pages is lost", "headers", () => without("content-security-policy"), /Content-Security-Policy/],
    ["TLS is not insisted on", "headers", () => without("strict-transport-security"), /Strict-Transport-Security/],
    [
      "every origin is let in",
      "origins",
      () => ({
        answer: ({ headers }, request) => void (headers["access-control-allow-origin"] = request.headers.origin ?? "*")
      }),
      /any origin may read/
    ],
    [
      "Host is not passed on",
      "origins",
      () => ({ request: (headers) => void (headers.host = "sawt:8080") }),
      /pass Host on/
    ],
    ["long connections are cut", "hears", () => ({ cutAfterBytes: 20_000 }), /closed/],
    ["what was to be said never comes", "speaks", () => ({ cutAfterBytes: 100 }), /closed/],
    ["the interview is cut off", "interview", () => ({ cutAfterBytes: 100 }), /cut off|closed/],
    ["who sends nonsense is cut off", "validation", () => ({ cutAfterBytes: 100 }), /closed/],
    [
      "a token is added for everybody",
      "refused",
      () => ({ request: (headers) => void (headers.authorization ??= `Bearer ${token}`) }),
      /without a token is 101/
    ],
    ["WebSockets are not passed on", "accepted", () => ({ noUpgrades: true }), /a token as header is 426/],
    ["answers are cached", "sessions", remembered, /session/],
    ["few connections are let through", "slots", () => ({ socketsMax: 4 }), /only 4 sockets of 10/],
    [
      "the admin secret is added for everybody",
      "admin",
      () => ({ request: (headers) => void (headers.authorization = `Bearer ${server.secret}`) }),
      /\/admin\/sessions for anybody is 200/
    ],
    [
      "every request has an address of its own",
      "rate",
      () => ({ request: (headers) => void (headers["x-forwarded-for"] = anyAddress()) }),
      /were let pass/
    ],
    [
      "a forged address is believed",
      "rate",
      () => ({
        request: (headers, request) =>
          void (headers["x-forwarded-for"] = String(request.headers["x-forwarded-for"] ?? proxy.address))
      }),
      /TRUSTED_PROXY_HOPS/
    ]
  ])("%s: %s", async (_, row, spoil, fault) => {
    token ??= await new Deployment({ url: server.url, secret: server.secret, quick: true }).token("voice")
    proxy.spoil = spoil()
    const { status, found, repair } = await rowOf(row)
    assert.strictEqual(status, "fail", found)
    assert.match(found, fault)
    assert.isDefined(repair)
  })

  it("a token that has expired is refused for another reason: expiry", async () => {
    const { status, found } = await rowOf("expiry", { tokenSecret: randomBytes(32).toString("hex") })
    assert.strictEqual(status, "fail")
    assert.include(found, "an expired token says unauthorized, not token_expired")
  })

  it("it is reached without TLS from elsewhere: transport", async () => {
    const { status, found } = await rowOf("transport", { url: "http://voice.clinic.example" })
    assert.strictEqual(status, "fail")
    assert.include(found, "without TLS")
  })
})

let token: string | undefined
const anyAddress = () => `198.51.${randomBytes(1)[0] ?? 0}.${randomBytes(1)[0] ?? 0}`
