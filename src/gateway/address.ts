/**
 * Who is calling. A forwarded address is believed only as far as our own proxies wrote it: `hops` entries from the right
 * of X-Forwarded-For. Where the list is shorter, or the entry is no address, the peer of the socket counts.
 */
import type { IncomingMessage } from "node:http"
import { isIPv4, isIPv6 } from "node:net"

/** `1.2.3.4:567` and `[::1]:567` lose their port, `::ffff:1.2.3.4` is IPv4, a zone is cut. Undefined: no address. */
const normalise = (text: string): string | undefined => {
  const bare = text
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, "$1")
    .replace(/%.*$/, "")
    .replace(/^::ffff:(?=\d+\.)/i, "")
  const address = isIPv4(bare) || isIPv6(bare) ? bare : bare.replace(/:\d+$/, "")
  return isIPv4(address) || isIPv6(address) ? address.toLowerCase() : undefined
}

export const clientAddress = (request: IncomingMessage, hops: number): string => {
  const peer = normalise(request.socket.remoteAddress ?? "") ?? "unknown"
  if (hops === 0) return peer
  const header = request.headers["x-forwarded-for"]
  const entries = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",")
  const entry = entries.at(-hops)
  return entries.length < hops || entry === undefined ? peer : (normalise(entry) ?? peer)
}

/** The key by which an address is limited: one household holds a whole IPv6 /64. */
export const limitKey = (address: string): string => {
  if (!isIPv6(address)) return address
  const [head = "", tail] = address.split("::")
  const left = head === "" ? [] : head.split(":")
  const right = tail === undefined || tail === "" ? [] : tail.split(":")
  // A dotted quad at the end (64:ff9b::192.0.2.1) stands for two groups; only the first four groups matter here.
  const quad = right.at(-1)?.includes(".") ? 1 : 0
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length - quad)
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(":")}::/64`
}
