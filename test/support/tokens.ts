/** Tokens as an attacker, or another issuer with the secret, would make them. */
import { createHmac } from "node:crypto"
import { SignJWT } from "jose"

/** Right in everything but what `change` makes wrong; `undefined` leaves a claim out. */
export const claimsWith = (change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => {
  const now = Math.floor(Date.now() / 1_000)
  const claims = { iss: "sawt", aud: "sawt", iat: now, nbf: now, exp: now + 60, jti: "1", scope: "voice healthcare" }
  return Object.fromEntries(Object.entries({ ...claims, ...change }).filter(([, value]) => value !== undefined))
}

export const signed = (
  secret: string,
  change: Readonly<Record<string, unknown>> = {},
  alg = "HS256"
): Promise<string> => new SignJWT(claimsWith(change)).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))

export const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/** With any header, and HMAC-SHA256 over whatever it says. */
export const signedByHand = (secret: string | Buffer, header: object, claims: unknown = claimsWith()): string => {
  const text = `${encoded(header)}.${encoded(claims)}`
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`
}
