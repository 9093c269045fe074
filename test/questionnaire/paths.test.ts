/** Ways through a questionnaire, counted, against every answer tried one by one. */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { formOf } from "#machines/form.ts"
import { type Kept, nothingKept, withAnother, withAnswer } from "#machines/kept.ts"
import type { Plan, PlanItem, PlanQuestion } from "#machines/plan.ts"
import { load } from "#src/questionnaire/load.ts"
import { pathsOf } from "#src/questionnaire/paths.ts"
import { fill, randomOf } from "#test/support/fill.ts"
import { planOf } from "#test/support/plan.ts"

const yesNo = (linkId: string): PlanQuestion => ({
  linkId,
  text: linkId,
  spokenText: linkId,
  itemType: "boolean",
  options: [],
  required: true,
  confirm: "low"
})

type Conditions = Readonly<Record<string, PlanItem["enableWhen"]>>

const planWith = (linkIds: ReadonlyArray<string>, conditions: Conditions): Plan => {
  const plan = planOf(linkIds.map(yesNo))
  return {
    ...plan,
    items: plan.items.map((item) => {
      const enableWhen = conditions[item.linkId]
      return enableWhen === undefined ? item : { ...item, enableWhen }
    })
  }
}

const when = (question: string, value: boolean) => ({
  behavior: "all" as const,
  tests: [{ question, operator: "=" as const, value }]
})

/** Every sequence of questions that some answers lead to. */
const sequences = (plan: Plan, kept: Kept = nothingKept, asked: ReadonlyArray<string> = []): ReadonlySet<string> => {
  const step = formOf(plan, kept).steps.find(({ isOpen }) => isOpen)
  if (step === undefined) return new Set([asked.join(" ")])
  const found = [true, false].flatMap((value) => {
    const { linkId, at, asks, count } = step
    if (asks === "another") {
      if (value && count > 0) return []
      return [...sequences(plan, withAnother(kept, linkId, at, count, value), asked)]
    }
    const record = { linkId, at, answer: { value, display: "" }, via: "touch" as const, revised: false }
    return [...sequences(plan, withAnswer(plan, kept, record), [...asked, linkId])]
  })
  return new Set(found)
}

describe("ways through a questionnaire", () => {
  it("are one without conditions, and each branch makes more", () => {
    assert.deepEqual(pathsOf(planWith(["a", "b"], {})), { count: 1, shortest: 2, longest: 2, tooMany: false })
    const both = planWith(["a", "b", "c"], { b: when("a", true), c: when("a", true) })
    assert.deepEqual(pathsOf(both), { count: 2, shortest: 1, longest: 3, tooMany: false })
    const apart = planWith(["a", "b", "c", "d"], { b: when("a", true), d: when("c", true) })
    assert.deepEqual(pathsOf(apart), { count: 4, shortest: 2, longest: 4, tooMany: false })
  })

  it("are as many, as short and as long as trying every answer finds", () => {
    const linkIds = ["a", "b", "c", "d", "e", "f"]
    for (let seed = 1; seed <= 80; seed++) {
      const random = randomOf(seed)
      const conditions: Record<string, PlanItem["enableWhen"]> = {}
      for (const [index, linkId] of linkIds.entries()) {
        if (index === 0 || random() < 0.35) continue
        const tests = Array.from({ length: random() < 0.4 ? 2 : 1 }, () => ({
          question: linkIds[Math.floor(random() * index)] ?? "a",
          operator: random() < 0.2 ? ("exists" as const) : ("=" as const),
          value: random() < 0.5
        }))
        conditions[linkId] = { behavior: random() < 0.5 ? "all" : "any", tests }
      }
      const plan = planWith(linkIds, conditions)
      const lengths = [...sequences(plan)].map((sequence) => sequence.split(" ").length)
      const expected = {
        count: lengths.length,
        shortest: Math.min(...lengths),
        longest: Math.max(...lengths),
        tooMany: false
      }
      assert.deepEqual(pathsOf(plan), expected, `seed ${seed} ${JSON.stringify(conditions)}`)
    }
  })

  it("tell when there are too many to be walked", () => {
    const linkIds = Array.from({ length: 24 }, (_, index) => `q${index}`)
    const conditions = Object.fromEntries(linkIds.slice(12).map((linkId, index) => [linkId, when(`q${index}`, true)]))
    const plan = planWith(linkIds, conditions)
    assert.deepEqual(pathsOf(plan), { count: 4_096, shortest: 12, longest: 24, tooMany: false })
    assert.isTrue(pathsOf(plan, undefined, 500).tooMany)
  })

  it("of the intake hold whatever random answers ask", () => {
    const file = new URL("../../questionnaires/intake.ar.json", import.meta.url)
    const intake = Effect.runSync(load("intake", readFileSync(file, "utf8")))
    const { count, shortest, longest } = pathsOf(intake.plan)
    assert.isAbove(count, 100)
    for (let seed = 1; seed <= 5; seed++) {
      const { asked } = fill(intake, seed, { skips: 0 })
      assert.isAtLeast(asked.size, shortest)
      assert.isAtMost(asked.size, longest)
    }
  })
})
