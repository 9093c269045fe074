/** Seeded choices for whoever makes hostile input: the same seed and input number give the same bytes. */
import { oneOf, type Random, randomOf } from "../faults/random.ts"

export class Dice {
  readonly #random: Random

  constructor(seed: number, input: number) {
    this.#random = randomOf(Math.imul(seed, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b))
  }

  /** True once in so many times. */
  once(inTimes: number): boolean {
    return this.#random() * inTimes < 1
  }

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  /** A length, usually small, sometimes near the most. */
  length(most: number): number {
    return Math.floor(most * this.#random() ** (this.once(20) ? 0.2 : 6))
  }

  pick<A>(values: ReadonlyArray<A>): A {
    return oneOf(this.#random, values)
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at++) bytes[at] = this.#random() * 256
    return bytes
  }

  /** A few bytes changed, left out, put in, or said twice. */
  damaged(bytes: Buffer): Buffer {
    let damaged = bytes
    for (let times = this.whole(1, 4); times > 0; times--) {
      const at = this.whole(0, damaged.length)
      const until = Math.min(damaged.length, at + this.whole(1, 8))
      const [before, there, after] = [damaged.subarray(0, at), damaged.subarray(at, until), damaged.subarray(until)]
      const instead = this.pick([this.bytes(there.length), Buffer.alloc(0), Buffer.concat([there, there])])
      damaged = Buffer.concat([before, instead, after])
    }
    return damaged
  }
}
