/** What a watcher is told, as server-sent events. Whoever reads too slowly is let go: a session never waits for an onlooker. */
import { Effect, Queue, Schedule, Stream } from "effect"
import type { InspectionEvent } from "#schemas/inspection.ts"
import type { Watcher } from "#src/session/inspection.ts"

const bufferedMax = 2_000
/** A proxy ends what is silent; so does our own server, after `limits.http.socketIdleMs`. */
const aliveEvery = "10 seconds"

const encoder = new TextEncoder()
const alive = encoder.encode(": alive\n\n")
const printed = (event: InspectionEvent): Uint8Array => encoder.encode(`data: ${JSON.stringify(event)}\n\n`)

/** Undefined: there is nothing to watch. */
export const watched = (
  begin: (watcher: Watcher) => (() => void) | undefined
): Stream.Stream<Uint8Array> | undefined => {
  const early: Array<InspectionEvent> = []
  let listener: Watcher = { tell: (event) => early.push(event), ended: () => {} }
  let isOver = false
  const stop = begin({
    tell: (event) => listener.tell(event),
    ended: () => {
      isOver = true
      listener.ended()
    }
  })
  if (stop === undefined) return undefined
  const events = Stream.callback<Uint8Array>(
    (queue) =>
      Effect.gen(function* () {
        yield* Effect.addFinalizer(() => Effect.sync(stop))
        const tell = (event: InspectionEvent) => {
          if (!Queue.offerUnsafe(queue, printed(event))) Queue.endUnsafe(queue)
        }
        for (const event of early) tell(event)
        listener = { tell, ended: () => void Queue.endUnsafe(queue) }
        if (isOver) Queue.endUnsafe(queue)
      }),
    { bufferSize: bufferedMax, strategy: "dropping" }
  )
  const beats = Stream.fromSchedule(Schedule.spaced(aliveEvery)).pipe(Stream.map(() => alive))
  return Stream.merge(events, beats, { haltStrategy: "left" })
}
