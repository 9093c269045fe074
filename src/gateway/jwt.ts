/**
 * What a JWT says, if one of these keys signed it with HS256. jose reads it and signs those that are issued, but hands
 * each verification to another thread (WebCrypto), which costs several times what it computes, for each client that
 * connects: the signature is checked here instead (decision TBD-signature-check), and held against jose's own check in
 * `test/gateway/token-parser.test.ts`. What its claims must be is `auth.ts`'s matter.
 */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto"
import { Result } from "effect"
import { decodeJwt, decodeProtectedHeader, type JWTPayload } from "jose"

const algorithm = "HS256"
/** Of the tokens that are issued here, which need no second look. */
export const protectedHeader = { alg: algorithm, typ: "JWT" }
const ownHeader = Buffer.from(JSON.stringify(protectedHeader)).toString("base64url")

/** Characters; as the wire's `session.refresh` has it. */
const lengthMax = 4_096

export type JwtFault = "malformed" | "algorithm" | "signature"

/** `keys`: any of them may have signed it. Without waiting for anything. */
export const readJwt = (token: string, keys: ReadonlyArray<KeyObject>): Result.Result<JWTPayload, JwtFault> => {
  const parts = token.length <= lengthMax ? /^([\w-]+)\.([\w-]+)\.([\w-]*)$/.exec(token) : null
  if (parts === null) return Result.fail("malformed")
  const [, header = "", payload = "", signature = ""] = parts
  const fault = header === ownHeader ? undefined : faultOfHeader(token)
  if (fault !== undefined) return Result.fail(fault)
  const signed = `${header}.${payload}`
  if (!keys.some((key) => isSignedBy(key, signed, signature))) return Result.fail("signature")
  try {
    return Result.succeed(decodeJwt(token))
  } catch {
    return Result.fail("malformed")
  }
}

const faultOfHeader = (token: string): JwtFault | undefined => {
  try {
    const { alg, crit } = decodeProtectedHeader(token)
    // An extension that must be understood is not: there is none.
    if (typeof alg !== "string" || alg === "" || crit !== undefined) return "malformed"
    return alg === algorithm ? undefined : "algorithm"
  } catch {
    return "malformed"
  }
}

/** Texts are compared, not bytes: decoders pass over unused bits, so that many texts would stand for one signature. */
const isSignedBy = (key: KeyObject, signed: string, signature: string): boolean => {
  const expected = Buffer.from(createHmac("sha256", key).update(signed).digest("base64url"))
  const presented = Buffer.from(signature)
  return presented.length === expected.length && timingSafeEqual(expected, presented)
}
