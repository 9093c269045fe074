/** Totals and their bands: `sum-of` adds up the points of the options chosen. Pure. */
import type { Evaluated, Form, Instance } from "#machines/form.ts"
import { keyOf } from "#machines/kept.ts"
import type { Plan, PlanScore } from "#machines/plan.ts"
import type { Score } from "#schemas/wire.ts"

export const instancesOf = (instances: ReadonlyArray<Instance>): ReadonlyArray<Instance> =>
  instances.flatMap((instance) => [instance, ...instancesOf(instance.items)])

const pointsAt = (plan: Plan, { item, answers }: Instance): number | undefined => {
  const options = item.question === undefined ? item.options : plan.questions[item.question]?.options
  const codes = answers.flatMap(({ value }) => (Array.isArray(value) ? value : [String(value)]))
  const points = codes.map((code) => options?.find((option) => option.code === code)?.points)
  return points.length > 0 && points.every((value) => value !== undefined)
    ? points.reduce((sum, value) => sum + value, 0)
    : undefined
}

/** A total exists only when no more answers are missing than the instrument allows. */
const sumOf = (plan: Plan, { sumOf: parts, missingMax = 0 }: PlanScore, all: ReadonlyArray<Instance>) => {
  const points = parts.map((part) => {
    const instance = all.find(({ item }) => item.linkId === part)
    return instance === undefined ? undefined : pointsAt(plan, instance)
  })
  const known = points.filter((value) => value !== undefined)
  if (known.length === 0 || points.length - known.length > missingMax) return undefined
  const sum = known.reduce((total, value) => total + value, 0)
  return known.length === points.length ? sum : Math.round((sum / known.length) * points.length)
}

export const sumsOf = (plan: Plan, form: Form): Evaluated["values"] => {
  const all = instancesOf(form.items)
  return Object.fromEntries(
    plan.scores.flatMap((score) => {
      if (score.sumOf.length === 0) return []
      const value = sumOf(plan, score, all)
      return value === undefined ? [] : [[keyOf(score.linkId), [{ value, display: String(value) }]]]
    })
  )
}

/** What totals come to; one whose item is disabled, or whose answers are missing, is not there. */
export const scoresOf = (plan: Plan, form: Form): ReadonlyArray<Score> => {
  const all = instancesOf(form.items)
  return plan.scores.flatMap(({ linkId, text, bands }) => {
    const value = all.find(({ item }) => item.linkId === linkId)?.answers[0]?.value
    if (typeof value !== "number") return []
    const band = bands.find(({ min, max }) => min <= value && value <= max)
    return [
      {
        id: linkId,
        ...(text === undefined ? {} : { text }),
        value,
        ...(band === undefined ? {} : { band: band.display }),
        ...(band?.text === undefined ? {} : { band_text: band.text })
      }
    ]
  })
}
