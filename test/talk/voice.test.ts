/** `/talk` with a microphone and the real service: models, voice, socket; the person is recordings of real people. */
import type { Page } from "playwright-core"
import { afterAll, assert, beforeAll, it } from "vitest"
import { invitationLink } from "../../scripts/client.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { cuttingProxy } from "#test/client/cutting-proxy.ts"
import { linkIds } from "#test/e2e/questionnaire-file.ts"
import { describeInBrowser, screenshot } from "#test/support/browser.ts"
import { microphoneArgs } from "#test/support/chromium.ts"
import { clipOf } from "#test/stt/recordings.ts"
import { microphoneOpened, patientScript } from "./patient-audio.ts"

let server: ServerProcess
beforeAll(async () => {
  server = await startServer()
}, 60_000)
afterAll(() => server.stop())

const invited = (language: "ar" | "en", subject: string) => invitationLink(server.url, server.secret, language, subject)
/** Or past it, on a machine so busy that it is over before it was seen. */
const atQuestion = (page: Page, index: number) =>
  page.waitForSelector(linkIds.flatMap((_, at) => (at + 1 < index ? [] : [`#progress-bar[value="${at + 1}"]`])).join())

interface Mark {
  readonly name: string
  readonly startTime: number
}

/** The page's own, in order. */
const marksOf = async (page: Page) =>
  (await page.evaluate(
    `performance.getEntriesByType("mark").map(({ name, startTime }) => ({ name, startTime }))`
  )) as ReadonlyArray<Mark>

/** Milliseconds from each time that the person began to speak over a prompt to what followed. */
const followed = async (page: Page, name: string): Promise<ReadonlyArray<number>> => {
  const marks = await marksOf(page)
  return marks.flatMap(({ name: began, startTime }, at) => {
    if (began !== "sawt:speech.started" || marks[at + 1]?.name !== "sawt:audio.duck") return []
    const next = marks.slice(at + 1).find((mark) => mark.name === name || mark.name === began)
    return next?.name === name ? [next.startTime - startTime] : []
  })
}
/** Says what the page has gone through when it does not come to that. */
const comesTo = (page: Page, selector: string) =>
  page.waitForSelector(selector).catch(async (error: Error) => {
    const marks = (await marksOf(page)).map(({ name, startTime }) => `${Math.round(startTime)} ${name}`)
    throw new Error([error.message, ...marks].join("\n"))
  })
const median = (numbers: ReadonlyArray<number>) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN

const said = { answer: clipOf("one").file, confirm: clipOf("yes").file, after: "no-00000028_NO_01.wav" }

describeInBrowser(
  "a patient with a microphone",
  (browser) => {
    it("finishes PHQ-9 by voice, over a connection that breaks twice", async () => {
      const proxy = await cuttingProxy(server.url)
      const link = new URL(await invited("ar", "patient-voice"))
      const { page, problems, inaccessible } = await browser.open(`${proxy.url}${link.pathname}${link.hash}`, {
        expected: /WebSocket/,
        script: patientScript(said, 6_000)
      })
      page.setDefaultTimeout(60_000)
      await page.click("#start")
      await page.waitForSelector("#consent:not([hidden])")
      const opened = () => page.evaluate(`performance.getEntriesByName("${microphoneOpened}").length`)
      assert.strictEqual(await opened(), 0)
      assert.isFalse(await page.isVisible("#not-heard"), "Arabic is heard")
      await page.click("#agree-voice")
      await page.waitForSelector('#microphone[aria-pressed="true"]')
      assert.strictEqual(await opened(), 1)
      await page.waitForSelector("#heard:not(:empty)")
      await screenshot(page, "talk-heard-ar")
      assert.deepStrictEqual(await inaccessible(), [])
      for (const index of [3, 6]) {
        await atQuestion(page, index)
        assert.isAbove(proxy.cut(), 0)
        await page.waitForSelector("body[data-connection=reconnecting]")
        await page.waitForSelector("body[data-connection=connected]")
      }
      // The ninth answer is told to the clinic, and the person that it is: long words, which they stop.
      await comesTo(page, "#notice:not([hidden])")
      await page.click("#quiet")
      // Whether the answers shall be read back: the only yes or no that is asked.
      await page.waitForSelector('#answers [data-code="true"]', { state: "attached" })
      await comesTo(page, "#result:not([hidden])")
      assert.strictEqual(await page.locator("#summary dt").count(), linkIds.length)
      // The median, since a busy machine may be late once.
      const duckedMs = await followed(page, "sawt:audio.duck")
      const stoppedMs = await followed(page, "sawt:audio.end")
      assert.isAbove(duckedMs.length, 3)
      assert.isAtMost(median(duckedMs), 100)
      assert.isAtMost(median(stoppedMs), 250)
      const displays = await page.locator("#summary dd").allTextContents()
      assert.deepStrictEqual(new Set(displays.slice(0, 9)), new Set(["عدة أيام"]))
      assert.deepStrictEqual(problems(), [])
      await proxy.close()
    })
  },
  microphoneArgs
)

describeInBrowser(
  "a patient who does not allow the microphone",
  (browser) => {
    it("is told so, and goes on by touch", async () => {
      const { page, problems, inaccessible } = await browser.open(await invited("en", "patient-refuses"))
      await page.click("#start")
      await page.waitForSelector("#consent:not([hidden])")
      assert.match((await page.textContent("#not-heard:not([hidden])")) ?? "", /^Only spoken Arabic is understood/)
      assert.deepStrictEqual(await inaccessible(), [])
      await page.click("#agree-voice")
      await page.waitForSelector("#fault:not(:empty)")
      assert.match((await page.textContent("#fault")) ?? "", /^The microphone was not allowed\. Answer by touch/)
      assert.deepStrictEqual(await inaccessible(), [])
      await screenshot(page, "talk-refused-en")
      await page.click("#answers .option >> nth=0")
      await atQuestion(page, 2)
      assert.deepStrictEqual(problems(), [])
    })
  },
  ["--use-fake-device-for-media-stream", "--deny-permission-prompts"]
)
