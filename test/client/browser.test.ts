/**
 * The SDK in a real browser, by `examples/browser.html` as a page of another origin: real models, and a microphone that
 * plays a recorded word, silence, the word again, and so on.
 */
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, it } from "vitest"
import { joined } from "#src/audio/pcm.ts"
import { writeWav } from "#src/audio/wav.ts"
import { noPrompts } from "#test/e2e/caller.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { describeInBrowser } from "#test/support/browser.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"

const folder = mkdtempSync(join(tmpdir(), "sawt-microphone-"))
const microphone = join(folder, "microphone.wav")
const { file, text } = clipOf("previous")
/** Of the example's element `voice`: state and played milliseconds, as they change. */
interface VoiceStep {
  readonly atMs: number
  readonly text: string
}
interface WireStep {
  readonly atMs: number
  readonly message: {
    readonly type: string
    readonly id?: string
    readonly played_ms?: number
    readonly heard_ms?: number
    readonly reason?: string
  }
}

/** Notes what the page shows of the voice, and what goes over the wire, on one clock. */
const notes = `
  globalThis.voiceSteps = []
  globalThis.wireSteps = []
  const note = (data) => typeof data === "string" && wireSteps.push({ atMs: performance.now(), message: JSON.parse(data) })
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args)
      this.addEventListener("message", ({ data }) => note(data))
    }
    send(data) {
      note(data)
      super.send(data)
    }
  }
  document.addEventListener("DOMContentLoaded", () => {
    const voice = document.getElementById("voice")
    new MutationObserver(() => voiceSteps.push({ atMs: performance.now(), text: voice.textContent })).observe(voice, { childList: true })
  })`

describeInBrowser(
  "client/ in a browser",
  (browser) => {
    let server: ServerProcess
    let pages: Server
    let page: string
    beforeAll(async () => {
      const silence = new Int16Array(16_000 * 4)
      writeFileSync(microphone, writeWav([joined(silence, readSamples(file))], 16_000))
      const html = readFileSync(join(import.meta.dirname, "../../examples/browser.html"))
      pages = createServer((request, response) => {
        const isPage = request.url?.startsWith("/browser.html") === true
        response
          .writeHead(isPage ? 200 : 204, { "content-type": "text/html; charset=utf-8" })
          .end(isPage ? html : undefined)
      }).listen(0, "127.0.0.1")
      await once(pages, "listening")
      const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`
      server = await startServer({ ...noPrompts, ALLOWED_ORIGINS: origin })
      page = `${origin}/browser.html?server=${server.url}`
    })
    afterAll(async () => {
      pages.close()
      await server.stop()
      rmSync(folder, { recursive: true })
    })
    const opened = async (options: { readonly permissions: ReadonlyArray<string> }) => {
      const { page: tab } = await browser.open("about:blank", { context: { permissions: [...options.permissions] } })
      await tab.addInitScript({ content: notes })
      await tab.goto(page)
      await tab.waitForSelector("[data-ready=yes]")
      await tab.click("#talk")
      return tab
    }

    it("hears a word, speaks, is interrupted, and tells how much was heard", async () => {
      const tab = await opened({ permissions: ["microphone"] })
      await tab.waitForSelector(`#finals li:has-text("${text}")`)
      await tab.fill("#text", "مَرْحَبًا بِكُمْ فِي هٰذِهِ الْخِدْمَةِ. ".repeat(8))
      await tab.click("#speak button")
      await tab
        .waitForFunction("wireSteps.some(({ message }) => message.type === 'audio.end')")
        .catch(async () => assert.fail(JSON.stringify(await tab.evaluate("wireSteps"))))
      await tab.waitForFunction("voiceSteps.at(-1)?.text.startsWith('stopped')")
      const voice = await tab.evaluate<ReadonlyArray<VoiceStep>>("voiceSteps")
      const wire = await tab.evaluate<ReadonlyArray<WireStep>>("wireSteps")
      const end = wire.find(({ message }) => message.type === "audio.end")
      assert.isDefined(end)
      assert.strictEqual(end.message.reason, "interrupted")
      const played = wire.flatMap(({ message }) => (message.type === "speech.played" ? [message.played_ms ?? 0] : []))
      assert.deepEqual(
        played,
        played.toSorted((a, b) => a - b)
      )
      assert.closeTo(end.message.heard_ms ?? 0, played.at(-1) ?? 0, 300)

      const states = voice.map(({ text }) => text.replace(/,.*/, "")).filter((state, i, all) => state !== all[i - 1])
      assert.deepEqual(states.slice(-3), ["playing", "ducked", "stopped"])
      const duckedAtMs = voice.find(({ text }) => text.startsWith("ducked"))?.atMs ?? Infinity
      const started = wire.findLast(({ message, atMs }) => message.type === "speech.started" && atMs < duckedAtMs)
      assert.isBelow(duckedAtMs - (started?.atMs ?? 0), 1_000)
    })

    it("says that the microphone was refused", async () => {
      const tab = await opened({ permissions: [] })
      await tab.waitForSelector("#state:has-text('microphone_refused')")
    })
  },
  [
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${microphone}`,
    "--autoplay-policy=user-gesture-required"
  ]
)
