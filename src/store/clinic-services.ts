/** Responses and alerts as services over the database: each call is one transaction, and what does not open is damage. */
import { Effect, Result } from "effect"
import { StoreError } from "#schemas/record.ts"
import type { Alerts, Responses } from "./clinic.ts"
import type { Database, OpenDatabase } from "./database.ts"
import type { Deliveries } from "./deliveries.ts"
import { eraseSubject } from "./erasing.ts"
import * as alerts from "./kept-alerts.ts"
import * as deliveries from "./kept-deliveries.ts"
import * as responses from "./kept-responses.ts"
import type { Step } from "./kept-sessions.ts"
import { deleting } from "./shedding.ts"

/** What was sealed and does not open or decode is damage, not a bug. */
export const asCorrupt = (defect: unknown): Effect.Effect<never, StoreError> =>
  Effect.fail(
    defect instanceof StoreError
      ? defect
      : new StoreError({ reason: "corrupt", message: "What is kept cannot be read." })
  )

const runningOn =
  (database: Database) =>
  <A>(step: (open: OpenDatabase) => Step<A>, lasting = false): Effect.Effect<A, StoreError> =>
    Effect.suspend(() => Effect.fromResult(database.run((open) => Effect.catchDefect(step(open), asCorrupt), lasting)))

export const responsesOf = (database: Database): Responses["Service"] => {
  const run = runningOn(database)
  return {
    list: (query) => run((open) => responses.list(open, query)),
    get: (id) => run((open) => responses.get(open, id)),
    remove: (id, version) =>
      Effect.tap(
        run((open) => deleting(open.sql, "erased", responses.remove(open, id, version)), true),
        () => shed(database)
      ),
    eraseSubject: (subject) =>
      Effect.tap(
        run((open) => eraseSubject(open, subject), true),
        () => shed(database)
      )
  }
}

const shed = (database: Database): Effect.Effect<void> => Effect.sync(() => database.shed())

export const alertsOf = (database: Database, nowMs: () => number): Alerts["Service"] => {
  const run = runningOn(database)
  return {
    list: (query) => run((open) => alerts.list(open, query)),
    get: (id) => run((open) => alerts.get(open, id)),
    acknowledge: (id, by) => run((open) => alerts.acknowledge(open, id, { ...by, atMs: nowMs() }), true),
    unacknowledged: run(alerts.waiting)
  }
}

/** `wake`: those who wait for something to be due. */
export const deliveriesOf = (
  database: Database,
  nowMs: () => number,
  wake: { readonly tell: () => void; readonly listen: (listener: () => void) => () => void }
): Deliveries["Service"] => ({
  due: (atMs, count) => database.run((open) => deliveries.due(open, atMs, count), false),
  nextAtMs: () => database.run((open) => deliveries.nextAtMs(open), false),
  settle: (id, attempt) => database.run((open) => deliveries.settle(open, id, attempt), false),
  list: (query) => database.run((open) => deliveries.list(open, query), false),
  retry: (id) =>
    Result.map(
      database.run((open) => deliveries.retry(open, id, nowMs())),
      (isThere) => {
        if (isThere) wake.tell()
        return isThere
      }
    ),
  counts: () => database.run((open) => deliveries.counts(open), false),
  onDue: (listener) => wake.listen(listener)
})

export class Listeners {
  readonly #listeners = new Set<() => void>()

  readonly tell = (): void => this.#listeners.forEach((listener) => listener())

  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
