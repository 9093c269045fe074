/**
 * The hosts of the configured model, which another version may take over while people talk: it is loaded beside the old
 * one and must recognise before anything is asked of it; then the old one goes, and what it was hearing is heard again by
 * the new one from its buffered audio (decision 009).
 */
import { Effect, Exit, Scope, Semaphore } from "effect"
import type { HostError, HostFault } from "#schemas/host.ts"
import type { Host } from "#src/host/host.ts"
import { absentHost, ReplaceableHost } from "#src/host/replaceable.ts"
import { whenReady } from "#src/host/start.ts"

export interface RenewableHosts {
  readonly hosts: ReadonlyArray<Host>
  /** Fails with why the new version cannot serve; then the old one still does. */
  readonly renew: Effect.Effect<void, HostError>
}

interface Running {
  readonly host: Host
  readonly scope: Scope.Closeable
}

/** Whether another process as large as this one fits beside it. */
const hasRoomBeside = ({ host }: Running): boolean =>
  process.availableMemory() > (host.figures().serving?.memoryBytes ?? 0) * 1.25

/** `withheld`: they are not started, and say why; `renew` starts them. */
export const renewableHosts = Effect.fnUntraced(function* (
  count: number,
  start: Effect.Effect<Host, never, Scope.Scope>,
  withheld: HostFault | undefined
) {
  const own = yield* Effect.scope
  const begin: Effect.Effect<Running> = Effect.gen(function* () {
    const scope = yield* Scope.fork(own)
    return { host: yield* Scope.provide(start, scope), scope }
  })
  const end = ({ scope }: Running) => Scope.close(scope, Exit.void)
  const slots: Array<{ readonly host: ReplaceableHost; running: Running | undefined }> = []
  for (let at = 0; at < count; at++) {
    const running = withheld === undefined ? yield* begin : undefined
    const absent = absentHost("stt", withheld ?? { reason: "missing", message: "The model has not come yet." })
    slots.push({ host: new ReplaceableHost(running?.host ?? absent), running })
  }

  const renewOne = Effect.fnUntraced(function* (slot: (typeof slots)[number]) {
    const before = slot.running
    // Else the embedded model stands in for a moment.
    const beside = before === undefined || hasRoomBeside(before)
    if (!beside) yield* end(before)
    const next = yield* begin
    const ready = yield* whenReady(next.host).pipe(
      Effect.result,
      Effect.onInterrupt(() => end(next))
    )
    if (ready._tag === "Failure" && beside && before !== undefined) {
      yield* end(next)
      return yield* ready.failure
    }
    // One that cannot serve, where none did: it says why, and is looked at again now and then.
    slot.host.become(next.host)
    slot.running = next
    if (beside && before !== undefined) yield* end(before)
    if (ready._tag === "Failure") return yield* ready.failure
  })

  const one = yield* Semaphore.make(1)
  const renew = one.withPermit(Effect.forEach(slots, renewOne, { discard: true }))
  return { hosts: slots.map(({ host }) => host), renew } satisfies RenewableHosts
})
