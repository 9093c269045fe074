/**
 * Prompts as they come, played without gaps; how much of each has been heard is told from the clock of the sound card. Ducked
 * it is quiet but goes on; stopped it is silent within `fadeSeconds`. A prompt that runs dry waits for its next frame.
 */
import type { SpeechFrame } from "../../client/sawt-client.ts"

/** A click is heard where sound is cut without it. */
const fadeSeconds = 0.01
/** Of network jitter, before the first frame is played. */
const leadSeconds = 0.06
const duckedGain = 0.15

interface Playing {
  readonly id: string
  readonly gain: GainNode
  readonly sources: Set<AudioBufferSourceNode>
  /** Where the next frame begins, on the context's clock. */
  nextAt: number
  scheduledSeconds: number
  /** All of it has come. */
  whole: boolean
}

export interface LoudspeakerListener {
  /** Something begins or ends to sound. */
  readonly changed: () => void
  /** How much of a prompt has been heard, once it sounds no more. */
  readonly heard: (id: string, playedMs: number) => void
}

export class Loudspeaker {
  readonly #context = new AudioContext({ latencyHint: "interactive" })
  readonly #output: AudioNode
  readonly #listener: LoudspeakerListener
  #playing: Playing | undefined

  /** Made within a touch, browsers let it sound. */
  constructor(listener: LoudspeakerListener) {
    this.#listener = listener
    this.#output = this.#context.destination
    void this.#context.resume()
  }

  get playingId(): string | undefined {
    return this.#playing?.id
  }

  wake(): void {
    void this.#context.resume()
  }

  play({ id, encoding, sampleRateHz, bytes }: SpeechFrame): void {
    if (encoding !== "pcm_s16le") return
    const playing = this.#playing?.id === id ? this.#playing : this.#begin(id)
    const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.byteLength & ~1)))
    if (samples.length === 0) return
    const buffer = this.#context.createBuffer(1, samples.length, sampleRateHz)
    const channel = buffer.getChannelData(0)
    for (let at = 0; at < samples.length; at++) channel[at] = (samples[at] ?? 0) / 32_768
    const source = new AudioBufferSourceNode(this.#context, { buffer })
    source.connect(playing.gain)
    const now = this.#context.currentTime
    if (playing.nextAt < now) playing.nextAt = now + (playing.scheduledSeconds === 0 ? leadSeconds : fadeSeconds)
    source.start(playing.nextAt)
    playing.nextAt += buffer.duration
    playing.scheduledSeconds += buffer.duration
    playing.sources.add(source)
    source.addEventListener("ended", () => {
      playing.sources.delete(source)
      if (playing.whole && playing.sources.size === 0) this.#forget(playing)
    })
  }

  /** Of the prompt that sounds. */
  get playedMs(): number {
    const playing = this.#playing
    if (playing === undefined) return 0
    const ahead = Math.max(0, playing.nextAt - this.#context.currentTime)
    return Math.max(0, Math.round((playing.scheduledSeconds - ahead) * 1_000))
  }

  duck(ducked: boolean): void {
    const gain = this.#playing?.gain.gain
    if (gain === undefined) return
    const now = this.#context.currentTime
    gain.cancelScheduledValues(now)
    gain.setTargetAtTime(ducked ? duckedGain : 1, now, fadeSeconds)
  }

  /** Everything of this prompt has come: it plays to its end. */
  finish(id: string): void {
    const playing = this.#playing
    if (playing?.id !== id) return
    playing.whole = true
    if (playing.sources.size === 0) this.#forget(playing)
  }

  stop(): void {
    const playing = this.#playing
    if (playing === undefined) return
    const now = this.#context.currentTime
    playing.gain.gain.cancelScheduledValues(now)
    playing.gain.gain.setTargetAtTime(0, now, fadeSeconds / 3)
    for (const source of playing.sources) source.stop(now + fadeSeconds * 2)
    this.#forget(playing)
  }

  close(): void {
    this.stop()
    void this.#context.close()
  }

  #begin(id: string): Playing {
    this.stop()
    const gain = new GainNode(this.#context)
    gain.connect(this.#output)
    this.#playing = { id, gain, sources: new Set(), nextAt: 0, scheduledSeconds: 0, whole: false }
    this.#listener.changed()
    return this.#playing
  }

  #forget(playing: Playing): void {
    if (this.#playing !== playing) return
    const playedMs = this.playedMs
    this.#playing = undefined
    this.#listener.heard(playing.id, playedMs)
    this.#listener.changed()
  }
}
