/**
 * An utterance that outlives the host that hears it. Its audio is kept, by reference, until its transcript: when the host
 * dies, or does not answer while another could, all of it is heard again by the next host, which catches up faster than it
 * is said; what is pushed meanwhile follows. One transcript comes of it whatever happens on the way, or one `SttError`:
 * after three hosts, after eight seconds without any, or for more audio than an utterance may have.
 */
import { Effect, Exit, Fiber } from "effect"
import { HostError, type SttParams } from "#schemas/host.ts"
import { hostWaitMs, onAnotherHost } from "#src/fallbacks.ts"
import { limits } from "#src/limits.ts"
import type { Pool, PoolHost } from "./pool.ts"
import { Recognition } from "./recognition.ts"
import { SttError, type Transcript, type Utterance, type UtteranceOptions } from "./utterance.ts"

/** The longest utterance, its pre-roll and its tail. Over it nothing is kept, and a host that falls takes it along. */
const keptSamplesMax = 16 * (limits.utteranceMsMax + 2_000)

export type Fork = <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

const noHost = Effect.fail(
  new SttError({ reason: "unavailable", message: `No speech host became ready in ${hostWaitMs} ms.` })
)
const silentHost = new HostError({ kind: "stt", reason: "timeout", message: "The speech host does not answer." })
const cancelled = new SttError({ reason: "refused", message: "The utterance was cancelled." })

export class ReplayedUtterance implements Utterance {
  readonly #pool: Pool
  readonly #options: UtteranceOptions
  readonly #params: SttParams
  readonly #hearing: Fiber.Fiber<Transcript, SttError>
  #kept: Array<Int16Array> = []
  #pushedSamples = 0
  #recognition: Recognition | undefined
  #finished = false
  /** Hosts that have been given this utterance. */
  #hosts = 0
  /** As far as any host has come. */
  #decodedSamples = 0
  #shown = ""

  constructor(pool: Pool, options: UtteranceOptions, fork: Fork) {
    this.#pool = pool
    this.#options = options
    const { grammar, alternatives, onPartial } = options
    this.#params = { alternatives, partials: onPartial !== undefined, ...(grammar !== undefined && { grammar }) }
    this.#hearing = fork(this.#heard())
  }

  push(samples: Int16Array): void {
    if (this.#finished) return
    this.#pushedSamples += samples.length
    if (this.#isWhole) this.#kept.push(samples)
    else this.#kept = []
    this.#recognition?.push(samples)
  }

  readonly finish: Effect.Effect<Transcript, SttError> = Effect.suspend(() => {
    if (!this.#finished) {
      this.#finished = true
      this.#recognition?.finish()
    }
    return Fiber.await(this.#hearing).pipe(
      Effect.flatMap((exit) => (Exit.hasInterrupts(exit) ? Effect.fail(cancelled) : exit)),
      Effect.onInterrupt(() => Effect.sync(() => this.cancel()))
    )
  })

  cancel(): void {
    this.#hearing.interruptUnsafe()
  }

  get #isWhole(): boolean {
    return this.#pushedSamples <= keptSamplesMax
  }

  #heard(): Effect.Effect<Transcript, SttError> {
    return this.#pool.usable(this.#params.grammar).pipe(
      Effect.timeoutOrElse({ duration: hostWaitMs, orElse: () => noHost }),
      Effect.flatMap((host) => this.#heardBy(host)),
      Effect.tapErrorTag("HostError", ({ reason }) =>
        Effect.logWarning("a speech host lost an utterance", { reason, hosts: this.#hosts })
      ),
      Effect.retry({ times: onAnotherHost.times, while: (error) => this.#isWhole && onAnotherHost.while(error) }),
      Effect.catchTag("HostError", ({ reason, message }) => Effect.fail(new SttError({ reason, message }))),
      Effect.onExit((exit) =>
        Effect.sync(() => {
          this.#kept = []
          this.#finished = true
          if (Exit.isFailure(exit)) this.#options.onFailed?.()
        })
      )
    )
  }

  /** All that has been said so far, and what follows, heard by this host. */
  #heardBy(host: PoolHost): Effect.Effect<Transcript, HostError> {
    const heard = Effect.callback<Transcript, HostError>((resume) => {
      const replayed = this.#hosts++ > 0
      let decodedSamples = 0
      const shownSamples = this.#decodedSamples
      const recognition = new Recognition(host.host, this.#params, {
        partial: (text) => {
          const catchingUp = replayed && (decodedSamples < shownSamples || this.#shown.startsWith(text))
          if (!catchingUp) this.#show(text)
        },
        progress: (decoded) => {
          decodedSamples = decoded
          if (decoded <= this.#decodedSamples) return
          this.#decodedSamples = decoded
          this.#options.onProgress?.(decoded)
        },
        settled: (outcome) =>
          resume(
            Exit.map(outcome, ({ text, unknownWords, confidence, words, alternatives }) => ({
              text,
              unknownWords,
              confidence,
              words,
              alternatives,
              model: host.model,
              degraded: this.#pool.isStandIn(host),
              replayed
            }))
          )
      })
      this.#recognition = recognition
      for (const samples of this.#kept) recognition.push(samples)
      if (this.#finished) recognition.finish()
      return Effect.sync(() => recognition.close())
    })
    const outdone = Effect.flatMap(this.#pool.outdone(host, this.#params.grammar), () => {
      const status = host.host.status()
      return Effect.fail("error" in status ? status.error : silentHost)
    })
    return this.#pool.occupying(host, Effect.raceFirst(heard, outdone)).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          this.#recognition = undefined
        })
      )
    )
  }

  #show(text: string): void {
    this.#shown = text
    this.#options.onPartial?.(text)
  }
}
