/**
 * The states of a visit by voice. In Arabic the person is recordings of real people and all is as the service hears it. The
 * embedded model hears no English: there the page is told what the service would say of English that was heard.
 */
import type { Page } from "playwright-core"
import type { ServerMessage } from "#schemas/wire.ts"
import { linkIds } from "#test/e2e/questionnaire-file.ts"
import { clipOf } from "#test/stt/recordings.ts"
import { Line } from "#test/talk/line.ts"
import { patientScript } from "#test/talk/patient-audio.ts"
import { roomScript } from "#test/talk/room.ts"
import { answer, quieted } from "#test/talk/states.ts"

export type SpokenState = "heard" | "confirming" | "review"

type See = (state: SpokenState) => Promise<void>

const begun = async (page: Page, link: string): Promise<Line> => {
  const line = await Line.of(page)
  await page.goto(link)
  await page.click("#start")
  await page.waitForSelector("#consent:not([hidden])")
  return line
}

const is =
  <Type extends ServerMessage["type"]>(
    type: Type,
    which: (message: Extract<ServerMessage, { type: Type }>) => boolean = () => true
  ) =>
  (message: ServerMessage): boolean =>
    message.type === type && which(message as Extract<ServerMessage, { type: Type }>)

export const speakArabic = async (page: Page, link: string, seen: See): Promise<void> => {
  const yes = clipOf("yes").file
  await page.addInitScript({ content: patientScript({ answer: clipOf("one").file, confirm: yes, after: yes }) })
  const line = await begun(page, link)
  const heard = line.freezeAfter(is("transcript.partial", ({ text }) => text !== ""))
  await page.click("#agree-voice")
  await heard
  await page.waitForSelector("#heard:not(:empty)")
  await seen("heard")
  const asked = line.freezeAfter(is("state.changed", ({ state }) => state === "confirming"))
  line.release()
  await asked
  await page.waitForSelector("#confirm:not([hidden])")
  await seen("confirming")
  // The list is offered, and then read.
  const listed = line.freezeAfter(is("question.asked", ({ review, text }) => review === true && text.includes("\n")))
  line.release()
  await listed
  await page.click("#notice-close")
  await seen("review")
}

export const speakEnglish = async (page: Page, link: string, seen: See): Promise<void> => {
  await page.addInitScript({ content: roomScript({ echoDb: -200, delayMs: 0 }) })
  const line = await begun(page, link)
  await page.click("#agree-voice")
  await page.waitForSelector('#microphone[aria-pressed="true"]')
  await quieted(page)
  const text = "several days"
  line.freezeWith({ type: "speech.started", at_ms: 0 }, { type: "transcript.partial", utterance_id: "u1", text })
  await page.waitForSelector("#heard:not(:empty)")
  await seen("heard")
  line.freezeWith(
    { type: "speech.stopped", at_ms: 800 },
    { type: "answer.confirm", link_id: linkIds[0] ?? "", value: "LA6569-3", display: "Several days" },
    { type: "state.changed", state: "confirming", previous: "transcribing" }
  )
  await page.waitForSelector("#confirm:not([hidden])")
  await seen("confirming")
}

/** Of a questionnaire whose answers are read back though they were touched. */
export const review = async (page: Page, link: string, seen: See): Promise<void> => {
  await page.goto(link)
  await page.click("#start")
  await page.click("#agree-touch")
  await answer(page, 1, 11)
  await page.click("#notice-close")
  await page.waitForSelector("#question.review")
  await seen("review")
}
