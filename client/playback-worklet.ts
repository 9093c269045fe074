/**
 * Plays samples as they come, in the thread of the sound card, and counts each that has gone out. Volume changes and a stop
 * are ramps of a few milliseconds: a cut would be heard as a click. Runs as a worklet, so it imports nothing.
 */
export type ToPlayer =
  | { readonly type: "push"; readonly id: string; readonly samples: Float32Array }
  /** Nothing more of this prompt comes. */
  | { readonly type: "finish"; readonly id: string }
  | { readonly type: "gain"; readonly gain: number }
  | { readonly type: "stop" }

/** Sent when a prompt begins to sound, every `reportMs` of it, and when it has ended. */
export interface FromPlayer {
  readonly id: string
  readonly playedSamples: number
  /** Of the context, in seconds: when so many samples had gone out. */
  readonly atTime: number
  /** It begins to sound, or goes on after it had run dry: where it is played is not where it was. */
  readonly isNews: boolean
  readonly ended: "played" | "stopped" | undefined
}

declare const sampleRate: number
declare const currentTime: number
declare class AudioWorkletProcessor {
  readonly port: MessagePort
}
declare const registerProcessor: (name: string, processor: new () => AudioWorkletProcessor) => void

interface Part {
  readonly id: string
  /** Undefined: the end of the prompt. */
  readonly samples: Float32Array | undefined
}

const rampMs = 15
const reportMs = 50

class Player extends AudioWorkletProcessor {
  readonly #queue: Array<Part> = []
  readonly #gainStep = 1_000 / (sampleRate * rampMs)
  readonly #reportSamples = Math.round((sampleRate * reportMs) / 1_000)
  #at = 0
  /** Of the prompt that sounds, or that has run dry; empty: none. */
  #id = ""
  #played = 0
  /** Of them, when it was last reported; -Infinity: not since it sounds. */
  #reported = -Infinity
  /** Nothing has sounded since the last prompt, or since this one ran dry. */
  #isSilent = true
  #isNews = false
  #gain = 1
  #gainWanted = 1
  /** So many parts go as soon as it is silent, and those after them are played then; undefined: it is not to stop. */
  #stopping: number | undefined

  constructor() {
    super()
    this.port.onmessage = ({ data }: MessageEvent<ToPlayer>) => this.#receive(data)
  }

  process(_: unknown, [output]: ReadonlyArray<ReadonlyArray<Float32Array>>): boolean {
    const channel = output?.[0]
    if (channel === undefined) return true
    for (let i = 0; i < channel.length; i++) channel[i] = this.#next(i) * this.#ramped()
    if (this.#stopping === 0 || (this.#stopping !== undefined && this.#gain === 0)) this.#stopped()
    if (this.#id !== "" && this.#played - this.#reported >= this.#reportSamples) this.#report(channel.length, undefined)
    return true
  }

  #receive(message: ToPlayer): void {
    switch (message.type) {
      case "push":
        return void this.#queue.push(message)
      case "finish":
        return void this.#queue.push({ id: message.id, samples: undefined })
      case "gain":
        this.#gainWanted = message.gain
        return
      case "stop":
        this.#stopping = this.#queue.length
        if (this.#stopping === 0) this.#stopped()
    }
  }

  /** `at`: of the quantum in work. */
  #next(at: number): number {
    for (;;) {
      const part = this.#stopping === 0 ? undefined : this.#queue[0]
      if (part === undefined) {
        this.#isSilent = true
        return 0
      }
      this.#id = part.id
      const sample = part.samples?.[this.#at]
      if (sample !== undefined) {
        if (this.#isSilent) {
          this.#isSilent = false
          this.#isNews = true
          this.#reported = -Infinity
        }
        this.#at++
        this.#played++
        return sample
      }
      this.#queue.shift()
      if (this.#stopping !== undefined) this.#stopping--
      this.#at = 0
      if (part.samples === undefined) this.#end(at, "played")
    }
  }

  #ramped(): number {
    const wanted = this.#stopping === undefined ? this.#gainWanted : 0
    const distance = wanted - this.#gain
    this.#gain += Math.max(-this.#gainStep, Math.min(this.#gainStep, distance))
    return this.#gain
  }

  #stopped(): void {
    this.#queue.splice(0, this.#stopping)
    this.#at = 0
    this.#stopping = undefined
    this.#gainWanted = 1
    this.#gain = 1
    if (this.#id !== "") this.#end(0, "stopped")
  }

  #end(at: number, ended: "played" | "stopped"): void {
    this.#report(at, ended)
    this.#id = ""
    this.#played = 0
    this.#isSilent = true
  }

  #report(at: number, ended: FromPlayer["ended"]): void {
    this.#reported = this.#played
    const atTime = currentTime + at / sampleRate
    const report: FromPlayer = { id: this.#id, playedSamples: this.#played, atTime, isNews: this.#isNews, ended }
    this.#isNews = false
    this.port.postMessage(report)
  }
}

registerProcessor("sawt-player", Player)
