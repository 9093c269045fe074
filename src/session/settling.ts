/** Waits, when a session is left, for the finals of what was said whole; at most `settleTimeoutMs`. */
import { Deferred, Effect } from "effect"
import { limits } from "#src/limits.ts"

export class Settling {
  #done: Deferred.Deferred<void> | undefined

  /** Whoever waits wants nothing new to be begun. */
  get begun(): boolean {
    return this.#done !== undefined
  }

  begin(): Deferred.Deferred<void> {
    return (this.#done ??= Deferred.makeUnsafe<void>())
  }

  /** `isSettled`: nothing is awaited even now. */
  wait(isSettled: boolean): Effect.Effect<void> {
    const done = this.begin()
    if (isSettled) this.finish()
    return Effect.asVoid(Effect.timeoutOption(Deferred.await(done), limits.settleTimeoutMs))
  }

  finish(): void {
    if (this.#done !== undefined) Deferred.doneUnsafe(this.#done, Effect.void)
  }
}
