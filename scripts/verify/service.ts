/** What anybody may look at: health, models, typed errors, headers, origins. */
import type { ErrorCode } from "#schemas/errors.ts"
import { warn } from "../doctor/finding.ts"
import { check, type Check, type Must } from "./check.ts"
import { type Answer, codeOf, type Deployment, fieldOf } from "./deployment.ts"

export const isThisMachine = ({ hostname }: URL): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

const foreignOrigin = "https://elsewhere.example"

const model = (name: "stt" | "vad" | "tts", called: string): Check =>
  check(name, "models.*.reason in /health says why; npm run doctor on the machine says more", async (at, must) => {
    const { text } = await at.request("/health")
    const field = (of: string) => fieldOf(text, "models", name, of)
    must(
      field("status") === "ready",
      `${called} is ${String(field("status"))}: ${String(field("reason") ?? "no reason")}`
    )
    must(field("degraded") === false, `a lesser one stands in for ${called}: ${String(field("reason") ?? "no reason")}`)
    return `${called} by ${String(field("backend"))} is ready`
  })

export const mustRefuse = (must: Must, what: string, answer: Answer, status: number, code: ErrorCode): void => {
  must(answer.status === status, `${what} is ${answer.status}, not ${status}`)
  must(codeOf(answer) === code, `${what} says ${String(codeOf(answer) ?? "nothing typed")}, not ${code}`)
  must(answer.headers.get("content-type")?.startsWith("application/json") === true, `${what} is no JSON`)
  must(answer.headers.has("x-request-id"), `${what} has no X-Request-Id`)
  must(!/\bat .+:\d+:\d+/.test(answer.text), `${what} shows a stack`)
}

const headersOfPage = async (at: Deployment, must: Must): Promise<string> => {
  const page = await at.request("/talk", { headers: { accept: "text/html" } })
  const policy = page.headers.get("content-security-policy") ?? ""
  must(page.status === 200, `/talk is ${page.status}`)
  must(policy.includes("default-src 'none'"), "/talk has no Content-Security-Policy of its own")
  must(!policy.includes("unsafe-inline"), "the policy of /talk has unsafe-inline")
  must(policy.includes("frame-ancestors 'none'"), "/talk may be framed")
  must(
    page.headers.get("permissions-policy")?.includes("microphone=(self)") === true,
    "/talk does not keep the microphone to itself"
  )
  must(page.headers.get("referrer-policy") === "no-referrer", "/talk tells others where one came from")
  const json = await at.request("/")
  for (const [path, { headers }] of [
    ["/talk", page],
    ["/", json]
  ] as const) {
    must(headers.get("x-content-type-options") === "nosniff", `${path} has no nosniff`)
    const isForGood = fieldOf(json.text, "environment") !== "production" || headers.has("strict-transport-security")
    must(isForGood, `${path} has no Strict-Transport-Security`)
  }
  return "policy, frames, microphone, sniffing, transport"
}

const origins = async (at: Deployment, must: Must): Promise<string> => {
  const token = `Bearer ${await at.token("voice")}`
  const preflightFrom = (origin: string) =>
    at.request("/auth/token", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" }
    })
  const from = (origin: string) => at.request("/", { headers: { origin } })
  const socketFrom = (origin: string) => at.upgrade("/ws/secure", { headers: { origin, authorization: token } })
  const lets = ({ headers }: Answer, origin: string) =>
    [origin, "*"].includes(headers.get("access-control-allow-origin") ?? "")

  must(!lets(await from(foreignOrigin), foreignOrigin), "a page of any origin may read answers")
  must(!lets(await preflightFrom(foreignOrigin), foreignOrigin), "a page of any origin may send requests")
  mustRefuse(must, "a socket for a foreign page", await socketFrom(foreignOrigin), 403, "forbidden")
  const own = new URL(at.target.url).origin
  must((await socketFrom(own)).status === 101, "its own pages get no socket: the proxy must pass Host on as it came")
  const { origin } = at.target
  if (origin === undefined) return "foreign pages are kept out, its own let in (--origin tries one that you allow)"
  must(lets(await from(origin), origin), `${origin} may not read answers`)
  must(lets(await preflightFrom(origin), origin), `${origin} may not send requests`)
  must((await socketFrom(origin)).status === 101, `${origin} gets no socket`)
  return `foreign pages are kept out, its own and ${origin} let in`
}

export const reachedCheck: Check = {
  ...check("reached", "start the service, and see that its name leads to it", async (at) => {
    const { status, text } = await at.request("/")
    if (status !== 200 || fieldOf(text, "name") !== "sawt") throw new Error(`GET / is ${status} and no Sawt`)
    return `Sawt ${String(fieldOf(text, "version"))}`
  }),
  needed: true
}

export const serviceChecks: ReadonlyArray<Check> = [
  check("transport", "give it a name and a certificate, see docs/deploy-anywhere.md", async (at, must) => {
    const url = new URL(at.target.url)
    must(
      url.protocol === "https:" || isThisMachine(url),
      "without TLS what people say can be listened to, and browsers open no microphone"
    )
    return url.protocol === "https:" ? "TLS" : "on this machine"
  }),
  check("environment", "set VOICE_SERVICE_ENV=production", async (at, must) => {
    const { text } = await at.request("/")
    const environment = String(fieldOf(text, "environment"))
    must(environment === "production", `VOICE_SERVICE_ENV is ${environment}: weak secrets are let pass`)
    return environment
  }),
  check("health", "status, models and storage in /health say what is lacking", async (at, must) => {
    const { status, text } = await at.request("/health")
    must(status === 200, `/health is ${status}`)
    must(fieldOf(text, "status") === "healthy", `it says ${String(fieldOf(text, "status"))}`)
    for (const probe of ["/livez", "/readyz"]) {
      const { status } = await at.request(probe)
      must(status === 200, `${probe} is ${status}`)
    }
    return "healthy, alive and ready"
  }),
  model("stt", "recognition"),
  model("vad", "detection of speech"),
  model("tts", "the voice"),
  check("storage", "storage.reason in /health says why", async (at, must) => {
    const { text } = await at.request("/health")
    const status = String(fieldOf(text, "storage", "status"))
    must(status === "ready", `storage is ${status}: ${String(fieldOf(text, "storage", "reason") ?? "no reason")}`)
    return "answers are kept"
  }),
  check("questionnaires", "the log names each that is refused and why", async (at) => {
    const { text } = await at.request("/questionnaires")
    const offered = (fieldOf(text, "questionnaires") ?? []) as ReadonlyArray<{ readonly id: string }>
    const found = offered.map(({ id }) => id).join(", ")
    return found !== "" && found.includes("phq-9")
      ? found
      : warn(
          "questionnaires",
          found === "" ? "none is offered" : `only ${found}`,
          "set HELPLINE_TEXT: those with a safety rule need it"
        )
  }),
  check("errors", "a proxy in between must hand on answers as they come", async (at, must) => {
    mustRefuse(must, "an unknown path", await at.request("/no-such-path"), 404, "not_found")
    const wrong = await at.request("/health", { method: "DELETE" })
    mustRefuse(must, "DELETE /health", wrong, 405, "method_not_allowed")
    must(wrong.headers.get("allow")?.includes("GET") === true, "DELETE /health says no Allow")
    mustRefuse(must, "GET /ws/secure without an upgrade", await at.request("/ws/secure"), 426, "upgrade_required")
    const asJson = { ...at.admin, "content-type": "application/json" }
    const post = (body: string) => at.request("/auth/token", { method: "POST", headers: asJson, body })
    mustRefuse(must, "a body that is no JSON", await post("{"), 400, "invalid_message")
    mustRefuse(must, "an unknown scope", await post('{"scope":"everything"}'), 400, "invalid_message")
    const huge = JSON.stringify({ scope: "voice", subject: "x".repeat(8_192) })
    mustRefuse(must, "a body that is too large", await post(huge), 413, "message_too_large")
    return "typed, with a request id, no stack"
  }),
  check("headers", "a proxy in between must not take headers away", headersOfPage),
  check("origins", "ALLOWED_ORIGINS names the pages of others; nothing in between may add CORS headers", origins)
]
