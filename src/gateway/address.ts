/**
 * Who is calling. A forwarded address is believed only as far as our own proxies wrote it: `hops` entries from the right
 * of X-Forwarded-For. Where the list is shorter, or the entry is no address, the peer of the socket counts.
 */
import type { IncomingMessage } from "node:http"
import { isIPv4, isIPv6 } from "node:net"

const sum = (high: string, low: string): number => Number(high) * 256 + Number(low)

/** The eight groups of an IPv6 address; a dotted quad at its end (64:ff9b::192.0.2.1) stands for two. */
const groupsOf = (address: string): ReadonlyArray<number> => {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
    [sum(a, b), sum(c, d)].map((group) => group.toString(16)).join(":")
  )
  const [left = [], right = []] = hex.split("::").map((half) =>
    half
      .split(":")
      .filter((group) => group !== "")
      .map((group) => parseInt(group, 16))
  )
  return [...left, ...Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0), ...right]
}

/** IPv4 as a socket for both families writes it (RFC 4291, 2.5.5.2), in either notation. */
const unmapped = (address: string): string => {
  const groups = groupsOf(address)
  const [high = 0, low = 0] = groups.slice(6)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join(".") : address.toLowerCase()
}

/** `1.2.3.4:567` and `[::1]:567` lose their port, a zone is cut. Undefined: no address. */
const normalise = (text: string): string | undefined => {
  const bare = text
    .trim()
    .replace(/^\[(.*)\](:\d+)?$/, "$1")
    .replace(/%.*$/, "")
  const address = isIPv4(bare) || isIPv6(bare) ? bare : bare.replace(/:\d+$/, "")
  return isIPv4(address) ? address : isIPv6(address) ? unmapped(address) : undefined
}

export const clientAddress = (request: Pick<IncomingMessage, "headers" | "socket">, hops: number): string => {
  const peer = normalise(request.socket.remoteAddress ?? "") ?? "unknown"
  if (hops === 0) return peer
  const header = request.headers["x-forwarded-for"]
  const entry = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",").at(-hops)
  return normalise(entry ?? "") ?? peer
}

/** The key by which an address is limited: one household holds a whole IPv6 /64. */
export const limitKey = (address: string): string =>
  isIPv6(address)
    ? `${groupsOf(address)
        .slice(0, 4)
        .map((group) => group.toString(16))
        .join(":")}::/64`
    : address
