/**
 * Pages of the service in a real browser, driven by playwright-core. Without a Chromium the browser tests are left out, which
 * is said loudly; under CI that is a failure.
 */
import { join } from "node:path"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { inaccessibleIn } from "./axe.ts"
import { chromiumMissing, chromiumPath } from "./chromium.ts"

const isCI = (process.env.CI ?? "") !== ""

/** A browser wants more of a busy machine than other tests do. */
const patienceMs = 120_000

export interface Opened {
  readonly page: Page
  /** What went wrong until now: errors on the console, uncaught ones, breaches of the policy, requests to other hosts. */
  readonly problems: () => ReadonlyArray<string>
  /** What axe finds in the page as it stands: rule and element. */
  readonly inaccessible: () => Promise<ReadonlyArray<string>>
}

export interface OpenOptions {
  /** Beside `locale`, `colorScheme`, `viewport` … of Playwright. */
  readonly context?: BrowserContextOptions
  /** Problems that the test brings about itself, such as the console's line about a refused request. */
  readonly expected?: RegExp
  /** Runs before the page's own scripts, outside its policy. */
  readonly script?: string
}

export interface TestBrowser {
  /** A page in a context of its own, which ends with the test file. */
  readonly open: (url: string, options?: OpenOptions) => Promise<Opened>
}

/** Runs before the page's own scripts, outside its policy. */
const reportBreaches = `document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  console.error("policy breached: " + violatedDirective + " " + blockedURI))`

const openIn = async (
  browser: Browser,
  url: string,
  { context = {}, expected, script }: OpenOptions
): Promise<Opened> => {
  const opened = await browser.newContext({ reducedMotion: "reduce", ...context })
  const page = await opened.newPage()
  const found: Array<string> = []
  const { host } = new URL(url)
  const note = (problem: string) => {
    if (expected?.test(problem) !== true) found.push(problem)
  }
  for (const content of [reportBreaches, script ?? ""]) await page.addInitScript({ content })
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") note(`console: ${message.text()}`)
  })
  page.on("pageerror", (error) => note(`uncaught: ${error.message}`))
  page.on("request", (request) => {
    const target = new URL(request.url())
    if (target.protocol !== "data:" && target.protocol !== "blob:" && target.host !== host)
      note(`outside request: ${target.host}`)
  })
  await page.goto(url)
  return { page, problems: () => found, inaccessible: () => inaccessibleIn(page) }
}

/**
 * `describe` for tests that need a browser. `args` go to Chromium, for instance `--use-file-for-fake-audio-capture=…` beside
 * `--use-fake-device-for-media-stream` for a microphone.
 */
export const describeInBrowser = (
  name: string,
  tests: (browser: TestBrowser) => void,
  args: ReadonlyArray<string> = []
): void => {
  if (chromiumPath === undefined) {
    if (!isCI) console.error(`\n*** LEFT OUT: ${name}. ${chromiumMissing} ***\n`)
    describe(name, () => {
      it.skipIf(!isCI)("has a browser", () => assert.fail(chromiumMissing))
    })
    return
  }
  const executablePath = chromiumPath
  describe(name, { timeout: patienceMs }, () => {
    let launched: Browser | undefined
    beforeAll(async () => {
      launched = await chromium.launch({ executablePath, args: ["--mute-audio", ...args] })
    }, patienceMs)
    afterAll(() => launched?.close())
    tests({
      open: (url, options = {}) => {
        if (launched === undefined) throw new Error("a page is opened in a test, not beside it")
        return openIn(launched, url, options)
      }
    })
  })
}

/** A folder for looking at what a test saw, when `SCREENSHOTS` names one. */
export const screenshot = async (page: Page, name: string): Promise<void> => {
  const folder = process.env.SCREENSHOTS ?? ""
  if (folder !== "") await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}
