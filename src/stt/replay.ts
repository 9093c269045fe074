/**
 * An utterance that outlives the host that hears it. Its audio is kept, by reference, until its transcript: when the host
 * dies, or does not answer while another could, all of it is heard again by the next host, which catches up faster than it
 * is said; what is pushed meanwhile follows. One transcript comes of it whatever happens on the way, or one `SttError`:
 * after three hosts, after eight seconds without any, or for more audio than an utterance may have. What a grammar does not
 * fit is heard once more, freely, before its transcript is given: a person in danger does not keep to the choices.
 */
import { Effect, Exit, Fiber } from "effect"
import { HostError, type SttParams, type SttWork } from "#schemas/host.ts"
import { hostWaitMs, onAnotherHost } from "#src/fallbacks.ts"
import { limits } from "#src/limits.ts"
import type { Pool, PoolHost } from "./pool.ts"
import { type Final, Recognition } from "./recognition.ts"
import { type HeardSoFar, SttError, type Transcript, type Utterance, type UtteranceOptions } from "./utterance.ts"

/** The longest utterance, its pre-roll and its tail. Over it nothing is kept, and a host that falls takes it along. */
const keptSamplesMax = 16 * (limits.utteranceMsMax + 2_000)

export type Fork = <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>

const noHost = Effect.fail(
  new SttError({ reason: "unavailable", message: `No speech host became ready in ${hostWaitMs} ms.` })
)
const silentHost = new HostError({ kind: "stt", reason: "timeout", message: "The speech host does not answer." })
/** A free hearing that takes longer is given up: the conversation goes on. */
const freelyTimeoutMs = 2_000
/** A transcript below it may be anything that was pressed into the grammar. */
const fittingMin = 0.75
const isLeftOut = ({ unknownWords, confidence }: Transcript): boolean =>
  unknownWords > 0 || confidence === null || confidence < fittingMin

const cancelled = new SttError({ reason: "refused", message: "The utterance was cancelled." })

/** Stands among the samples where somebody wanted to know what had been heard: each hearing comes by it. */
class Peek {
  readonly #answer: (heard: HeardSoFar | undefined) => void
  #answered = false

  constructor(answer: (heard: HeardSoFar | undefined) => void) {
    this.#answer = answer
  }

  readonly answer = (heard: HeardSoFar | undefined): void => {
    if (this.#answered) return
    this.#answered = true
    this.#answer(heard)
  }
}

interface Conclusion {
  readonly accept: (transcript: Transcript) => boolean
  readonly answer: (accepted: boolean) => void
}

export class ReplayedUtterance implements Utterance {
  readonly #pool: Pool
  readonly #options: UtteranceOptions
  readonly #params: SttParams
  readonly #hearing: Fiber.Fiber<Transcript, SttError>
  #kept: Array<Int16Array | Peek> = []
  readonly #peeks: Array<Peek> = []
  #conclusion: Conclusion | undefined
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

  peek(answer: (heard: HeardSoFar | undefined) => void): void {
    if (this.#finished) return answer(undefined)
    const peek = new Peek(answer)
    this.#peeks.push(peek)
    if (this.#isWhole) this.#kept.push(peek)
    this.#recognition?.peek(peek.answer)
  }

  conclude(accept: (transcript: Transcript) => boolean, answer: (accepted: boolean) => void): void {
    if (this.#finished || !this.#isWhole) return answer(false)
    this.#conclusion = { accept, answer }
    this.#recognition?.finish()
  }

  readonly finish: Effect.Effect<Transcript, SttError> = Effect.suspend(() => {
    if (!this.#finished) {
      this.#finished = true
      // One that is being concluded is finishing already.
      if (this.#conclusion === undefined) this.#recognition?.finish()
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
          for (const peek of this.#peeks) peek.answer(undefined)
          this.#conclusion?.answer(false)
          if (Exit.isFailure(exit)) this.#options.onFailed?.()
        })
      )
    )
  }

  /** All that has been said so far, and what follows, heard by this host. */
  #heardBy(host: PoolHost): Effect.Effect<Transcript, HostError> {
    const replayed = this.#hosts++ > 0
    const startedAtMs = performance.now()
    const { pid = 0 } = { ...host.host.status() } as { readonly pid?: number }
    let heardSamples = 0
    let work: SttWork | undefined
    const tellHearing = (exit: Exit.Exit<unknown, HostError>): void => {
      const fault = Exit.findErrorOption(exit)
      this.#options.onHearing?.({
        model: host.model,
        pid,
        startedAtMs,
        endedAtMs: performance.now(),
        ...(work === undefined ? {} : { work }),
        audioMs: heardSamples / 16,
        isStandIn: this.#pool.isStandIn(host),
        ...(fault._tag === "Some" ? { fault: fault.value.reason } : {})
      })
    }
    const transcriptOf = ({ text, unknownWords, confidence, words, alternatives }: Final): Transcript => ({
      text,
      unknownWords,
      confidence,
      words,
      alternatives,
      model: host.model,
      degraded: this.#pool.isStandIn(host),
      replayed
    })
    const heard = Effect.callback<Transcript, HostError>((resume) => {
      const listen = (again: boolean): void => {
        let decodedSamples = 0
        const shownSamples = this.#decodedSamples
        const recognition = new Recognition(host.host, this.#params, {
          partial: (text) => {
            const catchingUp = again && (decodedSamples < shownSamples || this.#shown.startsWith(text))
            if (!catchingUp) this.#show(text)
          },
          progress: (decoded) => {
            heardSamples = decodedSamples = decoded
            if (decoded <= this.#decodedSamples) return
            this.#decodedSamples = decoded
            this.#options.onProgress?.(decoded)
          },
          settled: (outcome) => {
            if (Exit.isSuccess(outcome)) work = outcome.value.work
            const transcript = Exit.map(outcome, transcriptOf)
            const conclusion = this.#conclusion
            if (conclusion === undefined || Exit.isFailure(transcript)) return resume(transcript)
            this.#conclusion = undefined
            const accepted = this.#finished || conclusion.accept(transcript.value)
            if (accepted) resume(transcript)
            else listen(true)
            conclusion.answer(accepted)
          }
        })
        this.#recognition = recognition
        for (const kept of this.#kept) {
          if (kept instanceof Peek) recognition.peek(kept.answer)
          else recognition.push(kept)
        }
        if (this.#finished || this.#conclusion !== undefined) recognition.finish()
      }
      listen(replayed)
      return Effect.sync(() => this.#recognition?.close())
    })
    const outdone = Effect.flatMap(this.#pool.outdone(host, this.#params.grammar), () => {
      const status = host.host.status()
      return Effect.fail("error" in status ? status.error : silentHost)
    })
    const told = Effect.onExit(Effect.raceFirst(heard, outdone), (exit) => Effect.sync(() => tellHearing(exit)))
    const settled = Effect.flatMap(told, (transcript) => this.#withFreeText(host, transcript))
    return this.#pool.occupying(host, settled).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          this.#recognition = undefined
        })
      )
    )
  }

  #withFreeText(host: PoolHost, transcript: Transcript): Effect.Effect<Transcript> {
    const samples = this.#kept.filter((kept): kept is Int16Array => !(kept instanceof Peek))
    if (this.#params.grammar === undefined || samples.length === 0 || !isLeftOut(transcript))
      return Effect.succeed(transcript)
    return Effect.callback<Transcript>((resume) => {
      const recognition = new Recognition(
        host.host,
        { alternatives: 0, partials: false },
        {
          partial: () => {},
          progress: () => {},
          settled: (outcome) =>
            resume(
              Effect.succeed(Exit.isSuccess(outcome) ? { ...transcript, freeText: outcome.value.text } : transcript)
            )
        }
      )
      for (const piece of samples) recognition.push(piece)
      recognition.finish()
      return Effect.sync(() => recognition.close())
    }).pipe(Effect.timeoutOrElse({ duration: freelyTimeoutMs, orElse: () => Effect.succeed(transcript) }))
  }

  #show(text: string): void {
    this.#shown = text
    this.#options.onPartial?.(text)
  }
}
