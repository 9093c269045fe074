/** Tokens that nobody was issued, through the real server: each is refused before the upgrade, and counted by its reason. */
import { createHmac, generateKeyPairSync } from "node:crypto"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { decodeJwt, EncryptJWT, jwtVerify, SignJWT } from "jose"
import { WebSocket } from "ws"
import { closeOf, connect, connected, refused, securityOf, startServer, type TestServer } from "#test/support/server.ts"
import { claimsWith, encoded, signed, signedByHand } from "#test/support/tokens.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

let server: TestServer
const formerSecret = "the-former-signing-secret-of-32-bytes!"
const now = Math.floor(Date.now() / 1_000)
const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 })
const publicPem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString()
const publicDer = rsa.publicKey.export({ type: "spki", format: "der" })
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" })

beforeAll(async () => {
  server = await startServer(echoLayers(newSeen()), { VOICE_SERVICE_TOKEN_PREVIOUS: formerSecret })
})
afterAll(() => server.close())

type Make = () => string | Promise<string>
const own =
  (change: Record<string, unknown>): Make =>
  () =>
    signed(server.tokenSecret, change)
/** The header is the attacker's, the signature is right for it. */
const headed =
  (header: object): Make =>
  () =>
    signedByHand(server.tokenSecret, header)
const altered = async (change: (parts: [string, string, string]) => ReadonlyArray<string>): Promise<string> => {
  const parts = (await signed(server.tokenSecret)).split(".")
  return change(parts as [string, string, string]).join(".")
}
/** Decoders read the same bytes from it: the last character carries two unused bits. */
const respelled = (signature: string): string => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  return signature.slice(0, -1) + alphabet.charAt(alphabet.indexOf(signature.slice(-1)) ^ 1)
}

const attacks: ReadonlyArray<readonly [name: string, reason: string, make: Make]> = [
  ["with another secret", "signature", () => signed("another-secret-that-is-32-bytes-long!!")],
  ["with the admin secret", "signature", () => signed(server.adminSecret)],
  ["with a public key in PEM as the secret", "signature", () => signedByHand(publicPem, { alg: "HS256" })],
  ["with a public key in DER as the secret", "signature", () => signedByHand(publicDer, { alg: "HS256" })],
  ["with an empty secret", "signature", () => signedByHand("", { alg: "HS256", kid: "../../dev/null" })],
  [
    "with a key that it brings itself",
    "signature",
    () => signedByHand("mine", { alg: "HS256", jwk: { kty: "oct", k: Buffer.from("mine").toString("base64url") } })
  ],
  ["without a signature", "signature", () => altered(([header, payload]) => [header, payload, ""])],
  [
    "with a changed payload",
    "signature",
    () => altered(([header, , signature]) => [header, encoded(claimsWith({ scope: "clinician" })), signature])
  ],
  [
    "with a changed header",
    "signature",
    () => altered(([, payload, signature]) => [encoded({ alg: "HS256", kid: "1" }), payload, signature])
  ],
  ["by HS512", "algorithm", () => signed(server.tokenSecret, {}, "HS512")],
  ["by HS384", "algorithm", () => signed(server.tokenSecret, {}, "HS384")],
  ["by RS256", "algorithm", () => new SignJWT(claimsWith()).setProtectedHeader({ alg: "RS256" }).sign(rsa.privateKey)],
  ["by ES256", "algorithm", () => new SignJWT(claimsWith()).setProtectedHeader({ alg: "ES256" }).sign(ec.privateKey)],
  ["by HS256 and named RS256", "algorithm", headed({ alg: "RS256" })],
  ["by HS256 and named hs256", "algorithm", headed({ alg: "hs256" })],
  ["by nobody (none)", "algorithm", () => `${encoded({ alg: "none" })}.${encoded(claimsWith())}.`],
  ["by nobody (nOnE)", "algorithm", () => `${encoded({ alg: "nOnE" })}.${encoded(claimsWith())}.`],
  ["by HS256 and named none", "algorithm", headed({ alg: "none" })],
  ["by several algorithms", "malformed", headed({ alg: ["HS256"] })],
  ["by no algorithm", "malformed", headed({ typ: "JWT" })],
  ["with an extension that must be understood", "malformed", headed({ alg: "HS256", crit: ["exp"] })],
  ["with the signature in another spelling", "signature", () => altered(([a, b, c]) => [a, b, respelled(c)])],
  ["with the signature padded", "malformed", () => altered(([a, b, c]) => [a, b, `${c}=`])],
  ["in two parts", "malformed", () => altered(([a, b]) => [a, b])],
  [
    "and encrypted",
    "malformed",
    () =>
      new EncryptJWT(claimsWith())
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .encrypt(createHmac("sha256", server.tokenSecret).digest())
  ],
  ["that is no token", "malformed", () => "abc"],
  ["longer than any", "malformed", own({ filler: "x".repeat(4_096) })],
  ["whose claims are no object", "malformed", () => signedByHand(server.tokenSecret, { alg: "HS256" }, [1])],
  ["of another issuer", "issuer", own({ iss: "other" })],
  ["of several issuers", "issuer", own({ iss: ["sawt"] })],
  ["without issuer", "issuer", own({ iss: undefined })],
  ["for another audience", "audience", own({ aud: "other" })],
  ["for no audience", "audience", own({ aud: [] })],
  ["without audience", "audience", own({ aud: undefined })],
  ["not valid yet", "not_yet_valid", own({ nbf: now + 600 })],
  ["issued in the future", "not_yet_valid", own({ iat: now + 600, exp: now + 1_200 })],
  ["without expiry", "claims", own({ exp: undefined })],
  ["whose expiry is a text", "claims", own({ exp: String(now + 60) })],
  ["without nbf", "claims", own({ nbf: undefined })],
  ["without iat", "claims", own({ iat: undefined })],
  ["without id", "claims", own({ jti: undefined })],
  ["with an empty id", "claims", own({ jti: "" })],
  ["whose id is a number", "claims", own({ jti: 1 })],
  ["with a very long id", "claims", own({ jti: "x".repeat(129) })],
  ["without scope", "claims", own({ scope: undefined })],
  ["whose scope is a list", "claims", own({ scope: ["voice"] })],
  ["whose scope is null", "claims", own({ scope: null })],
  ["whose subject is a number", "claims", own({ sub: 7 })],
  ["whose subject is an object", "claims", own({ sub: { toString: "x" } })],
  ["whose subject is null", "claims", own({ sub: null })],
  ["with an empty subject", "claims", own({ sub: "" })],
  ["whose subject has a control character", "claims", own({ sub: "a\u0000b" })],
  ["whose subject is half a character", "claims", own({ sub: "\ud800" })],
  ["with a very long subject", "claims", own({ sub: "x".repeat(201) })],
  ["that lasts longer than we issue any", "lifetime", own({ exp: now + 25 * 3_600 })],
  ["that lasts for ever", "lifetime", own({ exp: Number.MAX_VALUE })],
  ["issued before time began", "lifetime", own({ iat: -Number.MAX_VALUE })]
]

describe("a token signed", () => {
  it.each(attacks)("%s is 401, tells nothing of why, and counts as %s", async (_, reason, make) => {
    const token = await make()
    const before = await securityOf(server)
    const { status, body, headers } = await refused(`${server.wsUrl}/ws/secure`, { token })
    assert.strictEqual(status, 401)
    assert.deepStrictEqual(body.error, { code: "unauthorized", message: "The token is not valid here." })
    assert.strictEqual(headers["www-authenticate"], 'Bearer realm="sawt", error="invalid_token"')
    const after = await securityOf(server)
    assert.deepStrictEqual(after.authentications_refused, {
      ...before.authentications_refused,
      [reason]: (before.authentications_refused[reason] ?? 0) + 1
    })
    assert.strictEqual(after.authentications_accepted, before.authentications_accepted)
    assert.strictEqual(after.slotsOpen, 0)
  })

  it("as it should be is accepted, also with the values at the edges of what is allowed", async () => {
    for (const change of [
      {},
      { aud: ["other", "sawt"] },
      { exp: now + 24 * 3_600, iat: now },
      { jti: "x".repeat(128), sub: "x".repeat(200) },
      { scope: "unknown  voice voice", sub: "مريض رقم ٧" }
    ]) {
      ;(await connected(`${server.wsUrl}/ws/secure`, { token: await signed(server.tokenSecret, change) })).terminate()
    }
  })

  it("and expired is 401 token_expired, since a fresh one repairs it, and counts as expired", async () => {
    const before = await securityOf(server)
    const token = await signed(server.tokenSecret, { exp: Math.floor(Date.now() / 1_000) - 6 })
    const { status, body, headers } = await refused(`${server.wsUrl}/ws/secure`, { token })
    assert.deepStrictEqual([status, body.error.code], [401, "token_expired"])
    const challenge = 'Bearer realm="sawt", error="invalid_token", error_description="expired"'
    assert.strictEqual(headers["www-authenticate"], challenge)
    const count = (counts: Awaited<ReturnType<typeof securityOf>>) => counts.authentications_refused["expired"] ?? 0
    assert.strictEqual(count(await securityOf(server)), count(before) + 1)
  })
})

describe("scopes", () => {
  it.each([
    ["/ws/secure/healthcare", "voice"],
    ["/ws/secure/healthcare", ""],
    ["/ws/secure", "clinician"],
    ["/ws/secure", "VOICE"],
    ["/ws/secure", "voice\thealthcare"],
    ["/ws/secure", "voice,healthcare"],
    ["/ws/secure", "constructor __proto__"]
  ])("%s with scope %j is 403 insufficient_scope, and counts as scope", async (path, scope) => {
    const before = (await securityOf(server)).authentications_refused["scope"] ?? 0
    const token = await signed(server.tokenSecret, { scope })
    const { status, body, headers } = await refused(server.wsUrl + path, { token })
    assert.deepStrictEqual([status, body.error.code], [403, "forbidden"])
    const needed = path.endsWith("healthcare") ? "healthcare" : "voice healthcare"
    const challenge = `Bearer realm="sawt", error="insufficient_scope", scope="${needed}"`
    assert.strictEqual(headers["www-authenticate"], challenge)
    assert.strictEqual((await securityOf(server)).authentications_refused["scope"], before + 1)
  })
})

describe("the way a token is sent", () => {
  const challengeOf = async (path: string, options: Parameters<typeof connect>[1] = {}) => {
    const { status, headers } = await refused(server.wsUrl + path, options)
    assert.strictEqual(status, 401)
    return headers["www-authenticate"]
  }

  it("none at all is challenged without an error, for nothing was wrong with it", async () => {
    assert.strictEqual(await challengeOf("/ws/secure"), 'Bearer realm="sawt"')
    const basic = { headers: { authorization: "Basic dTpw" } }
    assert.strictEqual(await challengeOf("/ws/secure", basic), 'Bearer realm="sawt"')
  })

  it("two different ones are an invalid request; the same one twice is one", async () => {
    const [one, two] = [await server.token(), await server.token()]
    const protocols = [`bearer.${two}`, "sawt.v1"]
    const challenge = await challengeOf("/ws/secure", { token: one, protocols })
    assert.strictEqual(challenge, 'Bearer realm="sawt", error="invalid_request"')
    ;(await connected(`${server.wsUrl}/ws/secure`, { token: two, protocols })).terminate()
  })

  it.each(["token", "access_token", "Bearer"])("in the query (%s) it is refused everywhere", async (name) => {
    const token = await server.token()
    for (const path of ["/ws/secure", "/ws/secure/healthcare", "/ws"]) {
      const challenge = await challengeOf(`${path}?${name}=${token}`, { token })
      assert.strictEqual(challenge, 'Bearer realm="sawt", error="invalid_request"')
    }
    const headers = { authorization: `Bearer ${token}` }
    for (const query of [
      `path=/ws/secure&${name}=${token}`,
      `path=${encodeURIComponent(`/ws/secure?${name}=${token}`)}`
    ]) {
      assert.strictEqual((await fetch(`${server.url}/admission?${query}`, { headers })).status, 401)
    }
    assert.strictEqual((await fetch(`${server.url}/admission?path=/ws/secure`, { headers })).status, 200)
  })

  it("/admission tells the same as the upgrade, and takes no slot", async () => {
    const tokens: ReadonlyArray<Make> = [own({ exp: now - 60 }), own({ iss: "x" }), own({ scope: "clinician" })]
    for (const make of tokens) {
      const token = await make()
      const upgrade = await refused(`${server.wsUrl}/ws/secure`, { token })
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetch(`${server.url}/admission?path=/ws/secure`, { headers })
      assert.strictEqual(response.status, upgrade.status)
      assert.strictEqual(response.headers.get("www-authenticate"), upgrade.headers["www-authenticate"])
      assert.deepStrictEqual(await response.json(), upgrade.body)
    }
    assert.strictEqual((await securityOf(server)).slotsOpen, 0)
  })
})

describe("a secret that is being rotated", () => {
  it("is accepted beside the new one, with which alone tokens are issued", async () => {
    ;(await connected(`${server.wsUrl}/ws/secure`, { token: await signed(formerSecret) })).terminate()
    const token = await server.token()
    await jwtVerify(token, new TextEncoder().encode(server.tokenSecret), { algorithms: ["HS256"] })
    let verifies = true
    await jwtVerify(token, new TextEncoder().encode(formerSecret)).catch(() => (verifies = false))
    assert.isFalse(verifies)
  })

  it("asks no less of a token than the new one", async () => {
    for (const [change, code] of [
      [{ exp: now - 60 }, "token_expired"],
      [{ aud: "other" }, "unauthorized"],
      [{ nbf: undefined }, "unauthorized"]
    ] as const) {
      const token = await signed(formerSecret, change)
      assert.strictEqual((await refused(`${server.wsUrl}/ws/secure`, { token })).body.error.code, code)
    }
    const { status } = await refused(`${server.wsUrl}/ws/secure`, { token: await signed(formerSecret, {}, "HS512") })
    assert.strictEqual(status, 401)
  })
})

describe("the only slot", () => {
  it("is never held by whoever has no valid token, however many there are", async () => {
    const single = await startServer(echoLayers(newSeen()), { MAX_CONCURRENT_SESSIONS: "1" })
    try {
      const bad = await signed("another-secret-that-is-32-bytes-long!!")
      const secure = `${single.wsUrl}/ws/secure`
      const attempts = Array.from({ length: 40 }, () => connect(secure, { token: bad }))
      const socket = await connected(secure, { token: await single.token() })
      for (const attempt of await Promise.all(attempts)) {
        assert.isFalse(attempt instanceof WebSocket)
        if (!(attempt instanceof WebSocket)) assert.strictEqual(attempt.status, 401)
      }
      // Also while it is taken: who may not come in is not told whether there is room.
      assert.strictEqual((await refused(secure, { token: bad })).status, 401)
      assert.strictEqual((await refused(secure, { token: await single.token() })).status, 503)
      socket.close()
      await closeOf(socket)
    } finally {
      await single.close()
    }
  })
})

describe("a token that is issued", () => {
  it("carries every claim that is asked back", async () => {
    const claims = decodeJwt(await server.token(["voice"], "patient-1"))
    assert.hasAllKeys(claims, ["iss", "aud", "iat", "nbf", "exp", "jti", "scope", "sub"])
  })
})
