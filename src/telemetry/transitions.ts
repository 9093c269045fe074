/** What the machines of a session do, as names of states: the regions that changed, from where to where. */
import type { AnyActorRef, InspectionEvent } from "xstate"
import type { Transition } from "./turn-record.ts"

type Value = string | { readonly [region: string]: Value | undefined }

/** `{ playback: { playing: "audible" } }` → `playback.playing.audible`, one for each parallel region. */
const paths = (value: Value, prefix = ""): ReadonlyArray<string> =>
  typeof value === "string"
    ? [prefix + value]
    : Object.entries(value).flatMap(([region, inner]) =>
        inner === undefined || (typeof inner === "object" && Object.keys(inner).length === 0)
          ? [prefix + region]
          : paths(inner, `${prefix}${region}.`)
      )

const regionOf = (path: string): string => path.slice(0, path.indexOf(".") < 0 ? undefined : path.indexOf("."))

export class Transitions {
  readonly #last = new Map<string, { readonly value: string; readonly paths: ReadonlyArray<string> }>()

  of(event: InspectionEvent): ReadonlyArray<Transition> {
    if (event.type !== "@xstate.snapshot") return []
    const actor = event.actorRef as AnyActorRef
    const isRoot = actor.sessionId === event.rootId
    if (!isRoot && actor.id !== "interview") return []
    const { value } = event.snapshot as { readonly value?: Value }
    if (value === undefined) return []
    const printed = JSON.stringify(value)
    const before = this.#last.get(actor.id)
    if (before?.value === printed) return []
    const now = paths(value)
    this.#last.set(actor.id, { value: printed, paths: now })
    if (before === undefined) return []
    const left = before.paths.filter((path) => !now.includes(path))
    const machine = isRoot ? ("session" as const) : ("interview" as const)
    const atMs = performance.now()
    return now
      .filter((path) => !before.paths.includes(path))
      .map((to) => ({
        atMs,
        machine,
        from: left.find((path) => !isRoot || regionOf(path) === regionOf(to)) ?? "",
        to,
        event: event.event.type
      }))
  }
}
