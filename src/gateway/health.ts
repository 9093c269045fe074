/**
 * How the service fares, for people, platforms and orchestrators. Built from the models' own state, which is kept in
 * memory: answering never waits for a model.
 */
import { Context, Effect, Layer } from "effect"
import type { StoreReason } from "#schemas/record.ts"
import type { Downloading, ModelHealth } from "#src/models.ts"
import { Slots } from "#src/registry/slots.ts"
import { Store, type StoreHealth } from "#src/store/store.ts"
import { Stt } from "#src/stt/stt.ts"
import { Tts } from "#src/tts/tts.ts"
import { Vad } from "#src/vad/vad.ts"

interface ModelReport {
  readonly status: ModelHealth["status"]
  readonly backend: string
  readonly since: string
  readonly degraded: boolean
  readonly reason?: string
  readonly cause?: NonNullable<ModelHealth["cause"]>
  readonly downloading?: Downloading
}
interface StorageReport {
  readonly status: StoreHealth["status"]
  readonly since: string
  readonly cause?: StoreReason
  readonly reason?: string
}
export interface HealthReport {
  readonly status: "healthy" | "degraded" | "unhealthy"
  readonly draining: boolean
  readonly models: { readonly stt: ModelReport; readonly vad: ModelReport; readonly tts: ModelReport }
  readonly storage: StorageReport
  readonly sessions: { readonly open: number; readonly max: number }
}

export class Health extends Context.Service<
  Health,
  {
    readonly report: () => HealthReport
    /** Whether new clients may be sent here. */
    readonly ready: () => boolean
  }
>()("sawt/gateway/Health") {
  static readonly layer = Layer.effect(
    Health,
    Effect.gen(function* () {
      const stt = yield* Stt
      const vad = yield* Vad
      const tts = yield* Tts
      const store = yield* Store
      const slots = yield* Slots
      // Once seen, readiness stays: a model that recovers is replaced within a second, and its clients wait for it.
      let seenReady = false
      const hears = () => stt.health().status === "ready" && vad.health().status === "ready"

      const report = (): HealthReport => {
        const models = [stt.health(), vad.health(), tts.health()] as const
        const served = hears() || models[2].status === "ready"
        const storage = store.health()
        const whole =
          storage.status === "ready" && models.every(({ status, degraded }) => status === "ready" && !degraded)
        const { open, max } = slots.counts
        return {
          status: served ? (whole ? "healthy" : "degraded") : "unhealthy",
          draining: slots.draining,
          models: { stt: reportOf(models[0]), vad: reportOf(models[1]), tts: reportOf(models[2]) },
          storage: storageReportOf(storage),
          sessions: { open, max }
        }
      }
      const ready = () => {
        seenReady ||= hears()
        return seenReady && !slots.draining
      }
      return Health.of({ report, ready })
    })
  )
}

const storageReportOf = ({ status, sinceMs, reason, message }: StoreHealth): StorageReport => ({
  status,
  since: new Date(sinceMs).toISOString(),
  ...(reason === undefined ? {} : { cause: reason }),
  ...(message === undefined ? {} : { reason: message })
})

const reportOf = (health: ModelHealth): ModelReport => ({
  status: health.status,
  backend: health.backend,
  since: new Date(health.sinceMs).toISOString(),
  degraded: health.degraded,
  ...(health.reason === undefined ? {} : { reason: health.reason }),
  ...(health.cause === undefined ? {} : { cause: health.cause }),
  ...(health.downloading === undefined ? {} : { downloading: health.downloading })
})
