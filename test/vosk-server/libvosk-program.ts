/** libvosk driven directly, as vosk-server's asr_server.py drives it, in a process of its own: the truth to compare with. */
import { embeddedSttModelPath } from "#src/stt/stt.ts"
import { loadLibvosk } from "#src/stt/libvosk.ts"
import type { Exchange } from "./libvosk.ts"

const vosk = await loadLibvosk(undefined)
const model = vosk.newModel(embeddedSttModelPath)
if (model === null) throw new Error("libvosk cannot read the embedded model")

process.on("message", async ({ sampleRateHz, phrases, words, alternatives, pieces }: Exchange) => {
  const recognizer =
    phrases === undefined
      ? vosk.newRecognizer(model, sampleRateHz)
      : vosk.newGrammarRecognizer(model, sampleRateHz, JSON.stringify(phrases))
  if (recognizer === null) throw new Error("libvosk made no recogniser")
  vosk.setWords(recognizer, words ? 1 : 0)
  vosk.setMaxAlternatives(recognizer, alternatives)
  const replies: Array<string> = []
  for (const piece of pieces) {
    if (piece === "final") replies.push(await vosk.finalResult(recognizer))
    else if ((await vosk.accept(recognizer, piece)) === 1) replies.push(await vosk.result(recognizer))
    else replies.push(vosk.partialResult(recognizer))
  }
  vosk.freeRecognizer(recognizer)
  process.send?.(replies)
})
process.send?.("ready")
