/**
 * The gateway as one layer: it needs settings, the models' health and the sessions, and gives a listening server. Closed
 * from the outside in: first no new upgrades and goodbye to live sockets, then the last HTTP answers, then the port.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { adminRoutes } from "#src/admin/admin.ts"
import { AppConfig } from "#src/config.ts"
import { Gate } from "#src/gateway/admission.ts"
import { Auth } from "#src/gateway/auth.ts"
import { Health } from "#src/gateway/health.ts"
import { layerHttp } from "#src/gateway/http.ts"
import { Limiters, RateLimiter } from "#src/gateway/limiter.ts"
import { NodeServer } from "#src/gateway/node-server.ts"
import { layerUpgrade, type UpgradeOptions } from "#src/gateway/upgrade.ts"
import { limits } from "#src/limits.ts"
import { Counters, SecurityCounters } from "#src/registry/counters.ts"
import { Live, LiveSessions } from "#src/registry/live.ts"
import { Slots, SlotTable } from "#src/registry/slots.ts"

const trackedKeysMax = 100_000

const State = Layer.mergeAll(
  Layer.sync(Counters, () => new SecurityCounters()),
  Layer.sync(Live, () => new LiveSessions()),
  Layer.effect(
    Slots,
    Effect.map(
      AppConfig,
      (settings) => new SlotTable({ max: settings.sessionsMax, basicMax: settings.basicSessionsMax })
    )
  ),
  Layer.effect(
    Limiters,
    Effect.map(AppConfig, (settings) => {
      const options = { perMinute: settings.ratePerMinute, keysMax: trackedKeysMax, nowMs: () => performance.now() }
      return { byAddress: new RateLimiter(options), bySubject: new RateLimiter(options) }
    })
  )
)

const Listening = Layer.unwrap(
  Effect.gen(function* () {
    const server = yield* NodeServer
    const { host, port } = yield* AppConfig
    return NodeHttpServer.layer(() => server, { host, port, gracefulShutdownTimeout: "3 seconds" })
  })
)

/** Milliseconds that clients have to answer a close before they are cut. */
const closeTimeoutMs = 2_000

export const layerGateway = (options: UpgradeOptions = { heartbeatMs: limits.heartbeatMs, closeTimeoutMs }) =>
  layerUpgrade(options).pipe(
    Layer.provideMerge(layerHttp(adminRoutes)),
    Layer.provideMerge(Listening),
    Layer.provide([Health.layer, Gate.layer]),
    Layer.provideMerge(Layer.mergeAll(NodeServer.layer, Auth.layer)),
    Layer.provideMerge(State)
  )
