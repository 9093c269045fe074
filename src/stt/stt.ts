/**
 * Speech recognition: one utterance is opened, fed with 16 kHz samples, finished, and gives one transcript. The live
 * recogniser is Vosk in a host; a host that dies or is not there shows in `finish`, never as an exception. Samples go out
 * in blocks of one size, whatever pieces they come in, so that the same samples always give the same transcript.
 */
import { Context, Effect, Exit, Layer, Schema } from "effect"
import { basename, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { type HostError, HostReason, SttEvent } from "#schemas/host.ts"
import { type Host, hostHealth, type HostStatus, type HostStream } from "#src/host/host.ts"
import { startHost } from "#src/host/start.ts"
import { limits } from "#src/limits.ts"
import type { ModelHealth } from "#src/models.ts"

export class SttError extends Schema.TaggedError<SttError>()("SttError", {
  reason: HostReason,
  message: Schema.String
}) {}

export interface TranscriptWord {
  readonly word: string
  /** Milliseconds from the first sample of the utterance. */
  readonly startMs: number
  readonly endMs: number
  readonly confidence: number
}
export interface Transcript {
  /** Empty when nothing was understood. */
  readonly text: string
  /** Words that were heard and are none of the grammar's, left out of `text`; 0 with an empty text: no speech at all. */
  readonly unknownWords: number
  /** Mean of the words, null without words. */
  readonly confidence: number | null
  readonly words: ReadonlyArray<TranscriptWord>
  readonly alternatives: ReadonlyArray<{ readonly text: string; readonly confidence: number }>
  readonly model: string
  readonly degraded: boolean
  readonly replayed: boolean
}

export interface UtteranceOptions {
  /** Phrases that may be heard, bare words separated by spaces; `[unk]` is added. Absent: the model's own grammar. */
  readonly grammar?: ReadonlyArray<string>
  readonly alternatives: number
  /** Called when the unstable text changes; absent: no partials are computed. */
  readonly onPartial?: (text: string) => void
  /** Samples decoded so far: the recogniser's acknowledgement, for backpressure. */
  readonly onProgress?: (decodedSamples: number) => void
  /** The utterance is lost and nothing more will be decoded; `finish` says why. */
  readonly onFailed?: () => void
}

export interface Utterance {
  readonly push: (samples: Int16Array) => void
  /** No more samples; the transcript, or why there is none. Run it once; interrupting it cancels the utterance. */
  readonly finish: Effect.Effect<Transcript, SttError>
  readonly cancel: () => void
}

/** 200 ms: libvosk decodes in steps of that, and a wake-up of its host costs more than the wait. */
const blockSamples = 3_200
const blockBytes = blockSamples * Int16Array.BYTES_PER_ELEMENT

/** The model that comes with the service: a small vocabulary, see its README. */
export const embeddedSttModelPath = fileURLToPath(new URL("../../models/vosk-model-tiny-ar", import.meta.url))

interface ServedModel {
  /** The name that transcripts carry. */
  readonly model: string
  /** It stands in for the configured one. */
  readonly degraded: boolean
}

const decodeEvent = Schema.decodeUnknownExit(SttEvent)
const toSttError = ({ reason, message }: HostError): SttError => new SttError({ reason, message })

class HostUtterance implements Utterance {
  readonly #stream: HostStream
  readonly #model: string
  readonly #degraded: boolean
  readonly #onFailed: (() => void) | undefined
  readonly #block = new Uint8Array(blockBytes)
  #blockFilled = 0
  #finished = false
  #outcome: Exit.Exit<Transcript, SttError> | undefined
  #resume: ((outcome: Exit.Exit<Transcript, SttError>) => void) | undefined

  constructor(
    host: Host,
    { model, degraded }: ServedModel,
    { grammar, alternatives, onPartial, onProgress, onFailed }: UtteranceOptions
  ) {
    this.#model = model
    this.#degraded = degraded
    this.#onFailed = onFailed
    const params = { alternatives, partials: onPartial !== undefined, ...(grammar !== undefined && { grammar }) }
    this.#stream = host.open(params, {
      message: (message) => {
        const decoded = decodeEvent(message)
        if (Exit.isFailure(decoded)) return this.#fail("crash", "The speech host said something unknown.")
        const event = decoded.value
        if (event.type === "partial") return onPartial?.(event.text)
        const { text, unknownWords, confidence, words, alternatives } = event
        this.#settle(
          Exit.succeed({
            text,
            unknownWords,
            confidence,
            words,
            alternatives,
            model: this.#model,
            degraded: this.#degraded,
            replayed: false
          })
        )
      },
      binary: (bytes) =>
        onProgress?.(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true)),
      closed: (error) =>
        error === undefined
          ? this.#fail("crash", "The speech host ended an utterance without a transcript.")
          : this.#settle(Exit.fail(toSttError(error)))
    })
  }

  push(samples: Int16Array): void {
    if (this.#finished || this.#outcome !== undefined) return
    const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
    for (let at = 0; at < bytes.length;) {
      const taken = Math.min(blockBytes - this.#blockFilled, bytes.length - at)
      this.#block.set(bytes.subarray(at, at + taken), this.#blockFilled)
      this.#blockFilled += taken
      at += taken
      if (this.#blockFilled === blockBytes) this.#sendBlock()
    }
  }

  readonly finish: Effect.Effect<Transcript, SttError> = Effect.callback((resume) => {
    if (this.#outcome !== undefined) return resume(this.#outcome)
    this.#resume = resume
    if (!this.#finished) {
      this.#finished = true
      this.#sendBlock()
      this.#stream.send({ type: "finish" })
    }
    return Effect.sync(() => this.cancel())
  })

  cancel(): void {
    if (this.#outcome !== undefined) return
    this.#stream.close()
    this.#fail("refused", "The utterance was cancelled.")
  }

  #sendBlock(): void {
    if (this.#blockFilled === 0) return
    this.#stream.sendBinary(this.#block.subarray(0, this.#blockFilled))
    this.#blockFilled = 0
  }

  #fail(reason: HostReason, message: string): void {
    this.#settle(Exit.fail(new SttError({ reason, message })))
  }

  /** The first outcome counts: the stream's end follows the transcript. */
  #settle(outcome: Exit.Exit<Transcript, SttError>): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    if (Exit.isFailure(outcome)) this.#onFailed?.()
    this.#resume?.(outcome)
  }
}

export interface SttOptions {
  /** A Vosk model's folder; absent: the embedded model, which also serves, degraded, when this one cannot. */
  readonly modelPath?: string
  /** The libvosk to load; absent: the one that npm installed. */
  readonly libraryPath?: string
}

const failedForGood = (host: Host): Effect.Effect<HostError> =>
  Effect.callback((resume) => {
    const told = (status: HostStatus): void => {
      if (status._tag === "Failed") resume(Effect.succeed(status.error))
    }
    told(host.status())
    return Effect.sync(host.onStatus(told))
  })

const MissingWords = Schema.Array(Schema.String)

export class Stt extends Context.Service<
  Stt,
  {
    readonly health: () => ModelHealth
    /** Never throws; a host that is down shows in `finish`. The same samples in any split give the same transcript. */
    readonly open: (options: UtteranceOptions) => Utterance
    /** Those of `words` that the loaded model cannot hear. */
    readonly missingWords: (words: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, SttError>
  }
>()("sawt/stt/Stt") {
  /** `model` is the name that transcripts carry. */
  static readonly overHost = (host: Host, model: string, degraded = false): Stt["Service"] =>
    Stt.of({
      health: () => ({ ...hostHealth(host.status(), `vosk ${model}`), degraded }),
      open: (options) => new HostUtterance(host, { model, degraded }, options),
      missingWords: (words) =>
        host.request({ missingWords: words }).pipe(
          Effect.mapError(toSttError),
          Effect.flatMap((reply) => Effect.orDie(Schema.decodeUnknownEffect(MissingWords)(reply)))
        )
    })

  /** Starts the host in the background: `health` says when it is ready. A model that fails for good is stood in for. */
  static readonly layer = ({ modelPath = embeddedSttModelPath, libraryPath }: SttOptions = {}): Layer.Layer<Stt> => {
    const start = (path: string) =>
      startHost("stt", {
        modelPath: path,
        idleRecognizersMax: limits.idleRecognizersMax,
        ...(libraryPath !== undefined && { libraryPath })
      })
    return Layer.effect(
      Stt,
      Effect.gen(function* () {
        const host = yield* start(modelPath)
        const chosen = Stt.overHost(host, basename(modelPath))
        if (resolve(modelPath) === embeddedSttModelPath) return chosen
        let serving = chosen
        yield* failedForGood(host).pipe(
          Effect.tap(({ reason, message }) =>
            Effect.logWarning("the configured speech model cannot serve; the embedded one does", { reason, message })
          ),
          Effect.flatMap(({ message }) =>
            Effect.map(start(embeddedSttModelPath), (embedded) => {
              const standIn = Stt.overHost(embedded, basename(embeddedSttModelPath), true)
              serving = { ...standIn, health: () => ({ reason: message, ...standIn.health() }) }
            })
          ),
          Effect.forkScoped
        )
        return Stt.of({
          health: () => serving.health(),
          open: (options) => serving.open(options),
          missingWords: (words) => serving.missingWords(words)
        })
      })
    )
  }
}
