/** What an operator asks of the service while something is wrong: why a session's turns took so long, and a talkative log. */
import { Effect } from "effect"
import { HttpRouter, type HttpServerRequest } from "effect/http"
import { LogLevelBody, Timeline } from "#schemas/timeline.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { bodyWith, SessionId } from "#src/gateway/requests.ts"
import { answerJson, type Route } from "#src/gateway/route.ts"
import { Live } from "#src/registry/live.ts"
import { Threshold } from "#src/telemetry/logs.ts"
import { timelineOf } from "#src/telemetry/timeline.ts"
import { Turns } from "#src/telemetry/turns.ts"

const readLevel = bodyWith(LogLevelBody)

export const telemetryRoutes = Effect.gen(function* () {
  const live = yield* Live
  const turns = yield* Turns
  const audit = yield* Audit
  const threshold = yield* Threshold
  const { trustedProxyHops } = yield* AppConfig

  const timeline = Effect.gen(function* () {
    const { id = "" } = yield* HttpRouter.params
    const known = turns.of(id)
    if (known.length === 0 && live.get(id) === undefined)
      return yield* refuse(
        "not_found",
        "No turn of such a session is in memory; turns are kept until newer ones take their place."
      )
    return answerJson(Timeline, timelineOf(id, known))
  })

  const setLevel = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const { level } = yield* readLevel(request)
    threshold.set(level)
    audit.record({
      event: "admin.acted",
      by: "admin",
      action: "log_level.set",
      target: level,
      client_address: clientAddress(nodeRequest(request), trustedProxyHops)
    })
    yield* Effect.logInfo("the log level was changed", { level })
    return answerJson(LogLevelBody, { level })
  })

  return [
    {
      method: "GET",
      path: "/admin/sessions/:id/timeline",
      summary: "Where the time of each turn of a session went",
      description:
        "A waterfall of each turn - speech, endpointing, decoding, the match, writes, synthesis, playback - of a live session, " +
        "and for a while of one that has ended. Times and figures, never what was said: fit for a bug report.",
      auth: "admin",
      params: { id: SessionId },
      answers: { 200: { description: "Every turn that is in memory.", body: Timeline } },
      refusals: ["not_found"],
      handle: () => timeline
    },
    {
      method: "GET",
      path: "/admin/log-level",
      summary: "The least level that is logged",
      auth: "admin",
      answers: { 200: { description: "As it is now.", body: LogLevelBody } },
      handle: () => Effect.sync(() => answerJson(LogLevelBody, { level: threshold.level }))
    },
    {
      method: "POST",
      path: "/admin/log-level",
      summary: "Log more, or less, from now on",
      description: "Until the next start, which takes LOG_LEVEL. What people say is logged at no level.",
      auth: "admin",
      body: LogLevelBody,
      answers: { 200: { description: "The new one.", body: LogLevelBody } },
      handle: setLevel
    }
  ] satisfies ReadonlyArray<Route>
})
