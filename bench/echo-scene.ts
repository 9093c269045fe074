/**
 * A caller without headphones in audio time: the real listener and detector, and in lock step with the microphone, frame
 * by frame, a loudspeaker that plays prompts, ducks and stops as the listener tells, and whose sound comes back through a
 * room. No clock: the same scene is heard alike on any machine.
 */
import { EchoGate } from "#src/audio/echo-gate.ts"
import { Listener } from "#src/audio/listener.ts"
import type { ListenerEvent } from "#src/audio/listener-events.ts"
import { toSample } from "#src/audio/pcm.ts"
import { Resampler } from "#src/audio/resample.ts"
import { Played } from "#src/session/played.ts"
import type { Stt } from "#src/stt/stt.ts"
import type { SpokenSentence } from "#src/tts/tts.ts"
import type { Vad } from "#src/vad/vad.ts"
import { mixed, type Noise, sampleRateHz, samplesOfMs, silence } from "./recordings.ts"

export const frameMs = 32
const frameSamples = samplesOfMs(frameMs)
const duckedGain = 0.25
const reportFrames = 6

export interface Room {
  readonly name: string
  /** From loudspeaker to microphone, devices and all. */
  readonly delayMs: number
  /** Until reverberation is 60 dB down; 0: none. */
  readonly reverberationMs: number
  /** Of reverberation against the direct sound. */
  readonly reverberationDb: number
  readonly seed: number
}

export interface SceneOptions {
  readonly vad: Vad["Service"]
  readonly stt: Stt["Service"]
  readonly room: Room
  /** Of what is played; undefined: headphones. */
  readonly echoDb?: number
  readonly noise: Noise
  readonly noiseRms: number
  /** Whether the client says how far it has played. */
  readonly reports: boolean
  /** Without one: how it is without any guard. */
  readonly hasGate?: boolean
}

/** 0 … 1, the same for the same seed. */
export const randomOf = (seed: number) => {
  let state = (seed * 2_654_435_761 + 1) >>> 0
  return (): number => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Sparse: one reflection each millisecond. Delay in samples and gain. */
const pathsOf = ({ reverberationMs, reverberationDb, seed }: Room): ReadonlyArray<readonly [number, number]> => {
  if (reverberationMs === 0) return [[0, 1]]
  const random = randomOf(seed)
  const tail = Array.from({ length: Math.floor(reverberationMs * 0.6) }, (_, ms) => {
    const at = samplesOfMs(3 + ms + random())
    return [at, (random() * 2 - 1) * 10 ** ((-3 * ms) / reverberationMs)] as const
  })
  const energy = tail.reduce((sum, [, gain]) => sum + gain * gain, 0)
  const scale = Math.sqrt(10 ** (reverberationDb / 10) / energy)
  return [[0, 1] as const, ...tail.map(([at, gain]) => [at, gain * scale] as const)]
}

/** A prompt at the microphone's rate, as it comes back of the room at 0 dB. */
const echoes = new WeakMap<Int16Array, Map<Room, Float32Array>>()
const echoOf = (sound: Int16Array, room: Room): Float32Array => {
  const known = echoes.get(sound) ?? new Map<Room, Float32Array>()
  echoes.set(sound, known)
  const found = known.get(room)
  if (found !== undefined) return found
  const paths = pathsOf(room)
  const echo = new Float32Array(sound.length + (paths.at(-1)?.[0] ?? 0) + 1)
  for (const [delay, gain] of paths) {
    for (let i = 0; i < sound.length; i++) echo[i + delay] = (echo[i + delay] ?? 0) + (sound[i] ?? 0) * gain
  }
  const energyOf = (samples: Iterable<number>): number => {
    let energy = 0
    for (const sample of samples) energy += sample * sample
    return energy
  }
  const scale = Math.sqrt(energyOf(sound) / energyOf(echo))
  const scaled = echo.map((sample) => sample * scale)
  known.set(room, scaled)
  return scaled
}

const at16k = new WeakMap<Int16Array, Int16Array>()
const played16k = ({ pcm, sampleRateHz: rate }: SpokenSentence): Int16Array => {
  const known = at16k.get(pcm)
  if (known !== undefined) return known
  const resampler = new Resampler(rate, sampleRateHz)
  const parts = [resampler.push(pcm), resampler.flush()]
  const sound = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    sound.set(part, at)
    at += part.length
  }
  at16k.set(pcm, sound)
  return sound
}

export interface Said {
  readonly atMs: number
  readonly samples: Int16Array
}

/** What became of one prompt. Positions of the microphone, from the prompt's first sound on. */
export interface Outcome {
  readonly startedMs: ReadonlyArray<number>
  readonly duckedMs: number | undefined
  readonly stoppedMs: number | undefined
  readonly texts: ReadonlyArray<string>
}

type Final = Extract<ListenerEvent, { type: "transcript.final" }>

export class EchoScene {
  readonly #options: SceneOptions
  readonly #listener: Listener
  readonly #played: Played
  readonly #background: Int16Array
  readonly #echo = new Float32Array(64_000)
  #events: Array<ListenerEvent & { readonly seenMs: number }> = []
  #frame = 0
  #unanswered = 0
  #utterances = 0
  #finals: Array<Final> = []
  #settled: (() => void) | undefined

  constructor(options: SceneOptions) {
    this.#options = options
    const { vad, stt, noise, noiseRms } = options
    this.#background = mixed(silence(4_000), noise.samples, noiseRms, 0)
    const gate = options.hasGate === false ? {} : { makeGate: () => new EchoGate() }
    this.#played = new Played({ positionMs: () => this.#listener.positionMs(), ...gate })
    this.#listener = new Listener({
      stt,
      vad: {
        ...vad,
        open: (listener) => {
          const stream = vad.open({
            ...listener,
            probabilities: (values) => {
              listener.probabilities(values)
              this.#unanswered -= values.length
              this.#settled?.()
            }
          })
          return {
            push: (samples) => {
              this.#unanswered += samples.length / frameSamples
              return stream.push(samples)
            },
            close: () => stream.close()
          }
        }
      },
      turnDetection: "server_vad",
      judge: this.#played.judge,
      emit: (event) => {
        this.#events.push({ ...event, seenMs: this.#frame * frameMs })
        if (event.type === "utterance.ended") this.#utterances++
        if (event.type === "transcript.final") this.#finals.push(event)
        if (event.type === "transcript.failed") this.#utterances--
        this.#settled?.()
      }
    })
    this.#listener.setTurn({ decode: true, endSilenceMs: 500, alternatives: 0, partials: false })
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve
      })
    }
    this.#settled = undefined
  }

  /** Nothing is played for so long. */
  async rest(durationMs: number): Promise<void> {
    for (const end = this.#frame + durationMs / frameMs; this.#frame < end;) await this.#step(undefined)
  }

  /** Plays one prompt after the client has waited for so long; a person may say something `atMs` after its first sound. */
  async play(sentence: SpokenSentence, waitsMs: number, said?: Said): Promise<Outcome> {
    const sound = played16k(sentence)
    const { room, echoDb, reports } = this.#options
    const echo = echoOf(sound, room)
    this.#events = []
    this.#finals = []
    this.#utterances = 0
    this.#played.begin()
    this.#played.add(sentence, 0)
    await this.rest(Math.round(waitsMs / frameMs) * frameMs)
    const startMs = this.#frame * frameMs
    const lengthFrames = Math.ceil(sound.length / frameSamples)
    const level = echoDb === undefined ? 0 : 10 ** (echoDb / 20)
    const word = said === undefined ? undefined : { at: samplesOfMs(startMs + said.atMs), samples: said.samples }
    let isDucked = false
    let [duckedMs, stoppedMs]: Array<number | undefined> = []
    let seen = 0
    for (let frame = 0; frame < lengthFrames && stoppedMs === undefined; frame++) {
      if (reports && frame % reportFrames === 0) this.#played.reported(frame * frameMs, this.#frame * frameMs)
      const gain = isDucked ? level * duckedGain : level
      const from = frame * frameSamples
      const isLast = frame === lengthFrames - 1
      const tail = isLast ? echo.length - from : frameSamples
      const at = this.#frame * frameSamples + samplesOfMs(room.delayMs)
      for (let i = 0; i < tail; i++) {
        const place = (at + i) % this.#echo.length
        this.#echo[place] = (this.#echo[place] ?? 0) + (echo[from + i] ?? 0) * gain
      }
      await this.#step(word)
      for (const event of this.#events.slice(seen)) {
        if (event.type === "speech.started") {
          isDucked = true
          duckedMs ??= event.seenMs - startMs
          this.#played.ducked(true)
        } else if (event.type === "speech.confirmed") stoppedMs ??= event.seenMs - startMs
        else if (event.type === "speech.paused" || event.type === "utterance.ended") {
          if (isDucked) this.#played.ducked(false)
          isDucked = false
        }
      }
      seen = this.#events.length
    }
    if (isDucked) this.#played.ducked(false)
    if (stoppedMs !== undefined) this.#played.cut(stoppedMs)
    const wordEnd = word === undefined ? 0 : word.at + word.samples.length
    while (this.#frame * frameSamples < wordEnd) await this.#step(word)
    await this.rest(30 * frameMs)
    await this.#until(() => this.#finals.length === this.#utterances)
    return {
      startedMs: this.#events.flatMap((event) => (event.type === "speech.started" ? [event.atMs - startMs] : [])),
      duckedMs,
      stoppedMs,
      texts: this.#finals.map(({ transcript }) => transcript.text)
    }
  }

  close(): void {
    this.#listener.close()
  }

  async #step(word: { readonly at: number; readonly samples: Int16Array } | undefined): Promise<void> {
    const start = this.#frame * frameSamples
    const sound = Int16Array.from({ length: frameSamples }, (_, i) => {
      const at = start + i
      const place = at % this.#echo.length
      const echo = this.#echo[place] ?? 0
      this.#echo[place] = 0
      const person = word === undefined ? 0 : (word.samples[at - word.at] ?? 0)
      return toSample(echo + person + (this.#background[at % this.#background.length] ?? 0))
    })
    this.#frame++
    this.#listener.push(sound)
    await this.#until(() => this.#unanswered === 0)
  }
}
