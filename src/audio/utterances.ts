/**
 * The utterances of one session at the recogniser: the one being said, and those that have ended and wait for their final.
 * Finals come out in the order in which the utterances began, exactly one each.
 */
import { Effect, Exit, type Fiber } from "effect"
import type { HeardSoFar, Hearing as HostHearing, Stt, SttError, Transcript, Utterance } from "#src/stt/stt.ts"
import { type Sound, SoundMeter } from "./sound.ts"

export interface UtteranceSettings {
  readonly grammar?: ReadonlyArray<string>
  readonly alternatives: number
  readonly partials: boolean
}

export interface SettledUtterance {
  readonly id: string
  readonly outcome: Exit.Exit<Transcript, SttError>
  /** First frame of its audio, first frame of speech, and the frame after the last one of speech. */
  readonly firstFrame: number
  readonly startFrame: number
  readonly endFrame: number
}

export interface UtterancesOptions {
  readonly stt: Stt["Service"]
  readonly onPartial: (id: string, text: string) => void
  /** One host has come to an end with it. */
  readonly onHearing: (id: string, hearing: HostHearing) => void
  readonly onSettled: (settled: SettledUtterance) => void
  /** The recogniser has caught up a little. */
  readonly onProgress: () => void
}

interface Hearing {
  readonly id: string
  readonly utterance: Utterance
  readonly firstFrame: number
  readonly startFrame: number
  readonly meter: SoundMeter
  endFrame: number
  fedFrames: number
  fedSamples: number
  decodedSamples: number
  /** No recogniser could hear it: nothing more of it will be decoded. */
  lost: boolean
  outcome: Exit.Exit<Transcript, SttError> | undefined
  fiber: Fiber.Fiber<Transcript, SttError> | undefined
}

export class Utterances {
  readonly #options: UtterancesOptions
  #current: Hearing | undefined
  /** Ended, final not delivered yet, oldest first. */
  #settling: Array<Hearing> = []
  #count = 0
  #closed = false

  constructor(options: UtterancesOptions) {
    this.#options = options
  }

  /** The one being said. */
  get currentId(): string | undefined {
    return this.#current?.id
  }

  /** How it has sounded so far. */
  get currentSound(): Sound | undefined {
    return this.#current?.meter.sound
  }

  get currentFrames(): number {
    return this.#current?.fedFrames ?? 0
  }

  begin(firstFrame: number, startFrame: number, { grammar, alternatives, partials }: UtteranceSettings): string {
    const id = `u${++this.#count}`
    const hearing: Hearing = {
      id,
      utterance: this.#options.stt.open({
        alternatives,
        ...(grammar === undefined ? {} : { grammar }),
        ...(partials ? { onPartial: (text: string) => this.#partial(hearing, text) } : {}),
        onProgress: (decoded) => {
          hearing.decodedSamples = decoded
          this.#options.onProgress()
        },
        onHearing: (heard) => this.#options.onHearing(id, heard),
        onFailed: () => {
          hearing.lost = true
          this.#options.onProgress()
        }
      }),
      firstFrame,
      startFrame,
      meter: new SoundMeter(),
      endFrame: startFrame,
      fedFrames: 0,
      fedSamples: 0,
      decodedSamples: 0,
      lost: false,
      outcome: undefined,
      fiber: undefined
    }
    this.#current = hearing
    return id
  }

  feed(samples: Int16Array): void {
    const current = this.#current
    if (current === undefined) return
    current.fedFrames++
    current.fedSamples += samples.length
    current.meter.add(samples)
    current.utterance.push(samples)
  }

  /** What the recogniser makes of the one being said, as far as it has been fed. Not answered once it has ended. */
  peek(answer: (heard: HeardSoFar | undefined) => void): void {
    const current = this.#current
    current?.utterance.peek((heard) => {
      if (current === this.#current) answer(heard)
    })
  }

  /** Its transcript, if this is accepted for all that was said; the same. */
  conclude(accept: (transcript: Transcript) => boolean, answer: (accepted: boolean) => void): void {
    const current = this.#current
    current?.utterance.conclude(
      (transcript) => current !== this.#current || accept(transcript),
      (accepted) => {
        if (current === this.#current) answer(accepted)
      }
    )
  }

  end(endFrame: number): void {
    const hearing = this.#current
    if (hearing === undefined) return
    this.#current = undefined
    hearing.endFrame = endFrame
    this.#settling.push(hearing)
    hearing.fiber = Effect.runFork(
      Effect.onExit(hearing.utterance.finish, (outcome) =>
        Effect.sync(() => {
          hearing.outcome = outcome
          this.#deliver()
        })
      )
    )
  }

  /** Drops the one being said: it gets no final. */
  clear(): string | undefined {
    const current = this.#current
    this.#current = undefined
    current?.utterance.cancel()
    return current?.id
  }

  /** Fed and not decoded yet. */
  pendingSamples(): number {
    let samples = 0
    for (const hearing of [this.#current, ...this.#settling]) {
      if (hearing === undefined || hearing.lost || hearing.outcome !== undefined) continue
      samples += hearing.fedSamples - hearing.decodedSamples
    }
    return samples
  }

  /** One is being said, or has no final yet. */
  get busy(): boolean {
    return this.#current !== undefined || this.#settling.length > 0
  }

  close(): void {
    this.#closed = true
    this.clear()
    for (const { fiber } of this.#settling) fiber?.interruptUnsafe()
    this.#settling = []
  }

  #partial(hearing: Hearing, text: string): void {
    // None after the utterance's end: its final is on the way, and the protocol promises this order.
    if (hearing === this.#current) this.#options.onPartial(hearing.id, text)
  }

  #deliver(): void {
    while (!this.#closed) {
      const hearing = this.#settling[0]
      if (hearing?.outcome === undefined) break
      this.#settling.shift()
      const { id, outcome, firstFrame, startFrame, endFrame } = hearing
      this.#options.onSettled({ id, outcome, firstFrame, startFrame, endFrame })
    }
    this.#options.onProgress()
  }
}
