/**
 * The outbox: what the webhook is to be told, written in the transaction of what it tells of, and kept until it has been
 * taken or given up. A row names what it is about and nothing more, so none of it is personal. An event has the same id
 * whenever it is written or sent; whoever receives one twice knows it by that.
 */
import { Context, type Result } from "effect"
import type { StoreError } from "#schemas/record.ts"
import type { Cursor } from "./clinic.ts"

export type EventType = "alert.raised" | "alert.reminder" | "response.completed"
/** `dead`: given up after too long; it can be sent anew by hand. */
export type DeliveryState = "pending" | "delivered" | "dead"

export interface Delivery {
  readonly id: string
  readonly type: EventType
  /** Id of the alert or response. */
  readonly about: string
  /** Of the response; which reminder. */
  readonly version: number
  readonly createdAtMs: number
  /** Later than `createdAtMs` where it was sent anew by hand. */
  readonly triedSinceMs: number
  readonly state: DeliveryState
  readonly attempts: number
  /** Of one that is pending. */
  readonly nextAtMs: number
  /** Why the last attempt failed. */
  readonly fault?: string
}

/** What became of an attempt. */
export type Attempt =
  | { readonly state: "delivered" }
  | { readonly state: "pending"; readonly fault: string; readonly nextAtMs: number }
  | { readonly state: "dead"; readonly fault: string }

export interface DeliveryQuery {
  readonly state?: DeliveryState
  readonly after?: Cursor
  readonly limit: number
}

export interface DeliveryPage {
  readonly items: ReadonlyArray<Delivery>
  readonly next?: Cursor
}

export interface DeliveryCounts {
  readonly pending: number
  readonly dead: number
  /** Of those that are pending. */
  readonly oldestAtMs?: number
}

export class Deliveries extends Context.Service<
  Deliveries,
  {
    /** Those whose time has come, alerts first. */
    readonly due: (nowMs: number, count: number) => Result.Result<ReadonlyArray<Delivery>, StoreError>
    /** When the next one is due; undefined: none is pending. */
    readonly nextAtMs: () => Result.Result<number | undefined, StoreError>
    readonly settle: (id: string, attempt: Attempt) => Result.Result<void, StoreError>
    /** The youngest first. */
    readonly list: (query: DeliveryQuery) => Result.Result<DeliveryPage, StoreError>
    /** Due now, whatever became of it. False: there is none. */
    readonly retry: (id: string) => Result.Result<boolean, StoreError>
    readonly counts: () => Result.Result<DeliveryCounts, StoreError>
    /** Told when one is due that was not before; returns how to be told no more. */
    readonly onDue: (listener: () => void) => () => void
  }
>()("sawt/store/Deliveries") {}
