/**
 * `/studio` in a real browser, by keyboard and by mouse, in Arabic and English, on a running server: it works, stays within
 * its policy, asks no other host, says nothing on the console, and can be read by machines.
 */
import type { Page } from "playwright-core"
import { afterAll, assert, beforeAll, it } from "vitest"
import { pageWords } from "#src/studio/page-words.ts"
import { turnOutcomes } from "#src/telemetry/turn-record.ts"
import { interviewed, noPrompts, spoken } from "#test/e2e/caller.ts"
import { linkIds } from "#test/e2e/questionnaire-file.ts"
import { describeInBrowser, screenshot } from "#test/support/browser.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"

/** An audio element; tests are compiled without a browser's types. */
interface Sound {
  readonly duration: number
  readonly currentTime: number
  readonly addEventListener: (type: string, listener: () => void) => void
}

const refusedBySecret = /console: Failed to load resource: .* 401/

const drawn = (page: Page) => page.waitForSelector("#canvas svg [data-node]")
const lit = (page: Page, node: string) => page.waitForSelector(`#canvas .current[data-node="${node}"]`)
const litNodes = (page: Page) =>
  page.$$eval("#canvas .current", (nodes) => nodes.map((node) => node.getAttribute("data-node")))
const focused = (page: Page) => page.evaluate<string>("document.activeElement.id")
const answers = (page: Page, count: number) => page.waitForSelector(`#conversation .person >> nth=${count - 1}`)

describeInBrowser("/studio", (browser) => {
  let server: ServerProcess
  beforeAll(async () => (server = await startServer(noPrompts)))
  afterAll(() => server.stop())

  const opened = async (language: "ar" | "en", colorScheme: "light" | "dark", show: string) => {
    const open = await browser.open(`${server.url}/studio?language=${language}#${show}`, {
      context: { colorScheme, viewport: { width: 1_360, height: 860 } },
      expected: refusedBySecret
    })
    await drawn(open.page)
    return open
  }

  it("is walked by keyboard alone, in Arabic from right to left", async () => {
    const { page, problems, inaccessible } = await opened("ar", "dark", "phq-9.ar")
    assert.strictEqual(await page.getAttribute("html", "dir"), "rtl")
    const [canvas, panels] = await Promise.all([
      page.locator("#canvas").boundingBox(),
      page.locator("#try").boundingBox()
    ])
    assert.isAbove(canvas?.x ?? 0, panels?.x ?? 0)

    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert.strictEqual(await focused(page), "canvas")
    for (let presses = 0; (await focused(page)) !== "secret"; presses++) {
      assert.isBelow(presses, 10)
      await page.keyboard.press("Tab")
    }
    await page.keyboard.type("no secret")
    while ((await focused(page)) !== "answer") await page.keyboard.press("Tab")
    await page.keyboard.type("نعم")
    await page.keyboard.press("Enter")
    await page.waitForSelector("#try-fault:not(:empty)")
    assert.include(await page.textContent("#try-fault"), "401")
    assert.strictEqual(await page.inputValue("#answer"), "نعم")

    await page.fill("#secret", server.secret)
    await page.focus("#answer")
    await page.keyboard.press("Enter")
    await lit(page, linkIds[0] ?? "")
    assert.strictEqual(await focused(page), "answer")
    for (const [index, text] of ["عدة أيام", "كلام لا معنى له", "السابق"].entries()) {
      await page.keyboard.type(text)
      await page.keyboard.press("Enter")
      await answers(page, index + 2)
    }
    await lit(page, linkIds[0] ?? "")
    assert.deepEqual(await litNodes(page), [linkIds[0]])
    const told = await page.$$eval("#conversation small", (rows) => rows.map((row) => row.textContent))
    assert.match(told[1] ?? "", /answer عدة أيام 1\.00 ✓ · القاعدة: .* · answer\.given/)
    assert.match(told[2] ?? "", /none .* answer\.unmatched/)
    assert.match((await page.textContent("#where")) ?? "", /q1\./)
    await screenshot(page, "studio-ar-dark")
    assert.deepEqual(await inaccessible(), [])
    assert.deepEqual(problems(), [])
  })

  it("shows each machine and questionnaire, in its languages, larger and smaller", async () => {
    const { page, problems, inaccessible } = await opened("en", "light", "intake.en")
    const titles = await page.$$eval("#show option", (options) => options.map((option) => option.textContent))
    assert.includeMembers(titles, ["Session", "Interview", "Token", "Host"])
    assert.isTrue(await page.isVisible("#canvas text:has-text('Are you pregnant?')"))
    await page.selectOption("#held-in", "ar")
    await page.waitForSelector("#canvas text[direction=rtl]")
    const width = async () => Number(await page.getAttribute("#canvas svg", "width"))
    const before = await width()
    await page.click("#larger")
    assert.isAbove(await width(), before)
    await page.click("#smaller")
    await page.click("#smaller")
    assert.isBelow(await width(), before)
    await page.focus("#show")
    await page.selectOption("#show", "machine:session")
    await page.waitForSelector("#canvas [data-node='dialogue.preparing']")
    assert.isTrue(await page.isDisabled("#held-in"))
    assert.match(page.url(), /#session$/)
    assert.deepEqual(await inaccessible(), [])
    await page.reload()
    await page.waitForSelector("#canvas [data-node='dialogue.preparing']")
    assert.deepEqual(problems(), [])
  })

  it("goes through a whole interview with its score, and takes answers back", async () => {
    const { page, problems } = await opened("en", "light", "gad-7.en")
    await page.fill("#secret", server.secret)
    await page.selectOption("#how", "0.6")
    await page.fill("#answer", "yes")
    await page.click("#try-send")
    await answers(page, 1)
    await page.click("#try-restart")
    await page.waitForSelector("#conversation .person", { state: "detached" })
    await page.selectOption("#how", "")
    for (let index = 0; index < 9; index++) {
      await page.fill("#answer", index === 0 ? "yes" : "1")
      await page.keyboard.press("Enter")
      await answers(page, index + 1)
    }
    await lit(page, "·end")
    assert.match((await page.textContent("#conversation .ended")) ?? "", /completed .* = 7 \(mild/)
    await page.click("#try-undo")
    await page.waitForSelector("#conversation .ended", { state: "detached" })
    assert.deepEqual(problems(), [])
  })

  it("shows where the time of each turn went, from right to left too", async () => {
    const caller = await interviewed(server)
    const prompted = (count: number) => caller.count("audio.end", count)
    await prompted(1)
    await caller.ask({ type: "consent.give", version: "1" })
    await prompted(2)
    await caller.play(spoken("yes"))
    await prompted(3)
    for (const language of ["en", "ar"] as const) {
      const { page, problems, inaccessible } = await opened(language, "light", "phq-9.ar")
      await page.fill("#secret", server.secret)
      await page.click("#timeline summary")
      await page.focus("#timeline-load")
      await page.keyboard.press("Enter")
      await page.waitForSelector("#timeline-list option:has-text('phq-9')", { state: "attached" })
      await page.focus("#timeline-act")
      await page.keyboard.press("Enter")
      await page.waitForSelector("#timeline-turns li >> nth=2")
      const parts = await page.$$eval("#timeline-turns li:nth-child(3) th", (cells) =>
        cells.map(({ textContent }) => textContent)
      )
      const { partSpeech, partDecode, partSynthesis, partPlayback, outcomes } = pageWords[language]
      assert.includeMembers(parts, [partSpeech, partDecode, partSynthesis, partPlayback])
      assert.hasAllKeys(outcomes, turnOutcomes)
      const summary = (await page.textContent("#timeline-turns li:nth-child(3) summary")) ?? ""
      assert.isTrue(
        Object.values(outcomes).some((name) => summary.includes(name)),
        summary
      )
      assert.isFalse(await page.isDisabled("#timeline-save"))
      await page.locator("#timeline").scrollIntoViewIfNeeded()
      await screenshot(page, `studio-timeline-${language}`)
      assert.deepEqual(await inaccessible(), [])
      assert.deepEqual(problems(), [])
    }
    await caller.end()
  })

  it("watches a live session move, and steps through it when it is over", async () => {
    const caller = await interviewed(server)
    const { page, problems, inaccessible } = await opened("en", "dark", "phq-9.en")
    await page.fill("#secret", server.secret)
    await page.click("#live summary")
    await page.click("#live-load")
    await page.waitForSelector("#live-list option:has-text('phq-9')", { state: "attached" })
    await page.click("#live-act")
    await lit(page, "·start")
    await caller.ask({ type: "consent.give", version: "1" })
    await lit(page, linkIds[0] ?? "")
    const code = caller.of("question.asked")[0]?.options[1]?.code ?? ""
    await caller.ask({ type: "answer.select", link_id: linkIds[0] ?? "", code })
    await lit(page, linkIds[1] ?? "")
    await page.selectOption("#show", "machine:session")
    await lit(page, "dialogue.interviewing")
    await page.selectOption("#show", "machine:interview")
    await page.waitForSelector("#canvas .current[data-node^='q1.']")
    assert.match((await page.textContent("#where")) ?? "", /q2\./)
    const log = (await page.textContent("#live-log")) ?? ""
    assert.include(log, "interview: answer.given")
    assert.notInclude(log, caller.of("answer.recorded")[0]?.display ?? "nothing was recorded")
    assert.deepEqual(await inaccessible(), [])
    await caller.end()
    await page.waitForSelector("#live-stop:disabled")

    await page.selectOption("#show", "questionnaire:phq-9")
    await drawn(page)
    await page.click("#runs summary")
    await page.click("#runs-act")
    await lit(page, linkIds[0] ?? "")
    assert.match((await page.textContent("#run-step")) ?? "", /^Step 1\/\d: consent · touch → q1\./)
    await page.focus("#run-on")
    await page.keyboard.press("Enter")
    await lit(page, linkIds[1] ?? "")
    // What was left unfinished may have been given up by now, which is one more step.
    while (await page.isEnabled("#run-on")) await page.keyboard.press("Enter")
    assert.strictEqual(await focused(page), "run-back")
    assert.deepEqual(await inaccessible(), [])
    assert.deepEqual(problems(), [])
  })

  it("plays a prompt", async () => {
    const { page, problems, inaccessible } = await opened("ar", "light", "gad-7.ar")
    await page.fill("#secret", server.secret)
    await page.click("#listen summary")
    await page.click("#listen-load")
    await page.waitForSelector("#prompt-text:not(:empty)")
    await page.selectOption("#listen-list", { index: 1 })
    await page.click("#listen-act")
    const durationS = await page.$eval("#audio", (node) => {
      const sound = node as unknown as Sound
      return new Promise<number>((resolve) => {
        const check = () => sound.currentTime > 0 && resolve(sound.duration)
        sound.addEventListener("timeupdate", check)
        check()
      })
    })
    assert.isAbove(durationS, 1)
    assert.deepEqual(await inaccessible(), [])
    assert.deepEqual(problems(), [])
  }, 60_000)

  it("needs no more than a phone's width", async () => {
    const { page, problems, inaccessible } = await browser.open(`${server.url}/studio`, {
      context: { locale: "ar", viewport: { width: 360, height: 720 } }
    })
    await drawn(page)
    assert.strictEqual(await page.getAttribute("html", "lang"), "ar")
    assert.isAtMost(await page.evaluate<number>("document.documentElement.scrollWidth"), 360)
    assert.deepEqual(await inaccessible(), [])
    assert.deepEqual(problems(), [])
  })
})
