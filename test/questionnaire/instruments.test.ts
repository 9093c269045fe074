/** Whoever calls a questionnaire by the name of an instrument relies on its being that instrument (R7.6). */
import { Effect, Result } from "effect"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { load, restore } from "#src/questionnaire/load.ts"

interface Item {
  linkId: string
  type: string
  required?: boolean
  readOnly?: boolean
  enableWhen?: unknown
  extension?: Array<{ url: string; valueString?: string }>
  answerOption?: Array<{ extension?: Array<{ url: string; valueDecimal?: number }> }>
  item?: Array<Item>
}
interface Source {
  title?: string
  name?: string
  code?: unknown
  item: Array<Item>
}

const shipped = (id: string): Source =>
  JSON.parse(readFileSync(new URL(`../../questionnaires/${id}.ar.json`, import.meta.url), "utf8")) as Source

const stemOf = ({ item }: Source): Item => item[0] ?? assert.fail("no stem")
const itemOf = (source: Source, linkId: string): Item =>
  stemOf(source).item?.find((item) => item.linkId === linkId) ??
  source.item.find((item) => item.linkId === linkId) ??
  assert.fail(linkId)

const loaded = (source: Source) => Effect.runSync(Effect.result(load("test.json", JSON.stringify(source))))

const refused = (id: string, change: (source: Source) => void): string => {
  const source = shipped(id)
  change(source)
  const result = loaded(source)
  return Result.isFailure(result) ? result.failure.message : assert.fail("it was accepted")
}

/** Without an item; its total adds up the others. */
const without = (source: Source, linkId: string): void => {
  const stem = stemOf(source)
  stem.item = stem.item?.filter((item) => item.linkId !== linkId) ?? []
  for (const item of source.item) {
    item.extension = item.extension?.filter(({ valueString }) => valueString !== linkId) ?? []
  }
}

describe("a questionnaire that is called PHQ-9", () => {
  const safety = "44260-8"

  it("is loaded as it ships", () => assert.isTrue(Result.isSuccess(loaded(shipped("phq-9")))))

  it("is refused without item 9", () => {
    assert.include(
      refused("phq-9", (source) => without(source, safety)),
      "item 9 (44260-8) is not in it"
    )
  })

  it("is refused when its computed total is asked, required or not", () => {
    for (const required of [true, false]) {
      const message = refused("phq-9", (source) =>
        Object.assign(itemOf(source, "44261-6"), { readOnly: false, required, extension: [] })
      )
      assert.include(message, "its total (44261-6) is asked")
    }
  })

  it("is refused when item 9 may be left out, or depends on another answer", () => {
    assert.include(
      refused("phq-9", (source) => Object.assign(itemOf(source, safety), { required: false })),
      "is not required"
    )
    const enableWhen = [
      { question: "44250-9", operator: "!=", answerCoding: { system: "http://loinc.org", code: "LA6568-5" } }
    ]
    assert.include(
      refused("phq-9", (source) => Object.assign(itemOf(source, safety), { enableWhen })),
      "is not always asked"
    )
    assert.include(
      refused("phq-9", (source) => {
        const stem = stemOf(source)
        const [inner] = (stem.item ?? []).splice(8, 1)
        if (inner === undefined) assert.fail("no item 9")
        stem.item?.push({ linkId: "more", type: "group", enableWhen, item: [inner] } as Item)
      }),
      "is not always asked"
    )
  })

  it("is refused when an answer to item 9 is not read back, or nobody hears of it", () => {
    const drop = (url: string) => (source: Source) => {
      const item = itemOf(source, safety)
      item.extension = item.extension?.filter((one) => one.url !== url) ?? []
      for (const option of item.answerOption ?? []) {
        option.extension = option.extension?.filter((one) => one.url !== url) ?? []
      }
    }
    assert.include(refused("phq-9", drop("urn:sawt:fhir:confirm")), "is not always confirmed")
    assert.include(refused("phq-9", drop("urn:sawt:fhir:alert")), "nobody hears of an answer")
    assert.include(refused("phq-9", drop("urn:sawt:fhir:alert-unanswered")), "is left open")
  })

  it("is refused with its items out of order, or on another scale", () => {
    assert.include(
      refused("phq-9", (source) => {
        const stem = stemOf(source)
        stem.item = stem.item?.toReversed() ?? []
      }),
      "not in their order"
    )
    assert.include(
      refused("phq-9", (source) => {
        const points = itemOf(source, "44250-9").answerOption?.[3]?.extension?.find(
          ({ valueDecimal }) => valueDecimal === 3
        )
        Object.assign(points ?? {}, { valueDecimal: 4 })
      }),
      "is not answered on its scale of 0 to 3 points"
    )
  })

  it("is known by its title alone, and free to be what it is under another name", () => {
    const nameless = (title: string) => (source: Source) => {
      Object.assign(source, { code: [], name: "x", title })
      without(source, safety)
    }
    assert.include(refused("phq-9", nameless("PHQ 9 (modified)")), "item 9")
    const source = shipped("phq-9")
    nameless("Mood")(source)
    assert.isTrue(Result.isSuccess(loaded(source)))
  })

  it("finishes a session that began with it before this was checked", () => {
    const source = shipped("phq-9")
    Object.assign(itemOf(source, safety), { required: false })
    assert.isTrue(Result.isSuccess(Effect.runSync(Effect.result(restore("kept", JSON.stringify(source))))))
  })
})

describe("a questionnaire that is called GAD-7", () => {
  it("is loaded as it ships, and refused with an item less", () => {
    assert.isTrue(Result.isSuccess(loaded(shipped("gad-7"))))
    assert.include(
      refused("gad-7", (source) => without(source, "69736-7")),
      "item 7 (69736-7) is not in it"
    )
  })
})
