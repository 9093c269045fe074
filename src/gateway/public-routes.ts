/** What the service says of itself to anybody: what it is, how it fares, and what an upgrade would meet. */
import { Effect, Schema } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import packageJson from "../../package.json" with { type: "json" }
import { HttpErrorBody } from "#schemas/errors.ts"
import { AdmissionAnswer, Health as HealthBody, Information, Probe } from "#schemas/http.ts"
import { subprotocol } from "#schemas/wire.ts"
import { AppConfig } from "#src/config.ts"
import { Gate, refusalOfSlot, socketPaths } from "#src/gateway/admission.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import { Health } from "#src/gateway/health.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { answerJson, noStore, type Route, urlOf } from "#src/gateway/route.ts"
import { Slots } from "#src/registry/slots.ts"

const AdmissionQuery = Schema.Struct({
  path: Schema.optionalKey(Schema.String.annotate({ description: "Of the WebSocket; /ws unless told otherwise." }))
})

/** Browsers name it; programs that take anything get JSON. */
const wantsPage = (accept: string | undefined): boolean => /\btext\/html\b/i.test(accept ?? "")

const upgradeOnly = (path: `/${string}`): Route => ({
  method: "GET",
  path,
  summary: `WebSocket ${path}`,
  description: `Upgrade with the subprotocol ${subprotocol}; see /asyncapi.json. A plain GET is refused.`,
  answers: {
    101: { description: "The socket is open." },
    426: { description: "This is a WebSocket.", body: HttpErrorBody }
  },
  refusals: ["upgrade_required", "unauthorized", "forbidden", "sessions_full", "draining"],
  handle: () =>
    Effect.fail(refuse("upgrade_required", "This is a WebSocket.", { upgrade: "websocket", connection: "Upgrade" }))
})

export const publicRoutes = Effect.gen(function* () {
  const settings = yield* AppConfig
  const health = yield* Health
  const slots = yield* Slots
  const gate = yield* Gate
  const startedAtMs = Date.now()

  const information = (): typeof Information.Type => ({
    name: packageJson.name,
    version: packageJson.version,
    environment: settings.environment,
    uptime_seconds: Math.floor((Date.now() - startedAtMs) / 1_000),
    endpoints: {
      health: "/health",
      token: "/auth/token",
      ...(settings.basicSocket ? { basic: "/ws" } : {}),
      secure: "/ws/secure",
      healthcare: "/ws/secure/healthcare",
      questionnaires: "/questionnaires",
      talk: "/talk",
      studio: "/studio",
      docs: "/docs",
      openapi: "/openapi.json",
      asyncapi: "/asyncapi.json"
    },
    protocols: [subprotocol]
  })
  const admission = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const path = urlOf(request).searchParams.get("path") ?? "/ws"
    const admitted = yield* gate.admit(nodeRequest(request), path)
    const refusal = slots.refusalOf(admitted)
    if (refusal !== undefined) return yield* refusalOfSlot(refusal)
    return answerJson(AdmissionAnswer, { admitted: true, endpoint: admitted.endpoint })
  })
  return [
    {
      method: "GET",
      path: "/",
      summary: "What this service is",
      description: "A browser that asks for `text/html` is sent to the page to talk to.",
      answers: {
        200: { description: "Name, version, open endpoints, protocols.", body: Information },
        302: { description: "To /talk, for browsers." }
      },
      handle: (request) =>
        Effect.sync(() =>
          wantsPage(request.headers["accept"])
            ? HttpServerResponse.redirect("/talk", { headers: { vary: "Accept", ...noStore } })
            : answerJson(Information, information(), { headers: { vary: "Accept" } })
        )
    },
    {
      method: "GET",
      path: "/health",
      summary: "How the service fares",
      description: "Answers from memory, never waits for a model, and is not rate limited.",
      answers: {
        200: { description: "Healthy, or degraded.", body: HealthBody },
        503: { description: "Nothing can be served.", body: HealthBody }
      },
      handle: () =>
        Effect.sync(() => {
          const report = health.report()
          return answerJson(HealthBody, report, { status: report.status === "unhealthy" ? 503 : 200 })
        })
    },
    {
      method: "GET",
      path: "/livez",
      summary: "Whether the process answers",
      answers: { 200: { description: "It does.", body: Probe } },
      handle: () => Effect.succeed(answerJson(Probe, { status: "alive" }))
    },
    {
      method: "GET",
      path: "/readyz",
      summary: "Whether new clients may be sent here",
      answers: {
        200: { description: "They may.", body: Probe },
        503: { description: "No model is ready yet, or the service is going down.", body: Probe }
      },
      handle: () =>
        Effect.sync(() =>
          health.ready()
            ? answerJson(Probe, { status: "ready" })
            : answerJson(Probe, { status: "not_ready" }, { status: 503 })
        )
    },
    {
      method: "GET",
      path: "/admission",
      summary: "What an upgrade would meet",
      description:
        "For browsers, which cannot read why an upgrade was refused: asked with the same headers, it is refused with the " +
        "same status and body. Takes no slot, and counts as the attempt that it foretells.",
      query: AdmissionQuery,
      answers: { 200: { description: "The upgrade would succeed now.", body: AdmissionAnswer } },
      refusals: [
        "unauthorized",
        "token_expired",
        "forbidden",
        "not_found",
        "rate_limited",
        "sessions_full",
        "draining"
      ],
      handle: admission
    },
    ...socketPaths.filter((path) => path !== "/").map(upgradeOnly)
  ] satisfies ReadonlyArray<Route>
})
