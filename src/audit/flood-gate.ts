/**
 * Which events of a minute are written. What anybody on the network can cause is bounded, each kind by itself, so that a
 * flood of one hides no other; the rest of it is counted. What takes a credential or a consent is always written.
 */
import type { AuditEventName } from "#schemas/audit.ts"

const causedByAnybody: ReadonlySet<AuditEventName> = new Set(["token.refused", "admin.refused", "limit.refused"])

export class FloodGate {
  readonly #perMinute: number
  #seen = new Map<AuditEventName, number>()

  constructor(perMinute: number) {
    this.#perMinute = perMinute
  }

  admits(event: AuditEventName): boolean {
    if (!causedByAnybody.has(event)) return true
    const count = (this.#seen.get(event) ?? 0) + 1
    this.#seen.set(event, count)
    return count <= this.#perMinute
  }

  /** Begins to count anew; gives what was left out of the minute before. */
  nextMinute(): ReadonlyArray<readonly [event: AuditEventName, leftOut: number]> {
    const seen = [...this.#seen].filter(([, count]) => count > this.#perMinute)
    this.#seen = new Map()
    return seen.map(([event, count]) => [event, count - this.#perMinute] as const)
  }
}
