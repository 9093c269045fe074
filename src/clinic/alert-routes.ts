/** The inbox of alerts: what waits for somebody, and who has acted on it. */
import { Effect, Schema } from "effect"
import { HttpRouter, type HttpServerRequest } from "effect/http"
import { Alert, AlertList } from "#schemas/alerts.ts"
import { hasHiddenCharacters } from "#schemas/text.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { bodyWith, digits, queryWith } from "#src/gateway/requests.ts"
import { answerJson, type Caller, type Route, urlOf } from "#src/gateway/route.ts"
import { Alerts, type Cursor, type StoredAlert } from "#src/store/clinic.ts"
import { auditedCaller } from "./caller.ts"

const perPage = 50

const AlertId = Schema.String.check(Schema.isPattern(/^a-[0-9a-f]{32}$/, { expected: "an alert's id" }))
export const pageFields = {
  limit: Schema.optionalKey(digits(3, Schema.isBetween({ minimum: 1, maximum: 200 }), "a number from 1 to 200")),
  after: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[0-9]{1,15}\.[\w-]{1,64}$/, { expected: "the `next` of the page before" }))
  )
}
const AlertsQuery = Schema.Struct({
  state: Schema.optionalKey(Schema.Literals(["waiting", "acknowledged"])),
  ...pageFields
})
const line = (length: number) =>
  Schema.String.check(
    Schema.isPattern(/\S/, { expected: "a text" }),
    Schema.isMaxLength(length),
    Schema.makeFilter((text: string) => !hasHiddenCharacters(text.replaceAll("\n", "")), {
      expected: "a text without control characters"
    })
  )
const AcknowledgeBody = Schema.Struct({ by: line(200), note: Schema.optionalKey(line(2_000)) })
const alertsQuery = queryWith(AlertsQuery)
const acknowledgeBody = bodyWith(AcknowledgeBody)

export const timeOf = (atMs: number): string => new Date(atMs).toISOString()
export const cursorOf = (after: string | undefined): { readonly after?: Cursor } => {
  if (after === undefined) return {}
  const dot = after.indexOf(".")
  return { after: { atMs: Number(after.slice(0, dot)), id: after.slice(dot + 1) } }
}
export const nextOf = (next: Cursor | undefined) => (next === undefined ? {} : { next: `${next.atMs}.${next.id}` })
export const cannotKeep = () =>
  refuse("storage_unavailable", "What is kept cannot be reached now: try again in a moment.", { "retry-after": "5" })

const alertOf = ({ id, raisedAtMs, reminders, acknowledged, about }: StoredAlert, { by }: Caller): Alert => {
  const isClinician = by === "clinician"
  return {
    id,
    raised_at: timeOf(raisedAtMs),
    reminders,
    erased: about === undefined,
    acknowledged:
      acknowledged === undefined
        ? null
        : {
            at: timeOf(acknowledged.atMs),
            by: acknowledged.by,
            ...(isClinician && acknowledged.note !== undefined ? { note: acknowledged.note } : {})
          },
    about:
      about === undefined
        ? null
        : {
            subject_hash: about.subjectHash ?? null,
            session_id: about.sessionId,
            response_id: about.responseId,
            questionnaire: about.questionnaire.id,
            questionnaire_version: about.questionnaire.version,
            ...(isClinician ? { link_id: about.linkId, rule: about.rule } : {}),
            ...(isClinician && about.subject !== undefined ? { subject: about.subject } : {})
          }
  }
}

export const alertRoutes = Effect.gen(function* () {
  const settings = yield* AppConfig
  const audit = yield* Audit
  const alerts = yield* Alerts

  const list = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const { state, limit = perPage, after } = yield* Effect.fromResult(alertsQuery(urlOf(request)))
    const wanted = state === undefined ? {} : { acknowledged: state === "acknowledged" }
    const { items, next } = yield* alerts
      .list({ limit, ...wanted, ...cursorOf(after) })
      .pipe(Effect.mapError(cannotKeep))
    const { count } = yield* alerts.unacknowledged.pipe(Effect.mapError(cannotKeep))
    audit.record({ event: "alert.listed", ...auditedCaller(caller, request, settings), count: items.length })
    return answerJson(AlertList, {
      alerts: items.map((alert) => alertOf(alert, caller)),
      unacknowledged: count,
      ...nextOf(next)
    })
  })

  const acknowledge = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const { id = "" } = yield* HttpRouter.params
    const body = yield* acknowledgeBody(request)
    const alert = yield* alerts.acknowledge(id, body).pipe(Effect.mapError(cannotKeep))
    if (alert === undefined) return yield* refuse("not_found", "There is no such alert.")
    const subject = alert.about?.subject
    audit.record({
      event: "alert.acknowledged",
      ...auditedCaller(caller, request, settings),
      alert_id: id,
      ...(subject === undefined ? {} : { subject })
    })
    return answerJson(Alert, alertOf(alert, caller))
  })
  return [
    {
      method: "GET",
      path: "/admin/alerts",
      summary: "Alerts, and who has acted on them",
      description:
        "Raised by an answer, by distress, or by a safety question that was left open. Whom it is about and which rule was " +
        "met is told to scope `clinician` only.",
      auth: "staff",
      query: AlertsQuery,
      answers: { 200: { description: "A page of the list.", body: AlertList } },
      refusals: ["storage_unavailable"],
      handle: list
    },
    {
      method: "POST",
      path: "/admin/alerts/:id/acknowledge",
      summary: "Say that somebody acts on an alert",
      description: "Nobody is reminded of it any more. Who came first stays; the answer tells who that was.",
      auth: "staff",
      params: { id: AlertId },
      body: AcknowledgeBody,
      answers: { 200: { description: "The alert as it now is.", body: Alert } },
      refusals: ["not_found", "storage_unavailable"],
      handle: acknowledge
    }
  ] satisfies ReadonlyArray<Route>
})
