/** Brings a server to where it is an hour after its start: prompts rendered, one interview held. */
import { readdirSync } from "node:fs"
import { mintToken } from "../scripts/client.ts"
import { converse } from "../scripts/demo/conversation.ts"
import { Patient } from "../scripts/demo/patient.ts"
import { loadRecordings } from "../scripts/demo/recordings.ts"
import type { ServerProcess } from "../scripts/server-process.ts"

const sleep = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs))

const filesIn = (folder: string): number => {
  try {
    return readdirSync(folder, { recursive: true }).length
  } catch {
    return 0
  }
}

/** No new rendered sentence for this long: all are there. */
const quietMs = 1_500

/** Rendered speech is written to `ttsHome`, one file for each sentence. */
const promptsRendered = async (ttsHome: string): Promise<void> => {
  const deadlineMs = performance.now() + 60_000
  let count = 0
  let grownAtMs = performance.now()
  while (count === 0 || performance.now() - grownAtMs < quietMs) {
    if (performance.now() > deadlineMs) throw new Error("the prompts were not rendered within a minute")
    await sleep(50)
    const now = filesIn(ttsHome)
    if (now !== count) grownAtMs = performance.now()
    count = now
  }
}

/** One whole interview as fast as it goes, as `npm run demo` holds it. */
const interview = async (server: ServerProcess): Promise<void> => {
  const token = await mintToken(server.url, server.secret, "voice healthcare", "warm-up")
  await converse({
    server: server.url,
    token,
    questionnaire: "phq-9",
    realTime: false,
    patient: new Patient(1, 10, 8_000),
    recordings: loadRecordings(),
    tell: () => {}
  })
}

export const warmUp = async (server: ServerProcess, ttsHome: string): Promise<void> => {
  await promptsRendered(ttsHome)
  await interview(server)
}
