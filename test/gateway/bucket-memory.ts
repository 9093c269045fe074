/** A flood of distinct addresses in a process of its own, for what their buckets hold in memory: JSON on one line. */
import { Duration } from "effect"
import { BucketStore } from "#src/gateway/bucket-store.ts"
import { limits } from "#src/limits.ts"

const addresses = 1_000_000
const perMinute = 60
const megabyte = 1024 * 1024
const options = {
  tokens: 1,
  limit: perMinute,
  refillRate: Duration.millis(60_000 / perMinute),
  allowOverflow: false
} as const
const fresh = () => new BucketStore({ keysMax: limits.trackedKeysMax, nowMs: () => 1 })
const heapMb = (): number => {
  globalThis.gc?.()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return (heapUsed + external + arrayBuffers) / megabyte
}
const rounded = (mb: number): number => Math.round(mb * 10) / 10

const addressOf = (n: number): string => `2001:db8:${(n >> 16).toString(16)}:${(n & 0xffff).toString(16)}::/64`

/** Its bucket is emptied first; then come all the others, and it asks again. */
const debtor = "ip:203.0.113.7"
const before = heapMb()
const store = fresh()
for (let i = 0; i < perMinute; i++) store.take({ ...options, key: debtor })
let forgiven = 0
for (let n = 0; n < addresses; n++) {
  store.take({ ...options, key: `ip:${addressOf(n)}` })
  if (n % 1_000 === 0 && store.take({ ...options, key: debtor })[0] >= 0) forgiven++
}
const flooded = heapMb() - before

/** As much as Node's parser lets through, with the address cut out of its end. */
const beforeHeaders = heapMb()
const fromHeaders = fresh()
for (let n = 0; n < 20_000; n++) {
  const header = Buffer.from(`${"x".repeat(15_000)},198.051.${n >> 8}.${n & 255}`).toString("latin1")
  fromHeaders.take({ ...options, key: header.split(",").at(-1) ?? "" })
}
const held = heapMb() - beforeHeaders

process.stdout.write(
  JSON.stringify({
    addresses,
    tracked: store.tracked(),
    forgiven,
    heapMb: rounded(flooded),
    headersHeapMb: rounded(held),
    both: store.tracked() + fromHeaders.tracked()
  })
)
