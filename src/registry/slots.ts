/**
 * Session slots. One is taken and given back in one synchronous step, so the cap holds exactly however many clients
 * arrive at once. Unauthenticated (basic) sessions hold a share of the slots, two per address; the oldest of them gives
 * way when an authenticated client finds every slot taken.
 */
import { Context } from "effect"
import type { Endpoint } from "#src/session/contract.ts"

const basicPerAddressMax = 2

export interface SlotRequest {
  readonly endpoint: Endpoint
  /** The address, or the network that counts as one. */
  readonly network: string
}

export interface Slot extends SlotRequest {
  /** Any number of times; the first gives the slot back. */
  readonly release: () => void
  /** Tells the holder to leave; set by the holder. The slot is already another's then. */
  onEvicted: () => void
}

export type SlotRefusal = "sessions_full" | "address_full" | "draining"

export class SlotTable {
  /** In order of arrival. */
  readonly #slots = new Set<Slot>()
  readonly #max: number
  readonly #basicMax: number
  #draining = false

  constructor(options: { readonly max: number; readonly basicMax: number }) {
    this.#max = options.max
    this.#basicMax = options.basicMax
  }

  reserve(request: SlotRequest): Slot | SlotRefusal {
    const refusal = this.refusalOf(request)
    if (refusal !== undefined) return refusal
    const evicted = this.#slots.size < this.#max ? undefined : this.#basic()[0]
    const slot: Slot = { ...request, release: () => void this.#slots.delete(slot), onEvicted: () => {} }
    evicted?.release()
    this.#slots.add(slot)
    evicted?.onEvicted()
    return slot
  }

  /** Why `reserve` would refuse now; takes nothing. */
  refusalOf(request: SlotRequest): SlotRefusal | undefined {
    if (this.#draining) return "draining"
    const full = this.#slots.size >= this.#max
    const basic = this.#basic()
    if (request.endpoint !== "basic") return full && basic.length === 0 ? "sessions_full" : undefined
    if (full || basic.length >= this.#basicMax) return "sessions_full"
    const sameAddress = basic.filter((slot) => slot.network === request.network)
    return sameAddress.length >= basicPerAddressMax ? "address_full" : undefined
  }

  /** From now on nobody is let in. */
  drain(): void {
    this.#draining = true
  }

  get draining(): boolean {
    return this.#draining
  }

  get counts(): { readonly open: number; readonly basic: number; readonly max: number } {
    return { open: this.#slots.size, basic: this.#basic().length, max: this.#max }
  }

  #basic(): ReadonlyArray<Slot> {
    return [...this.#slots].filter((slot) => slot.endpoint === "basic")
  }
}

export class Slots extends Context.Service<Slots, SlotTable>()("sawt/registry/Slots") {}
