/** A person at the page's microphone: recordings of real people, each said when the page's own marks show that it is its turn. */
import { readSamples } from "#test/stt/recordings.ts"

/** What is said: files of `test/fixtures/ar-commands`, of words that the embedded model hears with confidence. */
export interface Said {
  /** To each question. */
  readonly answer: string
  /** To an answer that is read back. */
  readonly confirm: string
  /** To all that is asked once the questionnaire is completed. */
  readonly after: string
}

/** The script's own mark. */
export const microphoneOpened = "sawt:microphone"
/** Milliseconds of a prompt that the person listens to before they speak over it. */
const listensMs = 300

/**
 * For `OpenOptions.script`: the person answers over each prompt, and again over the next if that was not understood, or
 * after `waitsMs` if nothing comes of it. Played in the page's own audio context, in place of the microphone's node, where a
 * busy machine is late but loses no sample.
 */
export const patientScript = (said: Said, waitsMs?: number): string => {
  const clips = Object.entries(said as Record<keyof Said, string>).map(([turn, file]) => [
    turn,
    [...readSamples(file)].map((sample) => sample / 32_768)
  ])
  return `{
    const clips = ${JSON.stringify(Object.fromEntries(clips))}
    let [turn, microphone, completed, again] = ["answer"]
    const say = () => {
      clearTimeout(again)
      if (microphone === undefined || turn === undefined) return
      ${waitsMs === undefined ? "" : `again = setTimeout(say, ${waitsMs})`}
      const { context } = microphone
      const source = context.createBufferSource()
      source.buffer = context.createBuffer(1, clips[turn].length, 16_000)
      source.buffer.copyToChannel(Float32Array.from(clips[turn]), 0)
      source.connect(microphone)
      source.start(context.currentTime + ${listensMs / 1_000})
    }
    const follow = {
      "sawt:question.asked": () => (turn = completed ? "after" : "answer"),
      "sawt:session.snapshot": () => (turn = "answer"),
      "sawt:answer.confirm": () => (turn = "confirm"),
      "sawt:answer.recorded": () => (turn = undefined),
      "sawt:questionnaire.completed": () => (completed = true),
      "sawt:audio.begin": say
    }
    new PerformanceObserver((list) => list.getEntries().forEach(({ name }) => follow[name]?.())).observe({ type: "mark" })
    AudioContext.prototype.createMediaStreamSource = function () {
      // A microphone is never without sound, as a node without a source would be.
      const silence = new ConstantSourceNode(this, { offset: 0 })
      silence.start()
      microphone = silence.connect(this.createGain())
      performance.mark("${microphoneOpened}")
      say()
      return microphone
    }
  }`
}
