/** Who is let in and who is not: tokens, sockets, administrators, and how often an address may ask. */
import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { Effect, Redacted } from "effect"
import { jwtKey, signJwt } from "#src/gateway/jwt.ts"
import { limits } from "#src/limits.ts"
import { tokenTtlSeconds } from "#src/gateway/auth.ts"
import { warn } from "../doctor/finding.ts"
import { check, type Check, type Must } from "./check.ts"
import { type Answer, codeOf, type Deployment, fieldOf } from "./deployment.ts"
import { mustRefuse } from "./service.ts"

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const refusedSockets = async (at: Deployment, must: Must): Promise<string> => {
  const none = await at.upgrade("/ws/secure")
  mustRefuse(must, "a socket without a token", none, 401, "unauthorized")
  must(none.headers.get("www-authenticate")?.startsWith("Bearer") === true, "the refusal says no WWW-Authenticate")
  const voice = await at.token("voice")
  const bent = voice.slice(0, -6) + (voice.endsWith("AAAAAA") ? "BBBBBB" : "AAAAAA")
  mustRefuse(must, "a forged token", await at.upgrade("/ws/secure", { headers: bearer(bent) }), 401, "unauthorized")
  const secretAsToken = await at.upgrade("/ws/secure", { headers: at.admin })
  mustRefuse(must, "the admin secret as a token", secretAsToken, 401, "unauthorized")
  const inUrl = await at.upgrade(`/ws/secure?token=${voice}`)
  mustRefuse(must, "a token in the URL", inUrl, 401, "unauthorized")
  const narrow = await at.upgrade("/ws/secure/healthcare", { headers: bearer(voice) })
  mustRefuse(must, "the healthcare socket with scope voice", narrow, 403, "forbidden")
  const asked = await at.request("/admission?path=/ws/secure")
  mustRefuse(must, "/admission without a token", asked, 401, "unauthorized")
  return "no token, a forged one, one in the URL, a narrow scope, the admin secret"
}

const acceptedSockets = async (at: Deployment, must: Must): Promise<string> => {
  const token = await at.token("voice")
  const byHeader = await at.upgrade("/ws/secure", { headers: bearer(token) })
  must(byHeader.status === 101, `a token as header is ${byHeader.status}`)
  const offered = { "sec-websocket-protocol": `sawt.v1, bearer.${token}` }
  const bySubprotocol = await at.upgrade("/ws/secure", { headers: offered })
  must(bySubprotocol.status === 101, `a token as subprotocol is ${bySubprotocol.status}`)
  must(bySubprotocol.headers.get("sec-websocket-protocol") === "sawt.v1", "the token of a browser is echoed")
  const { text } = await at.request("/")
  const basic = await at.upgrade("/ws")
  const isOpen = fieldOf(text, "endpoints", "basic") !== undefined
  // An address has two of these at most, and others behind it may hold them.
  must(isOpen ? [101, 429, 503].includes(basic.status) : basic.status === 404, `the basic socket is ${basic.status}`)
  return `by header and by subprotocol; the basic socket is ${isOpen ? "open" : "closed"}`
}

const validated = (at: Deployment, must: Must): Promise<string> =>
  at.session("voice", {}, async (client) => {
    for (const [what, text] of [
      ["text that is no JSON", "{"],
      ["an unknown field", '{"type":"ping","shout":true}']
    ] as const) {
      client.socket.send(text)
      const { code } = await client.next("error")
      must(code === "invalid_message", `${what} is ${code}`)
    }
    client.send({ type: "ping", id: "still-here" })
    await client.next("pong")
    return "malformed messages are refused, and the session goes on"
  })

const mustHaveExpired = (must: Must, answer: Answer) => {
  mustRefuse(must, "an expired token", answer, 401, "token_expired")
}

const expiry = async (at: Deployment, must: Must) => {
  const { tokenSecret, quick } = at.target
  if (tokenSecret !== undefined) {
    const nowSeconds = Math.floor(Date.now() / 1_000)
    const times = { issuedAtSeconds: nowSeconds - 120, expiresAtSeconds: nowSeconds - 60 }
    const key = await Effect.runPromise(jwtKey(Redacted.make(tokenSecret)))
    const token = await signJwt(key, { scope: "voice", jti: randomBytes(8).toString("hex") }, times)
    mustHaveExpired(must, await at.upgrade("/ws/secure", { headers: bearer(token) }))
    return "a token that expired a minute ago is refused, and the client told to fetch another"
  }
  if (quick) return warn("expiry", "not looked at", "leave out --quick, or set VOICE_SERVICE_TOKEN here")
  const ttl = tokenTtlSeconds.minimum
  const { text } = await at.request(`/auth/token?ttl_seconds=${ttl}`, { headers: at.admin })
  const token = String(fieldOf(text, "token"))
  must((await at.upgrade("/ws/secure", { headers: bearer(token) })).status === 101, "a token of a minute is refused")
  await sleep((ttl + limits.clockToleranceSeconds + 1) * 1_000)
  mustHaveExpired(must, await at.upgrade("/ws/secure", { headers: bearer(token) }))
  return "a token of a minute is refused after that minute"
}

const administration = async (at: Deployment, must: Must): Promise<string> => {
  for (const path of ["/admin/health", "/admin/sessions", "/admin/alerts"]) {
    const { status } = await at.request(path, { headers: at.admin })
    must(status === 200, `${path} is ${status} for the admin secret`)
  }
  // Two only: each costs the address as much as ten requests.
  mustRefuse(must, "/admin/sessions for anybody", await at.request("/admin/sessions"), 401, "unauthorized")
  const client = await at.request("/admin/health", { headers: bearer(await at.token("voice healthcare clinician")) })
  mustRefuse(must, "/admin/health for a client's token", client, 401, "unauthorized")
  return "open for the admin secret alone"
}

const tokens = async (at: Deployment, must: Must): Promise<string> => {
  const json = { ...at.admin, "content-type": "application/json" }
  const got = await at.request("/auth/token?ttl_seconds=60", { headers: at.admin })
  const posted = await at.request("/auth/token", { method: "POST", headers: json, body: '{"scope":"voice"}' })
  for (const [what, answer] of [
    ["GET /auth/token", got],
    ["POST /auth/token", posted]
  ] as const) {
    must(answer.status === 200, `${what} is ${answer.status}: does the service have this VOICE_SERVICE_SECRET?`)
    must(typeof fieldOf(answer.text, "token") === "string", `${what} gives no token`)
    must(answer.headers.get("cache-control") === "no-store", `${what} may be stored`)
  }
  return "given for the admin secret, not to be stored"
}

/** More requests than this are not sent to see a limit. */
const requestsMax = 300
/** Whoever writes an address into one of these is not believed by it. */
const forged = { "x-forwarded-for": "198.51.100.7", forwarded: "for=198.51.100.7", "x-real-ip": "198.51.100.7" }

const rate = async (at: Deployment, must: Must) => {
  const once = (headers = {}) => at.request("/", { headers, evenIfLimited: true })
  const first = await once()
  const policy = /^"ip";q=(\d+);w=60$/.exec(first.headers.get("ratelimit-policy") ?? "")
  must(policy !== null, "no RateLimit-Policy says what an address may ask")
  const limit = Number(policy?.[1] ?? 0)
  if (limit > requestsMax) {
    return warn(
      "rate",
      `${limit} requests a minute: too many to try`,
      "60 is enough for people, see RATE_LIMIT_PER_MINUTE"
    )
  }
  let refused: Answer | undefined
  let sent = 1
  while (refused === undefined && sent < limit + 60) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => once()))
    sent += answers.length
    refused = answers.find(({ status }) => status === 429)
  }
  if (refused === undefined)
    throw new Error(`${sent} requests in a row were let pass, and ${limit} a minute is the limit`)
  must(codeOf(refused) === "rate_limited", "429 says no code")
  must(Number(refused.headers.get("retry-after")) >= 1, "429 says no Retry-After")
  must((await at.request("/health", { evenIfLimited: true })).status === 200, "/health is limited: probes would fail")
  // A second's worth of requests may have come back meanwhile.
  const others = await Promise.all(Array.from({ length: 2 + Math.ceil(limit / 60) * 3 }, () => once(forged)))
  must(
    others.some(({ status }) => status === 429),
    "whoever forges X-Forwarded-For is not limited: TRUSTED_PROXY_HOPS is more than there are proxies"
  )
  return `${limit} requests a minute for an address; over it 429 until its time has come`
}

/** Without it hardly any other row can be looked at. */
export const tokenCheck: Check = {
  ...check("tokens", "set VOICE_SERVICE_SECRET to the service's own", tokens),
  needed: true
}

export const guardChecks: ReadonlyArray<Check> = [
  check("refused", "nothing in between may answer for the service", refusedSockets),
  check(
    "accepted",
    "a proxy must hand on Upgrade, Connection, Authorization and Sec-WebSocket-Protocol",
    acceptedSockets
  ),
  check("validation", "report it: the service should never take these", validated),
  check("expiry", "let both machines keep time by NTP", expiry)
]

/** Last: they use up what this address may ask. */
export const costlyChecks: ReadonlyArray<Check> = [
  check("admin", "nothing in between may answer for the service, or add an Authorization", administration),
  check("rate", "see RATE_LIMIT_PER_MINUTE and TRUSTED_PROXY_HOPS in docs/reference/config.md", rate)
]
