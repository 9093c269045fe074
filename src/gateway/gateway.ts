/**
 * The gateway as one layer: it needs settings, the models' health and the sessions, and gives a listening server. Closed
 * from the outside in: first no new upgrades and goodbye to live sockets, then the last HTTP answers, then the port.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer } from "effect"
import { adminRoutes } from "#src/admin/admin.ts"
import { AppConfig } from "#src/config.ts"
import { Gate } from "#src/gateway/admission.ts"
import { Auth } from "#src/gateway/auth.ts"
import { Health } from "#src/gateway/health.ts"
import { layerHttp } from "#src/gateway/http.ts"
import { Limiters, type MakeLimitStore } from "#src/gateway/limiter.ts"
import { NodeServer, type ServerBounds } from "#src/gateway/node-server.ts"
import { layerUpgrade, type UpgradeOptions } from "#src/gateway/upgrade.ts"
import { limits } from "#src/limits.ts"
import { Counters, SecurityCounters } from "#src/registry/counters.ts"
import { Live, LiveSessions } from "#src/registry/live.ts"
import { Slots, SlotTable } from "#src/registry/slots.ts"
import { studioRoutes } from "#src/studio/studio.ts"
import { talkPageRoutes } from "#src/talk/page-routes.ts"

const otherRoutes = Effect.map(Effect.all([studioRoutes, talkPageRoutes, adminRoutes]), (routes) => routes.flat())

const State = Layer.mergeAll(
  Layer.sync(Counters, () => new SecurityCounters()),
  Layer.sync(Live, () => new LiveSessions()),
  Layer.effect(
    Slots,
    Effect.map(
      AppConfig,
      (settings) => new SlotTable({ max: settings.sessionsMax, basicMax: settings.basicSessionsMax })
    )
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

export interface GatewayOptions extends UpgradeOptions {
  /** Where requests are counted; without it, in the memory of this process. */
  readonly limitStore?: MakeLimitStore
  readonly server?: ServerBounds
}

export const layerGateway = (options: GatewayOptions = { heartbeatMs: limits.heartbeatMs, closeTimeoutMs }) =>
  layerUpgrade(options).pipe(
    Layer.provideMerge(layerHttp(otherRoutes)),
    Layer.provideMerge(Listening),
    Layer.provide([Health.layer, Gate.layer]),
    Layer.provideMerge(Layer.mergeAll(NodeServer.layer(options.server), Auth.layer)),
    Layer.provide(Limiters.layer(options.limitStore)),
    Layer.provideMerge(State)
  )
