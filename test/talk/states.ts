/**
 * The states of `/talk` that a person reaches by touch and text, one after the other as in a visit. Those of speech want the
 * models; scripts/talk-pictures has them beside these.
 */
import type { Page } from "playwright-core"
import type { Line } from "./line.ts"

export type TouchedState =
  | "token"
  | "welcome"
  | "connecting"
  | "consent"
  | "speaking"
  | "question"
  | "paused"
  | "lost"
  | "notice"
  | "result"
  | "ended"

export interface TouchedVisit {
  readonly page: Page
  readonly line: Line
  /** Of an invitation to the PHQ-9. */
  readonly link: string
  /** Whether the service has a voice. */
  readonly speaks: boolean
  /** Looks at the page while it stands so. */
  readonly seen: (state: TouchedState) => Promise<void>
}

export const atQuestion = async (page: Page, index: number): Promise<void> => {
  await page.waitForSelector(`#question:not([hidden]) #progress-bar[value="${index}"]`)
  await page.waitForSelector("#answers .option:enabled")
}

/** Of the PHQ-9's ten questions, from this one to before that one: "several days". */
export const answer = async (page: Page, from: number, before: number): Promise<void> => {
  for (let index = from; index < before; index++) {
    await atQuestion(page, index)
    await page.click("#answers .option >> nth=1")
  }
}

/** The ninth answer alarms; what is said to that stands over the tenth question. */
export const finished = async (page: Page, from: number, noticed: () => Promise<void> = async () => {}) => {
  await answer(page, from, 10)
  await atQuestion(page, 10)
  await page.waitForSelector("#notice:not([hidden])")
  await noticed()
  await page.click("#notice-close")
  await answer(page, 10, 11)
  await page.waitForSelector("#result:not([hidden])")
}

/** Until nothing is read aloud and the page waits for an answer. */
export const quieted = async (page: Page): Promise<void> => {
  if (await page.isVisible("#quiet")) await page.click("#quiet")
  await page.waitForSelector("#quiet", { state: "hidden" })
  await page.waitForSelector('#voice[data-turn="listening"]')
}

export const walkByTouch = async ({ page, line, link, speaks, seen }: TouchedVisit): Promise<void> => {
  const address = new URL(link)
  await page.goto(`${address.origin}${address.pathname}${address.search}`)
  await page.waitForSelector("#enter:not([hidden])")
  await seen("token")
  await page.fill("#token", link)
  await page.click("#enter-form button")
  await page.waitForSelector("#begin:not([hidden])")
  await seen("welcome")
  line.hold()
  await page.click("#start")
  await page.waitForSelector("#connecting:not([hidden])")
  await seen("connecting")
  line.release()
  await page.waitForSelector("#consent:not([hidden])")
  await seen("consent")
  await page.click("#agree-touch")
  await atQuestion(page, 1)
  if (speaks) {
    await page.waitForSelector("#quiet:not([hidden])")
    await seen("speaking")
  }
  await quieted(page)
  await seen("question")
  await page.click("#pause")
  await page.waitForSelector("#paused:not([hidden])")
  await seen("paused")
  await page.click("#continue")
  await atQuestion(page, 1)
  line.hold()
  await line.cut()
  await page.waitForSelector("body[data-connection=reconnecting]")
  await seen("lost")
  line.release()
  await page.waitForSelector("body[data-connection=connected]")
  await finished(page, 1, () => seen("notice"))
  await seen("result")
  await page.click("#withdrawal summary")
  await page.click("#withdraw")
  await page.waitForSelector('#over[data-ending="withdrawn"]:not([hidden])')
  await seen("ended")
}
