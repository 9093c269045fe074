/** The baseline's process: nothing but libvosk and a loop. `bare-vosk.ts` speaks to it. */
import { embeddedSttModelPath } from "#src/stt/stt.ts"
import { loadLibvosk } from "#src/stt/libvosk.ts"
import type { BareJob, BareResult } from "./bare-vosk.ts"

/** 100 ms, as in every example of Vosk. */
const blockBytes = 3_200

const vosk = await loadLibvosk(undefined)
const model = vosk.newModel(embeddedSttModelPath)
if (model === null) throw new Error("libvosk cannot read the embedded model")

const textOf = (json: string): string => {
  const { text = "" } = JSON.parse(json) as { readonly text?: string }
  return text
    .split(" ")
    .filter((word) => word !== "" && word !== "[unk]")
    .join(" ")
}

const recognize = async (samples: Int16Array): Promise<{ readonly text: string; readonly finalMs: number }> => {
  const recognizer = vosk.newRecognizer(model, 16_000)
  if (recognizer === null) throw new Error("libvosk made no recogniser")
  vosk.setWords(recognizer, 1)
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
  const texts: Array<string> = []
  for (let at = 0; at < bytes.length; at += blockBytes) {
    // 1: libvosk's own endpoint, where a plain loop takes the result.
    if ((await vosk.accept(recognizer, bytes.subarray(at, at + blockBytes))) === 1) {
      texts.push(textOf(await vosk.finalResult(recognizer)))
    }
  }
  const finishedAt = performance.now()
  texts.push(textOf(await vosk.finalResult(recognizer)))
  const finalMs = performance.now() - finishedAt
  vosk.freeRecognizer(recognizer)
  return { text: texts.filter((text) => text !== "").join(" "), finalMs }
}

process.on("message", async ({ audio }: BareJob) => {
  const before = process.cpuUsage()
  const results: Array<Awaited<ReturnType<typeof recognize>>> = []
  for (const samples of audio) results.push(await recognize(samples))
  const { user, system } = process.cpuUsage(before)
  process.send?.({
    texts: results.map(({ text }) => text),
    finalMs: results.map(({ finalMs }) => finalMs),
    cpuSeconds: (user + system) / 1e6
  } satisfies BareResult)
})
process.send?.("ready")
