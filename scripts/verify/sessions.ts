/** Sessions are counted, shown to administrators, cleaned up however they end, and never more than there are slots. */
import { isIPv4 } from "node:net"
import { Client } from "../client.ts"
import { warn } from "../doctor/finding.ts"
import { check, type Check, type Must } from "./check.ts"
import { type Deployment, eventually, fieldOf } from "./deployment.ts"
import { isThisMachine, mustRefuse } from "./service.ts"

interface Listed {
  readonly id: string
  readonly connected: boolean
  readonly client_address: string | null
}

const listed = async (at: Deployment): Promise<ReadonlyMap<string, Listed>> => {
  const { text } = await at.request("/admin/sessions?limit=100", { headers: at.admin })
  return new Map(((fieldOf(text, "sessions") ?? []) as ReadonlyArray<Listed>).map((one) => [one.id, one]))
}

const isPrivate = (address: string): boolean =>
  isIPv4(address)
    ? /^(10|127|172\.(1[6-9]|2\d|3[01])|192\.168|169\.254)\./.test(address)
    : /^(::1$|f[cd]|fe80)/.test(address)

const open = (at: Deployment, token: string): Promise<Client> =>
  Client.open({ server: at.target.url, path: "/ws/secure", token })

const started = async (at: Deployment): Promise<{ readonly client: Client; readonly id: string }> => {
  const client = await open(at, await at.token("voice"))
  client.send({ type: "session.start" })
  return { client, id: (await client.next("session.ready")).session_id }
}

const counted = async (at: Deployment, must: Must) => {
  const before = await at.openSessions()
  const polite = await started(at)
  const cut = await started(at)
  try {
    must((await at.openSessions()).open >= 2, "/health does not count open sessions")
    const during = await listed(at)
    for (const { id } of [polite, cut]) must(during.get(id)?.connected === true, "a session is not in /admin/sessions")
    await polite.client.end()
    cut.client.socket.terminate()
    const isOver = await eventually(async () => (await at.openSessions()).open <= before.open)
    must(isOver, "slots do not come back within ten seconds (others may have come meanwhile: try again)")
    const after = await listed(at)
    must(!after.has(polite.id), "a session that was ended is still there")
    must(after.get(cut.id)?.connected !== true, "a session that was cut off counts as connected")
    const ended = await at.request(`/admin/sessions/${cut.id}`, { method: "DELETE", headers: at.admin })
    must(ended.status < 300 || ended.status === 404, `ending a session is ${ended.status}`)
    must(!(await listed(at)).has(cut.id), "a session that was ended by an administrator is still there")
    const address = during.get(polite.id)?.client_address ?? ""
    return !isThisMachine(new URL(at.target.url)) && isPrivate(address)
      ? warn(
          "sessions",
          `clients are all seen as ${address}`,
          "set TRUSTED_PROXY_HOPS to the number of proxies in front"
        )
      : `counted, listed and cleaned up; this client is ${address}`
  } finally {
    polite.client.socket.terminate()
    cut.client.socket.terminate()
  }
}

/** More sockets than this are not opened to see the limit. */
const socketsMax = 40

const limited = async (at: Deployment, must: Must) => {
  // Those of the rows before may still be on their way out.
  await eventually(async () => (await at.openSessions()).open === 0, 3_000)
  const { open: taken, max } = await at.openSessions()
  if (taken > 0)
    return warn(
      "slots",
      `${taken} of ${max} are taken: nobody is kept out to try it`,
      "try it while nobody is connected"
    )
  if (max > socketsMax)
    return warn("slots", `${max}: too many to try`, "test MAX_CONCURRENT_SESSIONS with a load generator")
  const token = await at.token("voice")
  const opened = await Promise.allSettled(Array.from({ length: max }, () => open(at, token)))
  const clients = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
  try {
    must(clients.length === max, `only ${clients.length} sockets of ${max} could be opened at once`)
    const over = await at.upgrade("/ws/secure", { headers: { authorization: `Bearer ${token}` } })
    mustRefuse(must, "one session too many", over, 503, "sessions_full")
    must(over.headers.has("retry-after"), "503 says no Retry-After")
  } finally {
    for (const { socket } of clients) socket.terminate()
  }
  must(await eventually(async () => (await at.openSessions()).open === 0), "slots do not come back within ten seconds")
  return `${max} at once, no more; they come back`
}

export const sessionChecks: ReadonlyArray<Check> = [
  check("sessions", "GET /admin/sessions shows who holds them", counted),
  check("slots", "see MAX_CONCURRENT_SESSIONS in docs/reference/config.md", limited)
]
