/**
 * Plays what a session says and tells it how much was heard: samples that have left the sound card's queue, less the
 * latency of the way to the ear. Follows `audio.duck`, and falls silent when a prompt was interrupted or the connection is
 * another one. Browsers only; a page may begin to play after a click or a key.
 */
import { floatsOf, samplesOf } from "../src/audio/pcm.ts"
import { Resampler } from "../src/audio/resample.ts"
import { SawtError } from "./errors.ts"
import type { FromPlayer, ToPlayer } from "./playback-worklet.ts"
import type { Session, SpeechFrame } from "./sawt-client.ts"

/** A voice under a ducked prompt is understood, the prompt still noticed. */
const duckedGain = 0.15
/** Of `speech.played`. */
const tellMs = 100

export interface Playing {
  /** Of the prompt, as `audio.begin` told it. */
  readonly id: string
  /** What has been heard of it. */
  readonly playedMs: number
  readonly state: "playing" | "ducked" | "played" | "stopped"
}

/** How many milliseconds of the microphone had been sent by a moment of the context, in seconds. */
export type MicrophoneMsAt = (contextTime: number) => number | undefined

export interface SpeakerOptions {
  readonly onPlaying?: (playing: Playing) => void
  /** One that was made within a click sounds in any browser; the speaker closes it. Without it the speaker makes one. */
  readonly context?: AudioContext
}

export class Speaker {
  readonly context: AudioContext
  readonly #session: Session
  readonly #onPlaying: (playing: Playing) => void
  readonly #offs: ReadonlyArray<() => void>
  #resampler: Resampler
  /** What comes while the worklet loads is played after it. */
  #early: Array<ToPlayer> | undefined = []
  #node: AudioWorkletNode | undefined
  #playingId: string | undefined
  /** Of a prompt that was stopped here nothing more is played. */
  #stoppedId: string | undefined
  #toldAtMs = 0
  #ducked = false
  #last: FromPlayer | undefined
  #microphoneMsAt: MicrophoneMsAt = () => undefined

  private constructor(context: AudioContext, session: Session, onPlaying: (playing: Playing) => void) {
    this.context = context
    this.#session = session
    this.#onPlaying = onPlaying
    this.#resampler = this.#newResampler()
    this.#offs = [
      session.on("audio", (frame) => this.#push(frame)),
      session.on("audio.begin", () => this.#begin()),
      session.on("audio.duck", ({ ducked }) => this.#duck(ducked)),
      session.on("audio.end", ({ id, reason }) => (reason === "interrupted" ? this.stop() : this.#finish(id))),
      session.on("connection", () => this.stop())
    ]
  }

  /**
   * Called right after `connect`, it misses nothing of what is spoken. Rejects with `unsupported` where the browser has no
   * AudioWorklet, or the page came without TLS.
   */
  static async open(session: Session, { onPlaying = () => {}, context }: SpeakerOptions = {}): Promise<Speaker> {
    if (session.ready.speech.encoding !== "pcm_s16le")
      throw new SawtError("unsupported", "The speaker plays `speech` of encoding pcm_s16le.")
    const speaker = new Speaker(context ?? new AudioContext({ latencyHint: "interactive" }), session, onPlaying)
    await speaker.#load().catch(async (error: unknown) => {
      await speaker.close()
      throw error
    })
    // Without a click before, it stays suspended, and `start` is to be called in one.
    void speaker.start()
    return speaker
  }

  get isSuspended(): boolean {
    return this.context.state !== "running"
  }

  /** The prompt of which something is still to be heard. */
  get playingId(): string | undefined {
    return this.#playingId
  }

  async start(): Promise<void> {
    await this.context.resume()
  }

  /**
   * Of a microphone in the same context, whose first sound has been sent: on one clock with what is played, the service
   * knows its own echo. What sounds already is told at once, before the echo of it could be taken for a person.
   */
  heardBy(microphoneMsAt: MicrophoneMsAt): void {
    this.#microphoneMsAt = microphoneMsAt
    if (this.#last === undefined) return
    const { id, playedSamples, atTime, ended } = this.#last
    const { currentTime, sampleRate } = this.context
    const nowTime = ended === undefined ? currentTime : atTime
    const playedMs = (playedSamples / sampleRate + nowTime - atTime) * 1_000
    this.#tellPlayed(id, playedMs, microphoneMsAt(nowTime))
  }

  /** Silent at once; what the server still sends of a prompt is its matter: `speech.cancel` stops it there. */
  stop(): void {
    this.#ducked = false
    this.#stoppedId = this.#playingId
    this.#resampler = this.#newResampler()
    this.#tell({ type: "stop" })
  }

  async close(): Promise<void> {
    for (const off of this.#offs) off()
    this.#node?.disconnect()
    if (this.context.state !== "closed") await this.context.close()
  }

  async #load(): Promise<void> {
    const { context } = this
    await addWorklet(context, new URL("./playback-worklet.ts", import.meta.url))
    const node = new AudioWorkletNode(context, "sawt-player", { numberOfInputs: 0, outputChannelCount: [1] })
    node.connect(context.destination)
    node.port.onmessage = ({ data }: MessageEvent<FromPlayer>) => this.#played(data)
    this.#node = node
    const early = this.#early ?? []
    this.#early = undefined
    for (const message of early) this.#tell(message)
  }

  #newResampler(): Resampler {
    return new Resampler(this.#session.ready.speech.sample_rate, this.context.sampleRate)
  }

  #begin(): void {
    this.#stoppedId = undefined
    this.#duck(false)
  }

  #push({ id, bytes }: SpeechFrame): void {
    if (id === this.#stoppedId) return
    this.#playingId = id
    this.#tell({ type: "push", id, samples: floatsOf(this.#resampler.push(samplesOf(bytes))) })
  }

  #finish(id: string): void {
    this.#tell({ type: "push", id, samples: floatsOf(this.#resampler.flush()) })
    this.#tell({ type: "finish", id })
  }

  #tell(message: ToPlayer): void {
    if (this.#early === undefined) this.#node?.port.postMessage(message)
    else this.#early.push(message)
  }

  #duck(ducked: boolean): void {
    this.#ducked = ducked
    this.#tell({ type: "gain", gain: ducked ? duckedGain : 1 })
  }

  #played(report: FromPlayer): void {
    this.#last = report
    const { id, playedSamples, atTime, isNews, ended } = report
    const { sampleRate, outputLatency = 0, baseLatency } = this.context
    const sentMs = (playedSamples * 1_000) / sampleRate
    const latencyMs = ended === "played" ? 0 : Math.min(sentMs, (outputLatency || baseLatency) * 1_000)
    const playedMs = sentMs - latencyMs
    if (ended !== undefined && this.#playingId === id) this.#playingId = undefined
    const nowMs = performance.now()
    if (isNews || ended !== undefined || nowMs - this.#toldAtMs >= tellMs) {
      this.#toldAtMs = nowMs
      this.#tellPlayed(id, playedMs, this.#microphoneMsAt(atTime - latencyMs / 1_000))
    }
    this.#onPlaying({ id, playedMs, state: ended ?? (this.#ducked ? "ducked" : "playing") })
  }

  /**
   * The microphone's position goes back by the same latency as the prompt's: the browser guesses it anew each time, and
   * what the service compares must not waver with it.
   */
  #tellPlayed(id: string, playedMs: number, atMs: number | undefined): void {
    this.#session.tell({
      type: "speech.played",
      id,
      played_ms: Math.round(playedMs),
      ...(atMs === undefined ? {} : { at_ms: Math.max(0, Math.round(atMs)) })
    })
  }
}

export const addWorklet = async (context: AudioContext, url: URL): Promise<void> => {
  if (context.audioWorklet === undefined) {
    throw new SawtError("unsupported", "Sound needs a page over https (or localhost), and a browser of 2021 or later.")
  }
  await context.audioWorklet.addModule(url)
}
