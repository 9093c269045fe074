/**
 * What one session has played lately, word by word, in the time of its microphone: how much of a prompt was heard, which
 * words an echo may hold, and what its echo gate compares the microphone with. A prompt is placed where the microphone's
 * audio had come to when its first frame left; `speech.played` says where the client really plays it in that audio, however
 * slow the network and however busy either machine is.
 */
import type { EchoGate, Verdict } from "#src/audio/echo-gate.ts"
import { comparable } from "#src/questionnaire/arabic.ts"
import { stripMarks } from "#src/tts/arabic-marks.ts"
import type { SpokenSentence } from "#src/tts/tts.ts"

interface Word {
  /** Without vowel marks, as the client shows it. */
  readonly word: string
  /** Milliseconds into the prompt. */
  readonly startMs: number
  readonly endMs: number
}

interface PlayedWord extends Word {
  /** Where the prompt would have begun, had it been played without a stall up to this word. */
  promptAtMs: number
}

interface PlayedPrompt {
  /** Where the microphone's audio had come to when it began; later by each stall since. */
  atMs: number
  readonly words: Array<PlayedWord>
  /** Nothing later than this was played. */
  endMs: number
}

export interface PlayedOptions {
  /** Where the microphone's audio has come to. */
  readonly positionMs: () => number
  /** Where that of this connection began: audio heard before a resume. */
  readonly offsetMs?: number
  /** Called with the first prompt. Absent where nothing can come back: a recording is not made while a prompt plays. */
  readonly makeGate?: () => EchoGate
}

/** Prompts that are remembered; words are asked for up to a second or two back. */
const promptsKept = 4

/** Where an engine cannot tell, its words share the sentence by their letters. */
const wordsOf = ({ text, words, pcm, sampleRateHz }: SpokenSentence): ReadonlyArray<Word> => {
  if (words.length > 0) return words.map((word) => ({ ...word, word: stripMarks(word.word) }))
  const shown = stripMarks(text)
    .split(/\s+/u)
    .filter((word) => word !== "")
  const letters = shown.reduce((sum, word) => sum + word.length, 0)
  const msPerLetter = (pcm.length * 1_000) / sampleRateHz / Math.max(1, letters)
  let at = 0
  return shown.map((word) => {
    const startMs = at * msPerLetter
    at += word.length
    return { word, startMs, endMs: at * msPerLetter }
  })
}

export class Played {
  readonly #options: PlayedOptions
  #prompts: Array<PlayedPrompt> = []
  #gate: EchoGate | undefined
  /** How much later the client plays than its prompt was sent; unknown: it has not said. */
  #reportedDelayMs: number | undefined
  /** It says what it plays in the microphone's time: only then is what it hears compared with that, and held back for it. */
  #doesReport = false

  constructor(options: PlayedOptions) {
    this.#options = options
  }

  begin(): void {
    const atMs = this.#options.positionMs()
    this.#reportedDelayMs = undefined
    this.#gate ??= this.#options.makeGate?.()
    this.#gate?.begin(atMs)
    this.#prompts.push({ atMs, words: [], endMs: Infinity })
    if (this.#prompts.length > promptsKept) this.#prompts.shift()
  }

  /** The next sentence of the prompt, `fromMs` into it. */
  add(sentence: SpokenSentence, fromMs: number): void {
    const prompt = this.#prompts.at(-1)
    if (prompt === undefined) return
    for (const { word, startMs, endMs } of wordsOf(sentence)) {
      prompt.words.push({ word, startMs: startMs + fromMs, endMs: endMs + fromMs, promptAtMs: prompt.atMs })
    }
    this.#gate?.play(prompt.atMs + fromMs, sentence.pcm, sentence.sampleRateHz)
  }

  /** What follows of the prompt after `fromMs` comes so much later: it was not ready in time. A client that reports knows better. */
  stalled(lateMs: number, fromMs: number): void {
    const prompt = this.#prompts.at(-1)
    if (prompt === undefined || this.#reportedDelayMs !== undefined) return
    prompt.atMs += lateMs
    for (const word of prompt.words) if (word.endMs > fromMs) word.promptAtMs += lateMs
    this.#gate?.stalled(lateMs)
  }

  /** The client's own account of how far it has played the prompt, when it had sent `sentMs` of audio; else, as of now. */
  reported(playedMs: number, sentMs?: number): void {
    const prompt = this.#prompts.at(-1)
    if (prompt === undefined) return
    const { positionMs, offsetMs = 0 } = this.#options
    if (sentMs !== undefined) this.reports()
    const atMs = sentMs === undefined ? positionMs() : offsetMs + sentMs
    this.#reportedDelayMs = atMs - (prompt.atMs + playedMs)
    this.#gate?.delayed(this.#reportedDelayMs)
  }

  /** The client's last word on the prompt before this one, when it had sent `sentMs` of audio: so long it was played. */
  endedBefore(sentMs: number): void {
    this.#gate?.endedBefore((this.#options.offsetMs ?? 0) + sentMs)
  }

  /** The client says where its microphone was, be it of a prompt that is over. */
  reports(): void {
    this.#doesReport = true
  }

  /** Nothing of the prompt after this is played. */
  cut(endMs: number): void {
    const prompt = this.#prompts.at(-1)
    if (prompt === undefined) return
    prompt.endMs = endMs
    this.#gate?.stop(prompt.atMs + endMs)
  }

  ducked(ducked: boolean): void {
    this.#gate?.ducked(ducked)
  }

  /** Called for each frame of the microphone; whatever it costs, it costs only while something may be heard of a prompt. */
  readonly judge = (frame: Int16Array, atMs: number): Verdict => {
    const gate = this.#gate
    return gate !== undefined && this.#doesReport && gate.isAudible(atMs) ? gate.judge(frame, atMs) : "other"
  }

  /** The words of the last prompt up to here: those of which at least half was heard. */
  heardText(heardMs: number): string {
    const words = this.#prompts.at(-1)?.words ?? []
    return words
      .filter(({ startMs, endMs }) => (startMs + endMs) / 2 <= heardMs)
      .map(({ word }) => word)
      .join(" ")
  }

  /** The words that the microphone may have heard from its `fromMs` up to its `toMs`, in the form in which they compare. */
  wordsBetween(fromMs: number, toMs: number): ReadonlySet<string> {
    const delayMs = this.#reportedDelayMs ?? this.#gate?.delayMs ?? 0
    const found = this.#prompts.flatMap(({ words, endMs: cutMs }) =>
      words.filter(({ startMs, endMs, promptAtMs }) => {
        const placeMs = promptAtMs + delayMs
        return startMs < cutMs && placeMs + startMs < toMs && placeMs + endMs > fromMs
      })
    )
    return new Set(found.flatMap(({ word }) => comparable(word).split(" ")))
  }
}
