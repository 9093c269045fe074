/**
 * Plays what a session says and tells it how much was heard: samples that have left the sound card's queue, less the
 * latency of the way to the ear. Follows `audio.duck`, and falls silent when a prompt was interrupted or the connection is
 * another one. Browsers only; a page may begin to play after a click or a key.
 */
import { floatsOf, samplesOf } from "../src/audio/pcm.ts"
import { SawtError } from "./errors.ts"
import type { FromPlayer, ToPlayer } from "./playback-worklet.ts"
import type { Session } from "./sawt-client.ts"

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

export interface SpeakerOptions {
  readonly onPlaying?: (playing: Playing) => void
}

export class Speaker {
  readonly context: AudioContext
  readonly #session: Session
  readonly #onPlaying: (playing: Playing) => void
  readonly #offs: ReadonlyArray<() => void>
  /** What comes while the worklet loads is played after it. */
  #early: Array<ToPlayer> | undefined = []
  #node: AudioWorkletNode | undefined
  #toldAtMs = 0
  #ducked = false

  private constructor(context: AudioContext, session: Session, { onPlaying = () => {} }: SpeakerOptions) {
    this.context = context
    this.#session = session
    this.#onPlaying = onPlaying
    this.#offs = [
      session.on("audio", ({ id, bytes }) => this.#tell({ type: "push", id, samples: floatsOf(samplesOf(bytes)) })),
      session.on("audio.begin", () => this.#duck(false)),
      session.on("audio.duck", ({ ducked }) => this.#duck(ducked)),
      session.on("audio.end", ({ id, reason }) =>
        reason === "interrupted" ? this.stop() : this.#tell({ type: "finish", id })
      ),
      session.on("connection", ({ status }) => {
        if (status === "connected") this.stop()
      }),
      session.on("ended", () => this.stop())
    ]
  }

  /**
   * Called right after `connect`, it misses nothing of what is spoken. Rejects with `unsupported` where the browser has no
   * AudioWorklet, or the page came without TLS.
   */
  static async open(session: Session, options: SpeakerOptions = {}): Promise<Speaker> {
    const { encoding, sample_rate: sampleRate } = session.ready.speech
    if (encoding !== "pcm_s16le")
      throw new SawtError("unsupported", "The speaker plays `speech` of encoding pcm_s16le.")
    // At the rate of the speech: each sample is one of the context's, and the browser converts all of it in one stream.
    const speaker = new Speaker(new AudioContext({ sampleRate, latencyHint: "interactive" }), session, options)
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

  async start(): Promise<void> {
    await this.context.resume()
  }

  /** Silent at once; what the server still sends of a prompt is its matter: `speech.cancel` stops it there. */
  stop(): void {
    this.#ducked = false
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

  #tell(message: ToPlayer): void {
    if (this.#early === undefined) this.#node?.port.postMessage(message)
    else this.#early.push(message)
  }

  #duck(ducked: boolean): void {
    this.#ducked = ducked
    this.#tell({ type: "gain", gain: ducked ? duckedGain : 1 })
  }

  #played({ id, playedSamples, ended }: FromPlayer): void {
    const { sampleRate, outputLatency = 0, baseLatency } = this.context
    const sentMs = (playedSamples * 1_000) / sampleRate
    const playedMs = Math.max(0, sentMs - (outputLatency || baseLatency) * 1_000)
    const nowMs = performance.now()
    if (ended !== undefined || nowMs - this.#toldAtMs >= tellMs) {
      this.#toldAtMs = nowMs
      this.#session.tell({ type: "speech.played", id, played_ms: Math.round(ended === "played" ? sentMs : playedMs) })
    }
    this.#onPlaying({ id, playedMs, state: ended ?? (this.#ducked ? "ducked" : "playing") })
  }
}

export const addWorklet = async (context: AudioContext, url: URL): Promise<void> => {
  if (context.audioWorklet === undefined) {
    throw new SawtError("unsupported", "Sound needs a page over https (or localhost), and a browser of 2021 or later.")
  }
  await context.audioWorklet.addModule(url)
}
