/**
 * A caller without headphones: what comes is played, ducked and dropped as a client should, and its sound comes back into
 * the microphone later and softer, with a few reflections of a room. A person may speak over it. Loudspeaker and microphone
 * go in lock step, by samples: at the pace of speech, but while either machine is late with a prompt's sound the
 * microphone waits too. So the same is heard however busy they are. Positions are those of the microphone's audio.
 */
import type { ClientMessage, ServerMessage, SessionStart } from "#schemas/wire.ts"
import { bytesOf, samplesOf, toSample } from "#src/audio/pcm.ts"
import { Client, type ClientOptions } from "../scripts/client.ts"
import { mixed, noises, sampleRateHz, silence } from "./recordings.ts"

const frameMs = 20
const frameSamples = (sampleRateHz * frameMs) / 1_000
const samplesPerMs = sampleRateHz / 1_000
/** Sound that a client waits for before it plays. */
const bufferedMs = 100
const reportMs = 200
/** Prompts begin on this raster, a whole number of frames here and at the detector. */
const rasterMs = 160
const duckedGain = 0.25

const background = mixed(silence(rasterMs), noises[0]?.samples ?? silence(10), 20, 0)

/** Delay in samples and gain: the direct way, and reflections that fade within 200 ms. */
const pathsOf = (isRoom: boolean): ReadonlyArray<readonly [number, number]> => {
  if (!isRoom) return [[0, 1]]
  const reflections = Array.from({ length: 24 }, (_, i) => {
    const at = 5 + i * 8 + ((i * 37) % 7)
    return [at * samplesPerMs, (i % 2 === 0 ? 0.3 : -0.3) * 10 ** (-at / 100)] as const
  })
  const energy = reflections.reduce((sum, [, gain]) => sum + gain * gain, 1)
  return [[0, 1] as const, ...reflections].map(([at, gain]) => [at, gain / Math.sqrt(energy)])
}

export interface EchoingOptions extends Pick<ClientOptions, "server" | "path" | "token"> {
  /** Of what is played; undefined: headphones. */
  readonly echoDb?: number
  readonly delayMs: number
  readonly isRoom: boolean
  /** Whether the client says how far it has played. */
  readonly reports: boolean
  readonly start?: Partial<SessionStart>
}

export interface Arrival {
  readonly message: ServerMessage
  /** Where the microphone was. */
  readonly atMs: number
}

interface Prompt {
  readonly id: string
  sound: Array<Int16Array>
  waitingSamples: number
  playedSamples: number
  isPlaying: boolean
  isWhole: boolean
}

export class EchoingCaller {
  readonly arrivals: Array<Arrival> = []
  readonly #options: EchoingOptions
  readonly #client: Client
  readonly #paths: ReadonlyArray<readonly [number, number]>
  /** What comes back, a ring from the next sample of the microphone on. */
  readonly #echo = new Float32Array(4 * sampleRateHz)
  readonly #wake = new Set<() => void>()
  #prompts: Array<Prompt> = []
  #gain = 1
  #frame = 0
  #line: { readonly samples: Int16Array; readonly from: number } | undefined
  #isOpen = true
  #sending: Promise<void> = Promise.resolve()

  private constructor(options: EchoingOptions, client: Client) {
    this.#options = options
    this.#client = client
    this.#paths = pathsOf(options.isRoom)
  }

  static async open(options: EchoingOptions): Promise<EchoingCaller> {
    let caller: EchoingCaller | undefined
    const client = await Client.open({
      ...options,
      onMessage: (message) => caller?.receive(message),
      onAudio: (bytes) => caller?.take(bytes)
    })
    caller = new EchoingCaller(options, client)
    client.socket.once("close", () => caller?.wakeAll())
    client.send({
      type: "session.start",
      mode: "live",
      speech: { encoding: "pcm_s16le", sample_rate: sampleRateHz },
      ...options.start
    })
    await caller.until(({ type }) => type === "session.ready")
    caller.#sending = caller.#send()
    return caller
  }

  send(message: ClientMessage): void {
    this.#client.send(message)
  }

  /** The person says it in the next frame. Returns its position. */
  say(samples: Int16Array): number {
    this.#line = { samples, from: this.#frame * frameSamples }
    return this.#frame * frameMs
  }

  /** The first that is looked for, of those from `since` on and those to come. */
  async until(wanted: (message: ServerMessage) => boolean, since = 0): Promise<Arrival> {
    for (let at = since; ;) {
      for (; at < this.arrivals.length; at++) {
        const arrival = this.arrivals[at]
        if (arrival !== undefined && wanted(arrival.message)) return arrival
      }
      if (this.#client.closed !== undefined) throw new Error(`closed: ${this.#client.closed.reason}`)
      await new Promise<void>((resolve) => this.#wake.add(resolve))
    }
  }

  /** Resolves when the microphone has come to this position. */
  async reached(atMs: number): Promise<void> {
    while (this.#frame * frameMs < atMs) {
      if (this.#client.closed !== undefined) throw new Error(`closed: ${this.#client.closed.reason}`)
      await new Promise<void>((resolve) => this.#wake.add(resolve))
    }
  }

  /** Resolves when so much of a prompt has been played. */
  async played(id: string, playedMs: number): Promise<void> {
    const isPlayed = () => {
      const at = this.#prompts.findIndex((prompt) => prompt.id === id)
      return at !== 0 ? at < 0 : (this.#prompts[0]?.playedSamples ?? 0) >= playedMs * samplesPerMs
    }
    while (!isPlayed() && this.#client.closed === undefined) {
      await new Promise<void>((resolve) => this.#wake.add(resolve))
    }
  }

  get positionMs(): number {
    return this.#frame * frameMs
  }

  async end(): Promise<void> {
    this.#isOpen = false
    await this.#sending
    await this.#client.end()
  }

  wakeAll(): void {
    for (const resolve of this.#wake) resolve()
    this.#wake.clear()
  }

  receive(message: ServerMessage): void {
    this.arrivals.push({ message, atMs: this.positionMs })
    switch (message.type) {
      case "audio.begin":
        this.#gain = 1
        this.#prompts.push({
          id: message.id,
          sound: [],
          waitingSamples: 0,
          playedSamples: 0,
          isPlaying: false,
          isWhole: false
        })
        break
      case "audio.duck":
        this.#gain = message.ducked ? duckedGain : 1
        break
      case "audio.end": {
        const prompt = this.#prompts.find(({ id }) => id === message.id)
        if (message.reason !== "completed") this.#prompts = this.#prompts.filter(({ id }) => id !== message.id)
        else if (prompt !== undefined) prompt.isWhole = true
        break
      }
      default:
    }
    this.wakeAll()
  }

  take(bytes: Buffer): void {
    const prompt = this.#prompts.at(-1)
    if (prompt === undefined) return
    const samples = samplesOf(new Uint8Array(bytes))
    prompt.sound.push(samples)
    prompt.waitingSamples += samples.length
    this.wakeAll()
  }

  async #send(): Promise<void> {
    for (let dueAtMs = performance.now(); this.#isOpen && this.#client.closed === undefined;) {
      dueAtMs = Math.max(dueAtMs + frameMs, performance.now())
      await new Promise((resolve) => setTimeout(resolve, dueAtMs - performance.now()))
      while (this.#isStarved && this.#client.closed === undefined) {
        await new Promise<void>((resolve) => this.#wake.add(resolve))
      }
      this.#report()
      this.#play()
      const sound = this.#hear()
      this.#frame++
      this.#client.socket.send(bytesOf(sound), { binary: true })
      this.wakeAll()
    }
  }

  /** More of what is being played is yet to come. */
  get #isStarved(): boolean {
    const [prompt] = this.#prompts
    return prompt !== undefined && prompt.isPlaying && !prompt.isWhole && prompt.waitingSamples < frameSamples
  }

  /** The loudspeaker's next frame, and all that will come back of it. */
  #play(): void {
    const prompt = this.#prompts[0]
    if (prompt === undefined) return
    if (!prompt.isPlaying) return
    const { echoDb, delayMs } = this.#options
    const gain = echoDb === undefined ? 0 : this.#gain * 10 ** (echoDb / 20)
    const at = this.#frame * frameSamples + delayMs * samplesPerMs
    for (let i = 0; i < frameSamples; i++) {
      const [first] = prompt.sound
      if (first === undefined) break
      const sample = (first[0] ?? 0) * gain
      if (first.length === 1) prompt.sound.shift()
      else prompt.sound[0] = first.subarray(1)
      prompt.waitingSamples--
      prompt.playedSamples++
      if (gain === 0) continue
      for (const [delay, share] of this.#paths) {
        const place = (at + i + delay) % this.#echo.length
        this.#echo[place] = (this.#echo[place] ?? 0) + sample * share
      }
    }
    if (prompt.waitingSamples === 0 && prompt.isWhole) this.#prompts.shift()
  }

  #hear(): Int16Array {
    const start = this.#frame * frameSamples
    return Int16Array.from({ length: frameSamples }, (_, i) => {
      const at = start + i
      const place = at % this.#echo.length
      const echo = this.#echo[place] ?? 0
      this.#echo[place] = 0
      const person = this.#line?.samples[at - this.#line.from] ?? 0
      return toSample(echo + person + (background[at % background.length] ?? 0))
    })
  }

  /** When a prompt begins, before its first sound, and on and on. */
  #report(): void {
    const [prompt] = this.#prompts
    if (prompt === undefined) return
    const isReady = prompt.isWhole || prompt.waitingSamples >= bufferedMs * samplesPerMs
    prompt.isPlaying ||= isReady && (this.#frame * frameMs) % rasterMs === 0
    const playedMs = prompt.playedSamples / samplesPerMs
    if (!this.#options.reports || !prompt.isPlaying || playedMs % reportMs !== 0) return
    this.send({ type: "speech.played", id: prompt.id, played_ms: playedMs, at_ms: this.positionMs })
  }
}
