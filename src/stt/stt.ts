/**
 * Speech recognition: one utterance is opened, fed with 16 kHz samples, finished, and gives one transcript. The live
 * recogniser is Vosk in one or more hosts. A host that dies costs no utterance (`replay.ts`); an utterance that nobody
 * can hear says so in `finish`, never as an exception.
 */
import { Context, Effect, FiberSet, Layer, Schema, type Scope } from "effect"
import { readFileSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { HostError, HostFault } from "#schemas/host.ts"
import { allocatorOf } from "#src/host/allocator.ts"
import type { Host, HostStatus, WatchedHost } from "#src/host/host.ts"
import { hostPolicies, startHost } from "#src/host/start.ts"
import { limits } from "#src/limits.ts"
import { type Downloading, type HealthListener, type ModelHealth, tellDownloading, watchHealth } from "#src/models.ts"
import { Pool, type StandIn } from "./pool.ts"
import { renewableHosts } from "./renewal.ts"
import { type Fork, ReplayedUtterance } from "./replay.ts"
import { SttError, type Utterance, type UtteranceOptions } from "./utterance.ts"
import { ReplayedVerbatim, type Verbatim, type VerbatimOptions } from "./verbatim.ts"

export {
  type Hearing,
  type HeardSoFar,
  SttError,
  type Transcript,
  type TranscriptWord,
  type Utterance,
  type UtteranceOptions
} from "./utterance.ts"
export type { Verbatim, VerbatimOptions } from "./verbatim.ts"

/** The model that comes with the service: a small vocabulary, see its README. */
export const embeddedSttModelPath = fileURLToPath(new URL("../../models/vosk-model-tiny-ar", import.meta.url))

/** The words that the embedded model can hear, known also while no host of it runs. */
const embeddedVocabulary = (): ReadonlySet<string> => {
  const lines = readFileSync(join(embeddedSttModelPath, "graph/words.txt"), "utf8").trim().split("\n")
  return new Set(lines.map((line) => line.split(" ")[0] ?? ""))
}

export interface SttOptions {
  /** A Vosk model's folder; absent: the embedded model, which otherwise stands in for it (`src/fallbacks.ts`). */
  readonly modelPath?: string
  /** The libvosk to load; absent: the one that npm installed. */
  readonly libraryPath?: string
  /** `STT_ALLOCATOR`: a shared library, or `system`; absent: jemalloc where there is one. */
  readonly allocator?: string
  /** Processes with this model; absent: one. */
  readonly hosts?: number
  /** Why the configured model is not loaded at the start; `renew` loads it. */
  readonly withheld?: HostFault
  /** While the configured model is fetched: how far. */
  readonly downloading?: () => Downloading | undefined
}

const failedForGood = (host: Host): Effect.Effect<HostError> =>
  Effect.callback((resume) => {
    const told = (status: HostStatus): void => {
      if (status._tag === "Failed") resume(Effect.succeed(status.error))
    }
    told(host.status())
    return Effect.sync(host.onStatus(told))
  })

interface Renewal {
  readonly renew: Effect.Effect<void, HostError>
  readonly downloading: () => Downloading | undefined
}

const MissingWords = Schema.Array(Schema.String)

export class Stt extends Context.Service<
  Stt,
  {
    readonly health: () => ModelHealth
    /** Tells each change of it. Returns how to stop. */
    readonly onHealth: (listener: HealthListener) => () => void
    /** Those of the configured model, and the one that stands in for them. */
    readonly hosts: ReadonlyArray<WatchedHost>
    /**
     * Loads the configured model anew, since its folder holds another version now. The old one serves until the new one is
     * ready, where memory holds both; where the new one cannot be loaded the old one stays.
     */
    readonly renew: Effect.Effect<void, HostError>
    /** Never throws; waits for a host that loads or comes back. The same samples in any split give the same transcript. */
    readonly open: (options: UtteranceOptions) => Utterance
    /** The same for continuous audio in which libvosk itself ends the utterances. */
    readonly openVerbatim: (options: VerbatimOptions) => Verbatim
    /** Those of `words` that the model which serves cannot hear. */
    readonly missingWords: (words: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, SttError>
  }
>()("sawt/stt/Stt") {
  static readonly overPool = (
    pool: Pool,
    fork: Fork,
    { renew = Effect.void, downloading = () => undefined }: Partial<Renewal> = {}
  ): Stt["Service"] => {
    const health = () => {
      const own = pool.health()
      const now = downloading()
      return now === undefined ? own : { ...own, downloading: now, reason: tellDownloading(now) }
    }
    return Stt.of({
      health,
      onHealth: (listener) => watchHealth(health, pool.onStatus, listener),
      renew,
      hosts: pool.hosts.map(({ host }) => host),
      open: (options) => new ReplayedUtterance(pool, options, fork),
      openVerbatim: (options) => new ReplayedVerbatim(pool, options, fork),
      missingWords: (words) =>
        Effect.suspend(() => pool.serving.host.request({ missingWords: words })).pipe(
          Effect.mapError(({ reason, message }) => new SttError({ reason, message })),
          Effect.flatMap((reply) => Effect.orDie(Schema.decodeUnknownEffect(MissingWords)(reply)))
        )
    })
  }

  /** `model` is the name that transcripts carry. */
  static readonly overHost = (host: Host, model: string): Stt["Service"] =>
    Stt.overPool(new Pool([{ host, model }]), Effect.runFork)

  /** Starts the hosts in the background: `health` says when the first is ready. */
  static readonly layer = ({
    modelPath = embeddedSttModelPath,
    libraryPath,
    allocator,
    hosts = 1,
    withheld,
    downloading
  }: SttOptions = {}): Layer.Layer<Stt> => {
    const start = (path: string): Effect.Effect<Host, never, Scope.Scope> =>
      startHost(
        "stt",
        {
          modelPath: path,
          idleRecognizersMax: limits.idleRecognizersMax,
          ...(libraryPath !== undefined && { libraryPath })
        },
        hostPolicies.stt,
        allocatorOf(allocator)
      )
    return Layer.effect(
      Stt,
      Effect.gen(function* () {
        const configured = yield* renewableHosts(hosts, start(modelPath), withheld)
        const [first, ...others] = configured.hosts.map((host) => ({ host, model: basename(modelPath) }))
        if (first === undefined) return yield* Effect.die("no host of the configured model")
        const isEmbedded = resolve(modelPath) === embeddedSttModelPath
        const standIn: StandIn | undefined = isEmbedded
          ? undefined
          : {
              host: yield* start(embeddedSttModelPath),
              model: basename(embeddedSttModelPath),
              vocabulary: embeddedVocabulary()
            }
        if (standIn !== undefined) {
          yield* failedForGood(first.host).pipe(
            Effect.flatMap(({ reason, message }) =>
              Effect.logWarning("the configured speech model cannot serve; the embedded one does", { reason, message })
            ),
            Effect.forkScoped
          )
        }
        return Stt.overPool(new Pool([first, ...others], standIn), yield* FiberSet.makeRuntime(), {
          renew: configured.renew,
          ...(downloading === undefined ? {} : { downloading })
        })
      })
    )
  }
}
