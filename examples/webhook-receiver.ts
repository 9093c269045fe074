/**
 * What a clinic's own system does with the webhook: checks who sent it, forgets what it had before, says yes at once, and
 * then acts. Needs Node alone:
 *
 *   WEBHOOK_SECRET=whsec_… PORT=9000 node examples/webhook-receiver.ts
 *
 * Any library of Standard Webhooks (standardwebhooks.com) does the checking too.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import { createServer, type IncomingHttpHeaders, type Server } from "node:http"

export interface Event {
  readonly type: "alert.raised" | "alert.reminder" | "response.completed"
  readonly schema_version: number
  readonly timestamp: string
  /** Ids; who it is about and what was said is read with a clinician's token. */
  readonly data: Readonly<Record<string, string | number>>
}

/** An older one may be a copy that somebody sends again. */
const toleranceSeconds = 5 * 60
const bodyBytesMax = 64 * 1024
const idsRemembered = 10_000

/** Whether this body was sent, unchanged and now, by whoever holds the secret. */
export const isGenuine = (headers: IncomingHttpHeaders, body: string, secret: string, nowMs = Date.now()): boolean => {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = headers
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string") return false
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(nowMs / 1_000 - Number(timestamp)) > toleranceSeconds) return false
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
  const expected = Buffer.from(createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64"))
  // Several, separated by blanks, while a secret is being changed.
  return signatures.split(" ").some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ""))
    return signature.startsWith("v1,") && given.length === expected.length && timingSafeEqual(given, expected)
  })
}

/** `onEvent` is called once for each event, however often it comes. Whatever it throws has the event sent again. */
export const receiver = (secret: string, onEvent: (id: string, event: Event) => void): Server => {
  const seen = new Set<string>()
  return createServer((request, response) => {
    const answer = (status: number) => response.writeHead(status).end()
    const parts: Array<Buffer> = []
    let bytes = 0
    request.on("data", (part: Buffer) => {
      bytes += part.length
      if (bytes > bodyBytesMax) return request.destroy()
      parts.push(part)
    })
    request.on("end", () => {
      const body = Buffer.concat(parts).toString("utf8")
      if (request.method !== "POST" || !isGenuine(request.headers, body, secret)) return answer(401)
      const id = String(request.headers["webhook-id"])
      if (seen.has(id)) return answer(204)
      try {
        onEvent(id, JSON.parse(body) as Event)
      } catch {
        return answer(500)
      }
      seen.add(id)
      const oldest = seen.size > idsRemembered ? seen.values().next().value : undefined
      if (oldest !== undefined) seen.delete(oldest)
      return answer(204)
    })
  })
}

if (import.meta.main) {
  const { WEBHOOK_SECRET, PORT = "9000" } = process.env
  if (WEBHOOK_SECRET === undefined) throw new Error("WEBHOOK_SECRET is needed: the one that the service has.")
  receiver(WEBHOOK_SECRET, (id, { type, data }) => console.log(id, type, JSON.stringify(data))).listen(Number(PORT))
  console.log(`Listening on http://localhost:${PORT}`)
}
