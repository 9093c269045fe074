/**
 * Signs what the webhook sends as Standard Webhooks has it (standardwebhooks.com, version 1): HMAC-SHA256 over
 * `id.timestamp.body`, so that whoever receives it knows who sent it, that it was not changed, and that it is not an old one.
 */
import { createHmac } from "node:crypto"

const prefix = "whsec_"
/** As the specification has it: bytes of a secret. */
const secretBytes = { min: 24, max: 64 }

/** `whsec_` and base64, the prefix may be left out; undefined when it is neither or of the wrong length. */
export const webhookKey = (secret: string): Uint8Array | undefined => {
  const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const key = Buffer.from(text, "base64")
  return key.length >= secretBytes.min && key.length <= secretBytes.max ? key : undefined
}

export interface Signed {
  readonly id: string
  readonly timestampSeconds: number
  readonly body: string
}

export const signatureHeaders = (
  { id, timestampSeconds, body }: Signed,
  key: Uint8Array
): Readonly<Record<string, string>> => {
  const mac = createHmac("sha256", key).update(`${id}.${timestampSeconds}.${body}`).digest("base64")
  return { "webhook-id": id, "webhook-timestamp": String(timestampSeconds), "webhook-signature": `v1,${mac}` }
}
