/** How fast a process works lately: of the totals that it tells, the part of the last half to whole minute. */
import type { HostWork } from "#schemas/host.ts"

const halfMs = 30_000
const nothing: HostWork = { audioMs: 0, cpuMs: 0 }

export class Pace {
  #total = nothing
  /** As they were at the last two half minutes. */
  #before = nothing
  #longBefore = nothing
  #markedAtMs = -Infinity

  note(total: HostWork, nowMs: number): void {
    this.#total = total
    if (nowMs - this.#markedAtMs < halfMs) return
    this.#markedAtMs = nowMs
    this.#longBefore = this.#before
    this.#before = total
  }

  get total(): HostWork {
    return this.#total
  }

  get recent(): HostWork {
    const { audioMs, cpuMs } = this.#longBefore
    return { audioMs: this.#total.audioMs - audioMs, cpuMs: this.#total.cpuMs - cpuMs }
  }
}
