/** What an interview has been told, in the order of its log. A log is the truth; this is what it comes to. */
import type { Answer, RecordedAnswer, RecordEntry } from "#schemas/record.ts"
import type { Plan } from "./plan.ts"
import { indexOf } from "./plan-index.ts"

/** The number of each occurrence around and of an item that repeats, from 0, outermost first. */
export type At = ReadonlyArray<number>

export const startsWith = (at: At, prefix: At): boolean => prefix.every((nth, index) => at[index] === nth)

export interface Loop {
  readonly count: number
  /** Nobody is asked for another one. */
  readonly closed: boolean
}

export interface KeptAnswer extends RecordedAnswer {
  /** One of several that were said in one breath. */
  readonly ofSeveral?: true
}

export interface Kept {
  /** Those of disabled items too: they count again when their item does. */
  readonly answers: Readonly<Record<string, KeptAnswer>>
  readonly skipped: Readonly<Record<string, true>>
  readonly loops: Readonly<Record<string, Loop>>
}

export const nothingKept: Kept = { answers: {}, skipped: {}, loops: {} }

/** One name for each occurrence of an item. A linkId holds no bracket (`schemas/fhir.ts`). */
export const keyOf = (linkId: string, at: At = []): string => (at.length === 0 ? linkId : `${linkId}[${at.join(",")}]`)

const split = (key: string): readonly [linkId: string, at: At] => {
  const bracket = key.indexOf("[")
  return bracket < 0
    ? [key, []]
    : [
        key.slice(0, bracket),
        key
          .slice(bracket + 1, -1)
          .split(",")
          .map(Number)
      ]
}

/** Which occurrences of each item these keys name. */
export const placesOf = (keys: ReadonlyArray<string>): ReadonlyMap<string, ReadonlyArray<At>> => {
  const places = new Map<string, Array<At>>()
  for (const key of new Set(keys)) {
    const [linkId, at] = split(key)
    const known = places.get(linkId)
    if (known === undefined) places.set(linkId, [at])
    else known.push(at)
  }
  return places
}

const without = <Value>(record: Readonly<Record<string, Value>>, isOut: (key: string) => boolean) =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !isOut(key)))

const withOne = (plan: Plan, kept: Kept, record: KeptAnswer): Kept => {
  const { linkId, at = [] } = record
  const key = keyOf(linkId, at)
  const skipped = kept.skipped[key] === undefined ? kept.skipped : without(kept.skipped, (other) => other === key)
  const next = { ...kept, answers: { ...kept.answers, [key]: record }, skipped }
  const index = indexOf(plan)
  if (kept.answers[key] === undefined || index.find(linkId)?.item.loop === undefined) return next
  /** A list whose earlier entry is given anew is given anew from there. */
  const around = at.slice(0, -1)
  const nth = at.at(-1) ?? 0
  const isLater = (other: string): boolean => {
    const [otherLinkId, otherAt] = split(other)
    const isOf = otherLinkId === linkId || index.isAround(linkId, otherLinkId)
    return isOf && startsWith(otherAt, around) && (otherAt[around.length] ?? 0) > nth
  }
  return {
    answers: without(next.answers, isLater),
    skipped: without(next.skipped, isLater),
    loops: { ...without(next.loops, isLater), [keyOf(linkId, around)]: { count: nth + 1, closed: false } }
  }
}

/** All that was said in one breath. */
export const answersIn = ({ answer, more = [] }: Pick<RecordedAnswer, "answer" | "more">): ReadonlyArray<Answer> => [
  answer,
  ...more
]

/** Where each entry of a list goes that was said in one breath: the first to its question, the others to free places after it. */
export const entriesOf = (plan: Plan, kept: Kept, record: RecordedAnswer): ReadonlyArray<KeptAnswer> => {
  const { more = [], isLast: _, ...first } = record
  const list = indexOf(plan).listOf(record.linkId)
  const { linkId, at = [] } = first
  if (more.length === 0 || list === undefined) return [first]
  const { answers } = withOne(plan, kept, first)
  const entries: Array<KeptAnswer> = [{ ...first, ofSeveral: true }]
  const around = at.slice(0, list.depth)
  for (let nth = (at[list.depth] ?? 0) + 1; nth < (list.item.loop?.max ?? 0) && entries.length <= more.length; nth++) {
    const answer = more[entries.length - 1]
    const free = [...around, nth]
    if (answer === undefined || answers[keyOf(linkId, free)] !== undefined) continue
    entries.push({ ...first, at: free, answer, revised: false, ofSeveral: true })
  }
  return entries
}

/** Whether its list has room for all of them. */
export const hasRoomFor = (plan: Plan, kept: Kept, record: RecordedAnswer): boolean =>
  entriesOf(plan, kept, record).length === 1 + (record.more?.length ?? 0)

export const withAnswer = (plan: Plan, kept: Kept, record: RecordedAnswer): Kept => {
  let next = kept
  for (const entry of entriesOf(plan, kept, record)) next = withOne(plan, next, entry)
  const list = indexOf(plan).listOf(record.linkId)
  if (list?.item.loop === undefined || (record.more === undefined && record.isLast !== true)) return next
  const { depth, item } = list
  const { at = [] } = record
  const key = keyOf(item.linkId, at.slice(0, depth))
  const told = next.loops[key]?.count ?? 1
  const last = Math.max(...entriesOf(plan, kept, record).map((entry) => entry.at?.[depth] ?? 0))
  const count = Math.max(told, last + 1)
  return { ...next, loops: { ...next.loops, [key]: { count, closed: record.isLast === true } } }
}

export const withSkip = (kept: Kept, linkId: string, at: At = []): Kept => ({
  ...kept,
  skipped: { ...kept.skipped, [keyOf(linkId, at)]: true }
})

/** Whether there is another one than the `count` that there are. */
export const withAnother = (kept: Kept, linkId: string, at: At, count: number, wanted: boolean): Kept => ({
  ...kept,
  loops: { ...kept.loops, [keyOf(linkId, at)]: wanted ? { count: count + 1, closed: false } : { count, closed: true } }
})

export const keptBy = (plan: Plan, entries: ReadonlyArray<RecordEntry>): Kept => {
  let kept = nothingKept
  for (const entry of entries) {
    if (entry.type === "answer") kept = withAnswer(plan, kept, entry.record)
    if (entry.type === "skip") kept = withSkip(kept, entry.linkId, entry.at)
    if (entry.type === "another") kept = withAnother(kept, entry.linkId, entry.at ?? [], entry.count, entry.wanted)
  }
  return kept
}
