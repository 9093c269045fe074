/**
 * `npm run talk:pictures`: every state of `/talk` as people see it, in Arabic and English, light and dark, on a phone and on a
 * desk, as contact sheets in docs/images; axe looks at each. The page, the service and the browser are real.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { type Browser, chromium, type Page } from "playwright-core"
import { chromiumMissing, chromiumPath, microphoneArgs } from "#test/support/chromium.ts"
import { shippedQuestionnaires } from "#test/support/server.ts"
import { type Clinic, invite, openClinic } from "#test/clinic/service.ts"
import { Line } from "#test/talk/line.ts"
import { finished, walkByTouch } from "#test/talk/states.ts"
import { Client, invitationLink, mintToken } from "./client.ts"
import { startServer, type ServerProcess } from "./server-process.ts"
import { Album, forms, type Language, themes } from "./talk-pictures/pictures.ts"
import { drawAlone, drawSheet, nameOf } from "./talk-pictures/sheets.ts"
import { review, speakArabic, speakEnglish } from "./talk-pictures/spoken.ts"

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(import.meta.dirname, "../docs/images") },
    raw: { type: "string" },
    language: { type: "string" }
  }
})
const languages = (["ar", "en"] as const).filter((one) => values.language === undefined || values.language === one)

/** In the order of the sheets. */
const states = {
  token: "code asked",
  welcome: "welcome",
  choice: "welcome for staff",
  connecting: "connecting",
  consent: "consent",
  speaking: "reading aloud",
  question: "waiting for an answer",
  heard: "hearing",
  confirming: "unsure of it",
  refused: "microphone refused",
  missing: "no microphone",
  lost: "connection lost",
  paused: "paused",
  notice: "after an alarming answer",
  review: "answers read back",
  result: "result",
  staff: "result for staff",
  ended: "withdrawn",
  used: "invitation used",
  busy: "all lines busy"
} as const

if (chromiumPath === undefined) throw new Error(chromiumMissing)
const executablePath = chromiumPath
const launch = (...args: ReadonlyArray<string>) => chromium.launch({ executablePath, args: ["--mute-audio", ...args] })

const album = new Album(values.raw)

/** Screens have more than one dot to a pixel; so have pictures, before they are made small. */
const sharpness = 1.5

const withPage = async (browser: Browser, look: (page: Page) => Promise<void>): Promise<void> => {
  const context = await browser.newContext({ deviceScaleFactor: sharpness, viewport: forms.phone })
  try {
    await look(await context.newPage())
  } finally {
    await context.close()
  }
}

/** PHQ-9 whose answers are read back whatever way they came. */
const openReviewing = async (): Promise<{ readonly clinic: Clinic; readonly close: () => Promise<void> }> => {
  const folder = mkdtempSync(join(tmpdir(), "sawt-questionnaires-"))
  const phq9 = JSON.parse(readFileSync(join(shippedQuestionnaires, "phq-9.ar.json"), "utf8")) as {
    readonly extension?: ReadonlyArray<unknown>
  }
  const extension = [...(phq9.extension ?? []), { url: "urn:sawt:fhir:review", valueCode: "read" }]
  writeFileSync(join(folder, "phq-9.ar.json"), JSON.stringify({ ...phq9, extension }))
  const clinic = await openClinic({}, undefined, folder)
  const close = async () => {
    await clinic.close()
    rmSync(folder, { recursive: true })
  }
  return { clinic, close }
}

const photograph = async (server: ServerProcess, reviewing: Clinic, language: Language): Promise<void> => {
  const link = () => invitationLink(server.url, server.secret, language, `patient-${crypto.randomUUID()}`)
  const see = (page: Page) => (state: keyof typeof states) => {
    console.log(`${language}: ${states[state]}`)
    return album.take(page, language, state)
  }
  const used = await link()
  const browser = await launch(...microphoneArgs)
  try {
    await withPage(browser, async (page) =>
      walkByTouch({ page, line: await Line.of(page), link: used, speaks: true, seen: see(page) })
    )
    await withPage(browser, async (page) => {
      await page.goto(used)
      await page.click("#start")
      await page.waitForSelector('#over[data-ending="refused"]:not([hidden])')
      await see(page)("used")
    })
    await withPage(browser, async (page) =>
      (language === "ar" ? speakArabic : speakEnglish)(page, await link(), see(page))
    )
    if (language === "en")
      await withPage(browser, async (page) => review(page, (await invite(reviewing)).link, see(page)))
    await withPage(browser, async (page) => {
      const token = await mintToken(server.url, server.secret, "healthcare clinician", "dr-house")
      await page.goto(`${server.url}/talk?language=${language}#${token}`)
      await page.waitForSelector("#choose:not([hidden])")
      await page.selectOption("#questionnaire", "phq-9")
      await see(page)("choice")
      await page.click("#start")
      await page.click("#agree-touch")
      await finished(page, 1)
      await see(page)("staff")
    })
  } finally {
    await browser.close()
  }
  for (const [state, ...args] of [
    ["refused", "--use-fake-device-for-media-stream", "--deny-permission-prompts"],
    ["missing", "--use-fake-ui-for-media-stream", "--disable-audio-input"]
  ] as const) {
    const other = await launch(...args)
    try {
      await withPage(other, async (page) => {
        await page.goto(await link())
        await page.click("#start")
        await page.click("#agree-voice")
        await page.waitForSelector("#fault:not(:empty)")
        await page.waitForSelector("#quiet:not([hidden])")
        await see(page)(state)
      })
    } finally {
      await other.close()
    }
  }
}

/** Every line is taken, until the sockets are closed again. */
const crowded = async (server: ServerProcess, look: () => Promise<void>): Promise<void> => {
  const clients: Array<Client> = []
  try {
    for (;;) {
      const token = await mintToken(server.url, server.secret, "healthcare", `patient-${clients.length}`)
      const client = await Client.open({ server: server.url, path: "/ws/secure/healthcare", token })
      clients.push(client)
      client.send({ type: "session.start", questionnaire: "phq-9" })
      await client.next("session.ready")
    }
  } catch {
    await look()
  } finally {
    for (const client of clients) client.socket.close()
  }
}

/** Of all, these two are shown by themselves too. */
const alone: Readonly<Record<string, string>> = {
  "question-ar-phone-light": "talk-ar-phone.webp",
  "question-en-desktop-dark": "talk-en-dark.webp"
}

/** How many bytes it came to. */
const draw = async (): Promise<number> => {
  const order = Object.keys(states)
  const browser = await launch()
  const page = await browser.newPage({ viewport: { width: 1_400, height: 900 } })
  let bytes = 0
  const write = (name: string, drawn: Buffer) => {
    writeFileSync(join(values.out, name), drawn)
    bytes += drawn.length
  }
  for (const language of languages)
    for (const form of Object.keys(forms) as ReadonlyArray<keyof typeof forms>)
      for (const theme of themes) {
        const pictures = album.pictures
          .filter((one) => one.language === language && one.form === form && one.theme === theme)
          .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
        const named = pictures.map((one) => ({ ...one, state: states[one.state as keyof typeof states] }))
        const sheet = { language, form, theme }
        write(nameOf(sheet), await drawSheet(page, sheet, named))
        for (const one of pictures) {
          const name = alone[`${one.state}-${language}-${form}-${theme}`]
          if (name !== undefined) write(name, await drawAlone(page, one))
        }
      }
  await browser.close()
  return bytes
}

const server = await startServer({ MAX_CONCURRENT_SESSIONS: "10" })
const { clinic, close } = await openReviewing()
try {
  for (const language of languages) {
    await photograph(server, clinic, language)
    const link = await invitationLink(server.url, server.secret, language, "patient-late")
    const browser = await launch()
    console.log(`${language}: ${states.busy}`)
    await crowded(server, () =>
      withPage(browser, async (page) => {
        await page.goto(link)
        await page.click("#start")
        await page.waitForSelector('#over[data-ending="busy"]:not([hidden])')
        await album.take(page, language, "busy")
      })
    )
    await browser.close()
  }
  console.log(`${album.pictures.length} pictures, ${Math.ceil((await draw()) / 1_024)} KiB, in ${values.out}`)
  if (album.faults.length > 0) {
    console.error(`axe finds ${album.faults.length} faults:\n${album.faults.join("\n")}`)
    process.exitCode = 1
  }
} finally {
  await close()
  await server.stop()
}
