/** `/talk` in a real browser, over real sessions whose models hear and say nothing: by touch and by keyboard, in both languages. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Page } from "playwright-core"
import { afterAll, assert, beforeAll, it } from "vitest"
import { type Clinic, invite, openClinic } from "#test/clinic/service.ts"
import { linkIds } from "#test/e2e/questionnaire-file.ts"
import { clientModules } from "#src/gateway/client-modules.ts"
import { addressOf, modules } from "#src/talk/page-routes.ts"
import { describeInBrowser, type OpenOptions, screenshot } from "#test/support/browser.ts"

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }

/** Its answers are read back whatever way they came. */
const reviewed = {
  resourceType: "Questionnaire",
  id: "short",
  status: "draft",
  language: "en",
  title: "Short",
  extension: [{ url: "urn:sawt:fhir:review", valueCode: "read" }],
  item: ["Did you sleep well?", "Are you well today?"].map((text, index) => ({
    linkId: `q${index}`,
    type: "boolean",
    text,
    required: true
  }))
}

describeInBrowser("the page to talk to", (browser) => {
  let clinic: Clinic
  beforeAll(async () => {
    clinic = await openClinic()
  }, 60_000)
  afterAll(() => clinic.close())

  const opened = async (language: "ar" | "en", options: OpenOptions = {}) => {
    const { link } = await invite(clinic, { language, subject: `patient-${crypto.randomUUID()}` })
    return { ...(await browser.open(link, options)), link }
  }
  const consented = async (page: Page) => {
    await page.click("#start")
    await page.click("#agree-touch")
    await page.waitForSelector("#question:not([hidden])")
  }
  const nth = async (page: Page, index: number) => {
    await page.waitForSelector(`#progress-bar[value="${index}"]`)
  }

  it("takes a patient on a phone from the link to the summary by touch, in Arabic", async () => {
    const { page, problems, inaccessible } = await opened("ar", { context: phone })
    assert.notInclude(page.url(), "#", "the token has left the address bar")
    assert.deepStrictEqual(await page.evaluate("[document.documentElement.lang, document.documentElement.dir]"), [
      "ar",
      "rtl"
    ])
    assert.deepStrictEqual(await inaccessible(), [])
    await screenshot(page, "talk-begin-ar-phone")
    await page.tap("#start")
    await page.waitForSelector("#consent:not([hidden])")
    assert.deepStrictEqual(await inaccessible(), [])
    await screenshot(page, "talk-consent-ar-phone")
    await page.tap("#agree-touch")
    for (const index of linkIds.keys()) {
      await nth(page, index + 1)
      if (index === 0) {
        assert.deepStrictEqual(await inaccessible(), [])
        assert.isFalse(await page.evaluate("document.documentElement.scrollWidth > innerWidth"), "it fits a phone")
        await screenshot(page, "talk-question-ar-phone")
      }
      await page.tap("#answers .option >> nth=1")
    }
    await page.waitForSelector("#result:not([hidden])")
    assert.strictEqual(await page.locator("#summary dt").count(), linkIds.length)
    assert.deepStrictEqual(await inaccessible(), [])
    await screenshot(page, "talk-result-ar-phone")
    assert.deepStrictEqual(problems(), [])
  })

  it("is worked by keyboard alone, in English, in the dark", async () => {
    const { page, problems, inaccessible } = await opened("en", { context: { colorScheme: "dark" } })
    /** Tab until the control has the focus, as somebody without a pointer does. */
    const tabTo = async (id: string) => {
      for (let presses = 0; presses < 40; presses++) {
        await page.keyboard.press("Tab")
        if (await page.evaluate(`document.activeElement.id === ${JSON.stringify(id)}`)) return
      }
      assert.fail(`#${id} cannot be reached by Tab`)
    }
    assert.strictEqual(await page.evaluate("document.documentElement.dir"), "ltr")
    await tabTo("start")
    await page.keyboard.press("Enter")
    await page.waitForSelector("#consent:not([hidden])")
    assert.isFalse(await page.isVisible("#microphone"), "no microphone before consent")
    await screenshot(page, "talk-consent-en-dark")
    await tabTo("agree-touch")
    await page.keyboard.press("Enter")
    for (const index of linkIds.keys()) {
      await nth(page, index + 1)
      assert.strictEqual(
        await page.evaluate("document.activeElement.id"),
        "question-text",
        "a reader reads on from here"
      )
      if (index === 0) {
        await page.waitForSelector("#lead:not(:empty)")
        assert.match((await page.textContent("#lead")) ?? "", /last two weeks|past two weeks|last 2 weeks/i)
        assert.deepStrictEqual(await inaccessible(), [])
        await screenshot(page, "talk-question-en-dark")
      }
      if (index === 1) {
        await tabTo("back")
        await page.keyboard.press("Enter")
        await nth(page, 1)
        await page.waitForSelector("#answers .option:enabled")
        await page.keyboard.press("2")
        await nth(page, 2)
      }
      await page.waitForSelector("#answers .option:enabled")
      // The keys of the options are printed on them; the last question's begin at 1.
      await page.keyboard.press("1")
    }
    await page.waitForSelector("#result:not([hidden])")
    const told = (await page.textContent("#summary")) ?? ""
    assert.include(told, "More than half the days")
    assert.isFalse(await page.isVisible("#scores"), "scores are for staff")
    assert.deepStrictEqual(await inaccessible(), [])
    await screenshot(page, "talk-result-en-dark")
    assert.deepStrictEqual(problems(), [])
  })

  it("takes a double tap for one answer", async () => {
    const { page } = await opened("en")
    await consented(page)
    await page.dblclick("#answers .option >> nth=0")
    await nth(page, 2)
    await page.waitForSelector("#answers .option:enabled")
    await page.click("#back")
    await nth(page, 1)
  })

  it("keeps nothing of who declines, and says so", async () => {
    const { page } = await opened("en")
    await page.click("#start")
    await page.click("#decline")
    await page.waitForSelector('#over[data-ending="declined"]:not([hidden])')
    assert.strictEqual(await page.evaluate("sessionStorage.length"), 0)
  })

  it("comes back to the same question after it was loaded again, and offers no scores of it", async () => {
    const { page } = await opened("en")
    await consented(page)
    await page.click("#answers .option >> nth=0")
    await nth(page, 2)
    await page.reload()
    await page.click("#start")
    await nth(page, 2)
    await page.click("#answers .option >> nth=0")
    await nth(page, 3)
  })

  it("says that an invitation opens once", async () => {
    const { page, link } = await opened("en")
    await consented(page)
    const other = await browser.open(link, { expected: /status of 403|WebSocket/ })
    await other.page.click("#start")
    await other.page.waitForSelector('#over[data-ending="refused"]:not([hidden])')
    assert.isTrue(await page.isVisible("#question"), "and the first visit goes on")
  })

  it("withdraws and deletes, by touch", async () => {
    const { page } = await opened("en")
    await consented(page)
    await page.click("#withdrawal summary")
    await page.click("#withdraw")
    await page.waitForSelector('#over[data-ending="withdrawn"]:not([hidden])')
  })

  it("pauses, goes on, takes the keypad and typed answers", async () => {
    const { page } = await opened("en")
    await consented(page)
    await page.click("#pause")
    await page.waitForSelector("#paused:not([hidden])")
    await page.click("#continue")
    await page.waitForSelector("#question:not([hidden])")
    await page.click("#question summary >> nth=1")
    await page.click("#keypad button >> nth=1")
    await nth(page, 2)
    await page.click("#question summary >> nth=0")
    await page.fill("#typed", "several days")
    await page.keyboard.press("Enter")
    await nth(page, 3)
  })

  it("reads the answers back at the end, and has one corrected by touch", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-questionnaires-"))
    writeFileSync(join(folder, "short.json"), JSON.stringify(reviewed))
    const short = await openClinic({}, undefined, folder)
    try {
      const { link } = await invite(short, { questionnaire: "short" })
      const { page, problems, inaccessible } = await browser.open(link)
      const tap = async (asked: string, option: string) => {
        await page.waitForSelector(`#question-text:has-text("${asked}")`)
        await page.click(`#answers .option:enabled:has-text("${option}")`)
      }
      await consented(page)
      await tap("Did you sleep well?", "Yes")
      await tap("Are you well today?", "No")
      await page.waitForSelector('#question-text:has-text("2. Are you well today: No")')
      assert.deepStrictEqual(await inaccessible(), [])
      await tap("Is all of this right?", "No")
      await tap("Which answer", "Are you well today")
      await tap("Are you well today?", "Yes")
      await tap("2. Are you well today: Yes", "Yes")
      await page.waitForSelector("#result:not([hidden])")
      assert.deepStrictEqual(await page.locator("#summary dd").allTextContents(), ["Yes", "Yes"])
      assert.deepStrictEqual(problems(), [])
    } finally {
      await short.close()
      rmSync(folder, { recursive: true })
    }
  })

  it("loads little, nothing from elsewhere, runs nothing inline, and may not be framed", async () => {
    const page = await fetch(`${clinic.url}/talk`)
    const policy = page.headers.get("content-security-policy") ?? ""
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]) {
      assert.include(policy, part)
    }
    assert.notInclude(policy, "unsafe")
    const html = await page.text()
    assert.notMatch(html, /<script>|<style|\sstyle=|\son\w+=|https?:\/\//i)
    const paths = [
      "/talk/talk.css",
      ...modules.map(addressOf),
      ...[...clientModules().keys()].map((name) => `/client/${name}`)
    ]
    const bodies = await Promise.all(paths.map(async (path) => (await fetch(clinic.url + path)).text()))
    const bytes = [html, ...bodies].reduce((sum, body) => sum + gzipSync(body).length, 0)
    assert.isBelow(bytes, 100_000)
  })

  it("is where a browser that opens the service comes to; programs get JSON", async () => {
    const asBrowser = await fetch(clinic.url, { headers: { accept: "text/html,*/*;q=0.8" }, redirect: "manual" })
    assert.deepStrictEqual([asBrowser.status, asBrowser.headers.get("location")], [302, "/talk"])
    assert.strictEqual(((await (await fetch(clinic.url)).json()) as { name: string }).name, "sawt")
  })
})
