/** Long audio made of the recorded words: talk without pauses, and conversation with its silences. Deterministic. */
import { joined } from "#src/audio/pcm.ts"
import { clips, mixed, noises, secondsOf, silence, trimmed } from "./recordings.ts"

export interface Recording {
  readonly samples: Int16Array
  /** Words separated by spaces. */
  readonly text: string
  /** Where the last utterance has surely begun. */
  readonly lastWordMs: number
}

/** Words of the clips, always others, trimmed to the speech. */
const words = clips.map(({ text, samples }) => ({ text, samples: trimmed(samples, 30) }))

const compose = (
  session: number,
  seconds: number,
  next: (utterance: number) => { readonly words: number; readonly pauseMs: (speechSeconds: number) => number }
): Recording => {
  const parts: Array<Int16Array> = [silence(500)]
  const texts: Array<string> = []
  let word = session * 11
  let total = 0.5
  let lastWordMs = 0
  for (let utterance = 0; total < seconds; utterance++) {
    const { words: count, pauseMs } = next(utterance)
    let speech = 0
    for (let i = 0; i < count; i++) {
      // Prime, so that every word is followed by every other.
      const { text, samples } = words[(word += 7) % words.length] ?? { text: "", samples: silence(500) }
      const gap = silence(50 + ((word * 13) % 30))
      parts.push(samples, gap)
      texts.push(text)
      lastWordMs = (total + speech) * 1_000
      speech += secondsOf(samples) + secondsOf(gap)
    }
    const pause = silence(pauseMs(speech))
    parts.push(pause)
    total += speech + secondsOf(pause)
  }
  return { samples: joined(...parts), text: texts.join(" "), lastWordMs }
}

const speechRms = 3_000

/** About so many seconds; other words for each session. */
export const scenes = {
  /** Words without pauses in utterances of 8 to 10 s, 0.7 s between them. */
  continuous: (session: number, seconds: number): Recording =>
    compose(session, seconds, () => ({ words: 14, pauseMs: () => 700 })),
  /** Utterances of 1 to 8 words, then 1.5 times as long nobody: 40 % speech, recorded noise 35 dB under it. */
  conversation: (session: number, seconds: number): Recording => {
    const counts = [2, 5, 1, 8, 3]
    const recording = compose(session, seconds, (utterance) => ({
      words: counts[(utterance + session) % counts.length] ?? 1,
      pauseMs: (speech) => speech * 1_500
    }))
    const noise = noises[session % noises.length]?.samples ?? silence(1_000)
    return { ...recording, samples: mixed(recording.samples, noise, speechRms / 10 ** (35 / 20), session * 7_919) }
  }
} as const
export type SceneKind = keyof typeof scenes
