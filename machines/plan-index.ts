/** Where each item of a plan stands: what is around it, and what of that repeats. Made once for each plan. */
import type { Plan, PlanItem } from "./plan.ts"

export interface ItemPlace {
  readonly item: PlanItem
  readonly parent: ItemPlace | undefined
  /** How many of the items around it repeat. */
  readonly depth: number
  /** The linkIds of what repeats around it, and of itself if it does. */
  readonly loops: ReadonlyArray<string>
}

export class PlanIndex {
  readonly #places = new Map<string, ItemPlace>()

  constructor(plan: Plan) {
    this.#add(plan.items, undefined)
  }

  #add(items: ReadonlyArray<PlanItem>, parent: ItemPlace | undefined): void {
    for (const item of items) {
      const around = parent?.loops ?? []
      const loops = item.loop === undefined ? around : [...around, item.linkId]
      const place = { item, parent, depth: around.length, loops }
      this.#places.set(item.linkId, place)
      this.#add(item.items, place)
    }
  }

  find(linkId: string): ItemPlace | undefined {
    return this.#places.get(linkId)
  }

  place(linkId: string): ItemPlace {
    const place = this.#places.get(linkId)
    if (place === undefined) throw new Error(`the plan has no item ${linkId}`)
    return place
  }

  /** How many repeating items are around both, for `to` itself among them. */
  sharedLoops(from: ItemPlace, to: ItemPlace): number {
    let shared = 0
    while (shared < from.depth && shared < to.loops.length && from.loops[shared] === to.loops[shared]) shared++
    return shared
  }

  /** What an entry of a list that was said at this question is an occurrence of: the question, or the group that it opens. */
  listOf(linkId: string): ItemPlace | undefined {
    const place = this.find(linkId)
    return place?.item.loop === undefined ? place?.parent : place
  }

  isAround(outer: string, inner: string): boolean {
    for (let place = this.find(inner)?.parent; place !== undefined; place = place.parent) {
      if (place.item.linkId === outer) return true
    }
    return false
  }
}

const indexes = new WeakMap<Plan, PlanIndex>()

export const indexOf = (plan: Plan): PlanIndex => {
  const known = indexes.get(plan) ?? new PlanIndex(plan)
  indexes.set(plan, known)
  return known
}
