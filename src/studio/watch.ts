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

/** Looks on from when it is read until it is not, or until the session ends. `begin`: undefined where that is over already. */
export const watched = (begin: (watcher: Watcher) => (() => void) | undefined): Stream.Stream<Uint8Array> => {
  const events = Stream.callback<Uint8Array>(
    (queue) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const end = () => void Queue.endUnsafe(queue)
          const stop = begin({ tell: (event) => Queue.offerUnsafe(queue, printed(event)) || end(), ended: end })
          if (stop === undefined) end()
          return stop
        }),
        (stop) => Effect.sync(() => stop?.())
      ),
    { bufferSize: bufferedMax, strategy: "dropping" }
  )
  const beats = Stream.fromSchedule(Schedule.spaced(aliveEvery)).pipe(Stream.map(() => alive))
  return Stream.merge(events, beats, { haltStrategy: "left" })
}
