/** The result that `/talk` shows to staff, and what a patient does not get of it: the service decides by the token. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { afterAll, assert, beforeAll, it } from "vitest"
import { type Clinic, invite, openClinic } from "#test/clinic/service.ts"
import { describeInBrowser, screenshot } from "#test/support/browser.ts"

const option = (code: string, display: string, points: number) => ({
  extension: [{ url: "http://hl7.org/fhir/StructureDefinition/ordinalValue", valueDecimal: points }],
  valueCoding: { code, display }
})
const translation = (lang: string, content: string) => ({
  url: "http://hl7.org/fhir/StructureDefinition/translation",
  extension: [
    { url: "lang", valueCode: lang },
    { url: "content", valueString: content }
  ]
})
const band = (min: number, max: number, display: string, toStaff: string) => ({
  url: "urn:sawt:fhir:band",
  extension: [
    { url: "min", valueInteger: min },
    { url: "max", valueInteger: max },
    { url: "display", valueString: display, _valueString: { extension: [translation("en", toStaff)] } }
  ]
})
const scored = {
  resourceType: "Questionnaire",
  id: "scored",
  status: "draft",
  language: "en",
  title: "Scored",
  item: [
    ...["Do you feel tired?", "Do you feel worried?"].map((text, index) => ({
      linkId: `q${index}`,
      type: "choice",
      text,
      required: true,
      answerOption: [option("never", "Never", 0), option("often", "Often", 2)]
    })),
    {
      linkId: "total",
      type: "integer",
      text: "Total score",
      readOnly: true,
      extension: [
        { url: "urn:sawt:fhir:sum-of", valueString: "q0" },
        { url: "urn:sawt:fhir:sum-of", valueString: "q1" },
        band(0, 1, "low", "nothing to note"),
        band(2, 4, "raised", "somewhat raised")
      ]
    }
  ]
}

describeInBrowser("the result on the page to talk to", (browser) => {
  const folder = mkdtempSync(join(tmpdir(), "sawt-questionnaires-"))
  let clinic: Clinic
  beforeAll(async () => {
    writeFileSync(join(folder, "scored.json"), JSON.stringify(scored))
    clinic = await openClinic({}, undefined, folder)
  }, 60_000)
  afterAll(async () => {
    await clinic.close()
    rmSync(folder, { recursive: true })
  })

  const finished = async (page: Page) => {
    await page.click("#start")
    await page.click("#agree-touch")
    for (const [asked, answer] of [
      ["Do you feel tired?", "Often"],
      ["Do you feel worried?", "Never"]
    ] as const) {
      await page.waitForSelector(`#question-text:has-text("${asked}")`)
      await page.click(`#answers .option:enabled:has-text("${answer}")`)
    }
    await page.waitForSelector("#result:not([hidden])")
    assert.deepStrictEqual(await page.locator("#summary dd").allTextContents(), ["Often", "Never"])
  }

  it("has the score with its band, the FHIR response to download, and print, for staff", async () => {
    const token = await clinic.token(["healthcare", "clinician"], "dr-house")
    const { page, problems, inaccessible } = await browser.open(`${clinic.url}/talk?language=en#${token}`, {
      script: `window.print = () => performance.mark("printed")`
    })
    await page.waitForSelector("#choose:not([hidden])")
    assert.strictEqual(await page.inputValue("#questionnaire"), "scored")
    assert.deepStrictEqual(await page.locator("#questionnaire option").allTextContents(), ["Scored"])
    await finished(page)
    assert.deepStrictEqual(await page.locator("#scores li").allTextContents(), ["Total score: 2 – somewhat raised"])
    assert.isTrue(await page.isVisible("#scores"))
    assert.deepStrictEqual(await inaccessible(), [])
    await screenshot(page, "talk-result-staff-en")
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")])
    assert.strictEqual(download.suggestedFilename(), "questionnaire-response.json")
    const response = JSON.parse(readFileSync(await download.path(), "utf8")) as {
      readonly resourceType: string
      readonly status: string
      readonly item: ReadonlyArray<{
        readonly linkId: string
        readonly answer: ReadonlyArray<{
          readonly valueCoding?: { readonly code: string }
          readonly valueInteger?: number
        }>
      }>
    }
    assert.deepStrictEqual([response.resourceType, response.status], ["QuestionnaireResponse", "completed"])
    assert.deepStrictEqual(
      response.item.map(({ linkId, answer }) => [linkId, answer[0]?.valueCoding?.code ?? answer[0]?.valueInteger]),
      [
        ["q0", "often"],
        ["q1", "never"],
        ["total", 2]
      ]
    )
    await page.click("#print")
    assert.strictEqual(await page.evaluate(`performance.getEntriesByName("printed").length`), 1)
    assert.deepStrictEqual(problems(), [])
  })

  it("has the answers alone for a patient", async () => {
    const { link } = await invite(clinic, { questionnaire: "scored" })
    const { page } = await browser.open(link)
    await finished(page)
    assert.isFalse(await page.isVisible("#scores"))
    assert.strictEqual(await page.locator("#scores li").count(), 0)
    assert.isFalse(await page.isVisible("#download"))
    assert.isNull(await page.getAttribute("#download", "href"))
    assert.isTrue(await page.isVisible("#print"))
  })
})
