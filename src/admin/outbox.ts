/** What the webhook was told, is still to be told, and was not: ids only. */
import { Effect, Result, Schema } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { Outbox, type OutboxEvent } from "#schemas/alerts.ts"
import { Audit } from "#src/audit/audit.ts"
import { cannotKeep, cursorOf, nextOf, pageFields, timeOf } from "#src/clinic/alert-routes.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { queryWith } from "#src/gateway/requests.ts"
import { answerJson, type Route, urlOf } from "#src/gateway/route.ts"
import { Deliveries, type Delivery } from "#src/store/deliveries.ts"

const perPage = 50

const EventId = Schema.String.check(Schema.isPattern(/^evt_[0-9a-f]{32}$/, { expected: "an event's id" }))
const OutboxQuery = Schema.Struct({
  state: Schema.optionalKey(Schema.Literals(["pending", "delivered", "dead"])),
  ...pageFields
})
const outboxQuery = queryWith(OutboxQuery)

const eventOf = (delivery: Delivery): OutboxEvent => ({
  id: delivery.id,
  type: delivery.type,
  about: delivery.about,
  state: delivery.state,
  created_at: timeOf(delivery.createdAtMs),
  attempts: delivery.attempts,
  next_at: delivery.state === "pending" ? timeOf(delivery.nextAtMs) : null,
  fault: delivery.fault ?? null
})

export const outboxRoutes = Effect.gen(function* () {
  const deliveries = yield* Deliveries
  const audit = yield* Audit
  const { trustedProxyHops } = yield* AppConfig

  const list = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const { state, limit = perPage, after } = yield* Effect.fromResult(outboxQuery(urlOf(request)))
    const page = deliveries.list({ limit, ...(state === undefined ? {} : { state }), ...cursorOf(after) })
    const counts = deliveries.counts()
    if (Result.isFailure(page) || Result.isFailure(counts)) return yield* cannotKeep()
    const { pending, dead } = counts.success
    const { items, next } = page.success
    return answerJson(Outbox, { events: items.map(eventOf), pending, dead, ...nextOf(next) })
  })

  const retry = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const { id = "" } = yield* HttpRouter.params
    const isThere = deliveries.retry(id)
    if (Result.isFailure(isThere)) return yield* cannotKeep()
    if (!isThere.success) return yield* refuse("not_found", "There is no such event.")
    const client_address = clientAddress(nodeRequest(request), trustedProxyHops)
    audit.record({ event: "admin.acted", by: "admin", action: "event.retry", target: id, client_address })
    return HttpServerResponse.empty({ status: 204 })
  })
  return [
    {
      method: "GET",
      path: "/admin/outbox",
      summary: "What the webhook was told, is to be told, and was not",
      description: "Ids only. Without WEBHOOK_URL it is empty.",
      auth: "admin",
      query: OutboxQuery,
      answers: { 200: { description: "A page of the list.", body: Outbox } },
      refusals: ["storage_unavailable"],
      handle: list
    },
    {
      method: "POST",
      path: "/admin/outbox/:id/retry",
      summary: "Tell the webhook of an event once more",
      description: "Now, with the same id, whatever became of it before.",
      auth: "admin",
      params: { id: EventId },
      answers: { 204: { description: "It is on its way." } },
      refusals: ["not_found", "storage_unavailable"],
      handle: retry
    }
  ] satisfies ReadonlyArray<Route>
})
