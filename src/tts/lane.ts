/**
 * One thing at a time, and what a person waits for first: work in the `live` lane goes before all work in the
 * `prepare` lane. What runs is never interrupted by what waits; waiting work whose fibre is interrupted leaves its lane.
 */
import { Effect } from "effect"

export type Lane = "live" | "prepare"

export class Lanes {
  readonly #waiting: Readonly<Record<Lane, Array<() => void>>> = { live: [], prepare: [] }
  #busy = false

  run<A, E, R>(lane: Lane, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(this.#enter(lane)), () =>
        Effect.ensuring(
          restore(work),
          Effect.sync(() => this.#leave())
        )
      )
    )
  }

  #enter(lane: Lane): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (!this.#busy) {
        this.#busy = true
        return resume(Effect.void)
      }
      const queue = this.#waiting[lane]
      const enter = (): void => resume(Effect.void)
      queue.push(enter)
      return Effect.sync(() => {
        const at = queue.indexOf(enter)
        // Called already: the place was given to a fibre that no longer takes it.
        if (at === -1) this.#leave()
        else queue.splice(at, 1)
      })
    })
  }

  #leave(): void {
    const next = this.#waiting.live.shift() ?? this.#waiting.prepare.shift()
    if (next === undefined) this.#busy = false
    else next()
  }
}
