/**
 * `/talk` beside a loudspeaker, without an echo canceller that could help: what it plays comes back into its microphone,
 * 20 dB softer, on a way that the browser knows nothing of (docs/decisions/041-one-clock-for-both-ears.md). Three prompts, and nine
 * with `npm run test:echo`.
 */
import { afterAll, assert, beforeAll, it } from "vitest"
import { invitationLink } from "../../scripts/client.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { describeInBrowser } from "#test/support/browser.ts"
import { microphoneArgs } from "#test/support/chromium.ts"
import { Room, roomScript } from "./room.ts"

const prompts = Number(process.env.ECHO_PROMPTS ?? 3)
const answer = readSamples(clipOf("two").file)
/** How a prompt ends, by turns. The first one, which introduces the questionnaire, takes 20 s. */
const turns = [
  { by: "listening", untilMs: Infinity },
  { by: "speaking", untilMs: 1_500 },
  { by: "touching", untilMs: 1_500 }
] as const

let server: ServerProcess
beforeAll(async () => {
  server = await startServer()
}, 60_000)
afterAll(() => server.stop())

describeInBrowser(
  "a page that hears itself",
  (browser) => {
    it("is not its own patient, and hears the patient over it", { timeout: 300_000 }, async () => {
      const { page } = await browser.open(await invitationLink(server.url, server.secret, "ar", "patient-echo"), {
        script: roomScript({ echoDb: -20, delayMs: 60 })
      })
      const room = new Room(page)
      await page.click("#start")
      await page.click("#agree-voice")
      for (let index = 1; index <= prompts; index++) {
        const { by, untilMs } = turns[index % 3] ?? turns[0]
        const { link_id } = await room.heard("question.asked", (question) => question.index === index)
        const since = room.messages.length - 1
        const { id } = await room.heard("audio.begin", () => true, since)
        const startedBefore = room.count("speech.started")
        const ended = room.heard("audio.end", (end) => end.id === id)
        await Promise.race([
          ended,
          room.heard("speech.played", (played) => played.id === id && played.played_ms >= untilMs)
        ])
        assert.strictEqual(room.count("speech.started"), startedBefore, `nobody spoke over prompt ${index}`)
        if (by === "touching") await page.click("#answers .option >> nth=1")
        else {
          await room.say(answer)
          assert.strictEqual((await ended).reason, by === "speaking" ? "interrupted" : "completed")
          // Over a prompt a word is heard, but not always well: it may be read back, or asked for again.
          const next = await Promise.race([
            room.heard("answer.recorded", () => true, since),
            room.heard("answer.confirm", () => true, since),
            ...(by === "speaking" ? [room.heard("audio.begin", (begin) => begin.id !== id, since)] : [])
          ])
          if (next.type === "answer.recorded") assert.strictEqual(next.via, "voice")
          if (await page.isVisible("#yes")) await page.click("#yes")
          else if (room.count("answer.recorded") < index) await page.click("#answers .option >> nth=1")
        }
        await room.heard("answer.recorded", (recorded) => recorded.link_id === link_id)
      }
      assert.isTrue((await room.notes()).constraints.audio.echoCancellation)
    })
  },
  microphoneArgs
)
