/** `/clinic` in a real browser: what the admin and a clinician see and do there, in both languages, by keyboard, on paper. */
import { afterAll, assert, beforeAll, it } from "vitest"
import type { Page } from "playwright-core"
import { describeInBrowser, type OpenOptions, screenshot } from "#test/support/browser.ts"
import { type Clinic, invite, openClinic, Visitor } from "./service.ts"

describeInBrowser("the clinic's page", (browser) => {
  let clinic: Clinic
  let clinician: string
  beforeAll(async () => {
    clinic = await openClinic()
    clinician = await clinic.token(["clinician"], "dr-house")
    // A hostile reference must stay a text.
    const visitor = await Visitor.open(clinic, (await invite(clinic, { subject: "<b>ريم-11</b>" })).token)
    await visitor.start({ language: "ar" })
    await visitor.answerAll(1)
    await visitor.next("questionnaire.completed")
    await visitor.drop()
    const running = await Visitor.open(clinic, (await invite(clinic, { subject: "سامر-12" })).token)
    await running.start()
    await running.next("consent.requested")
  }, 60_000)
  afterAll(() => clinic.close())

  const signedIn = async (bearer: string, language: "ar" | "en", options: OpenOptions = {}) => {
    const opened = await browser.open(`${clinic.url}/clinic?language=${language}`, options)
    const { page } = opened
    await page.fill("#bearer", bearer)
    await page.keyboard.press("Enter")
    await page.waitForSelector("#inside:not([hidden])")
    return opened
  }
  const isShown = (page: Page, selector: string) => page.locator(selector).isVisible()

  it("in Arabic, for a clinician: invites, reads a result, acknowledges an alert, and shows no sessions", async () => {
    const { page, problems, inaccessible } = await signedIn(clinician, "ar")
    assert.deepStrictEqual(await page.evaluate("[document.documentElement.lang, document.documentElement.dir]"), [
      "ar",
      "rtl"
    ])
    assert.deepStrictEqual(await inaccessible(), [])
    assert.isFalse(await isShown(page, "#sessions"))
    assert.strictEqual(await page.inputValue("#bearer"), "", "what was typed does not stay on the page")

    // The result, with its answers and score; the reference is a text.
    await page.click("#results-list summary")
    assert.include(await page.textContent("#results-list summary"), "<b>ريم-11</b>")
    assert.match((await page.textContent(".score")) ?? "", /9/)
    assert.strictEqual(await page.locator("#results-list tbody tr").count(), 11)
    await screenshot(page, "clinic-ar")

    // Item 9 was 1: somebody has to act.
    assert.match((await page.textContent("#alerts-count")) ?? "", /1$/)
    await page.fill("#alerts-list input >> nth=0", "د. ليلى")
    await page.fill("#alerts-list input >> nth=1", "اتصلت")
    await page.keyboard.press("Enter")
    await page.waitForSelector("#alerts-none:not([hidden])")
    const { alerts } = (await (await clinic.call("GET", "/admin/alerts")).json()) as {
      alerts: ReadonlyArray<{ acknowledged: { by: string } | null }>
    }
    assert.strictEqual(alerts[0]?.acknowledged?.by, "د. ليلى")

    // An invitation that a patient can open.
    await page.fill("#invite-subject", "نور-13")
    await page.keyboard.press("Enter")
    await page.waitForSelector("#invite-made:not([hidden])")
    const link = (await page.textContent("#invite-link")) ?? ""
    assert.isTrue(await page.evaluate("document.getElementById('invite-qr').naturalWidth > 0"))
    await (await Visitor.open(clinic, new URL(link).hash.slice(1))).start()
    assert.deepStrictEqual(await inaccessible(), [])
    await screenshot(page, "clinic-ar-invited")

    // On paper stands the invitation alone.
    await page.emulateMedia({ media: "print" })
    assert.isTrue(await isShown(page, "#invite-qr"))
    for (const other of ["#results", "#invitations", "#alerts", "#invite-form", "header"]) {
      assert.isFalse(await isShown(page, other), other)
    }
    await screenshot(page, "clinic-print")
    await page.emulateMedia({ media: "screen" })

    // Signed out, nothing is left on the page or in what a browser keeps.
    await page.click("#leave")
    const left = `${await page.content()}${String(await page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])"))}`
    for (const canary of ["ريم", "نور", "inv_", clinician]) assert.notInclude(left, canary)
    assert.deepStrictEqual(problems(), [])
  })

  it("in English, in the dark, for the admin: sessions and invitations by hash, no results", async () => {
    const { page, problems, inaccessible } = await signedIn(clinic.adminSecret, "en", {
      context: { colorScheme: "dark", viewport: { width: 390, height: 844 } }
    })
    assert.strictEqual(await page.evaluate("document.documentElement.dir"), "ltr")
    assert.deepStrictEqual(await inaccessible(), [])
    assert.isTrue(await isShown(page, "#sessions"))
    assert.isFalse(await isShown(page, "#results"))
    assert.isFalse(await isShown(page, "#erase"))
    assert.isAtLeast(await page.locator("#sessions-list tbody tr").count(), 1)
    const content = await page.content()
    for (const name of ["ريم", "سامر"]) assert.notInclude(content, name)
    assert.isFalse(await page.evaluate("document.documentElement.scrollWidth > innerWidth"), "it fits a phone")
    await screenshot(page, "clinic-en-dark")
    assert.deepStrictEqual(problems(), [])
  })

  it("refuses who may not enter, and says so", async () => {
    const patient = await clinic.token(["voice", "healthcare"], "patient")
    for (const bearer of ["wrong", patient]) {
      const { page } = await browser.open(`${clinic.url}/clinic?language=en`, { expected: /status of 40[13]/ })
      await page.fill("#bearer", bearer)
      await page.keyboard.press("Enter")
      await page.waitForSelector("#fault:not(:empty)")
      assert.strictEqual(await page.textContent("#fault"), "This is not accepted here.")
      assert.isFalse(await isShown(page, "#inside"))
    }
  })

  it("loads nothing from elsewhere, runs nothing inline, and may not be framed", async () => {
    const response = await fetch(`${clinic.url}/clinic`)
    const policy = response.headers.get("content-security-policy") ?? ""
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]) {
      assert.include(policy, part)
    }
    assert.notInclude(policy, "unsafe")
    assert.notMatch(await response.text(), /<script>|<style|\sstyle=|\son\w+=|https?:\/\//i)
  })

  it("erases a person once that is confirmed", async () => {
    const { page } = await signedIn(clinician, "en")
    page.on("dialog", (dialog) => void dialog.accept())
    await page.fill("#erase-subject", "<b>ريم-11</b>")
    await page.keyboard.press("Enter")
    await page.waitForSelector("#erase-done:not(:empty)")
    assert.strictEqual(await page.textContent("#erase-done"), "Erased. Results: 1")
    assert.notInclude((await page.textContent("#results-list")) ?? "", "ريم")
  })
})
