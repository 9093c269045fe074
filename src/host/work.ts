/**
 * What the models of this process have done: audio recognised, looked at or made, and the processor time that it took.
 * Time is taken of the whole process while any call is under way, all its threads added up, so that neither waiting nor
 * other processes make a model look slow, and idle hours do not either. One meter for a process.
 */
import type { HostWork } from "#schemas/host.ts"

class WorkMeter {
  #calls = 0
  #sinceFirst: NodeJS.CpuUsage | undefined
  #cpuMicroseconds = 0
  #audioMs = 0

  /** A call begins; calls may overlap. */
  begin(): void {
    if (this.#calls++ === 0) this.#sinceFirst = process.cpuUsage()
  }

  end(): void {
    if (--this.#calls > 0) return
    this.#cpuMicroseconds += this.#underWay
    this.#sinceFirst = undefined
  }

  did(audioMs: number): void {
    this.#audioMs += audioMs
  }

  get total(): HostWork {
    return { audioMs: this.#audioMs, cpuMs: (this.#cpuMicroseconds + this.#underWay) / 1_000 }
  }

  get #underWay(): number {
    if (this.#sinceFirst === undefined) return 0
    const { user, system } = process.cpuUsage(this.#sinceFirst)
    return user + system
  }
}

export const work = new WorkMeter()
