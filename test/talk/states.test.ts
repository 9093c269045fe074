/** What axe finds in the states of `/talk` that other tests pass by. */
import { afterAll, assert, beforeAll, it } from "vitest"
import { type Clinic, invite, openClinic } from "#test/clinic/service.ts"
import { inaccessibleIn } from "#test/support/axe.ts"
import { describeInBrowser } from "#test/support/browser.ts"
import { Line } from "./line.ts"
import { type TouchedState, walkByTouch } from "./states.ts"

/** Playwright's socket to the service, between page and Line, closes a moment before it tells the page's of it. */
const sentMeanwhile = /^console: WebSocket is already in CLOSING or CLOSED state\.$/

/** page.test.ts looks at the others. */
const passedBy: ReadonlySet<TouchedState> = new Set(["token", "connecting", "paused", "lost", "notice", "ended"])

describeInBrowser("states of the page to talk to", (browser) => {
  let clinic: Clinic
  beforeAll(async () => {
    clinic = await openClinic()
  }, 60_000)
  afterAll(() => clinic.close())

  it("are open to everybody, on a phone, in the light and in the dark", async () => {
    const { link } = await invite(clinic, { language: "ar" })
    const { page, problems } = await browser.open(clinic.url, {
      context: { viewport: { width: 360, height: 740 } },
      expected: sentMeanwhile
    })
    const found: Array<string> = []
    const visited: Array<TouchedState> = []
    const seen = async (state: TouchedState) => {
      visited.push(state)
      if (!passedBy.has(state)) return
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme })
        found.push(...(await inaccessibleIn(page)).map((fault) => `${state}, ${colorScheme}: ${fault}`))
      }
    }
    await walkByTouch({ page, line: await Line.of(page), link, speaks: false, seen })
    assert.includeMembers(visited, [...passedBy])
    assert.deepStrictEqual([found, problems()], [[], []])
  })
})
