/**
 * Sessions as an operator sees them: the connected ones, and those that were left and may be resumed, in one list, the
 * youngest first. Who and how much, never what was said or answered; a subject only as its keyed hash.
 */
import { Effect, Result } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { type AdminSession, AdminSessions } from "#schemas/http.ts"
import type { SessionSummary } from "#schemas/record.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { SessionId, SessionsQuery, sessionsQuery } from "#src/gateway/requests.ts"
import { answerJson, type Route, urlOf } from "#src/gateway/route.ts"
import { Live } from "#src/registry/live.ts"
import { type ParkedSession, Store } from "#src/store/store.ts"
import { rounded } from "./host-report.ts"

type Facts = Omit<ParkedSession, "resumableUntilMs"> & { readonly resumableUntilMs?: number }

const timeOf = (atMs: number): string => new Date(atMs).toISOString()
const secondsOf = (durationMs: number): number => rounded(durationMs / 1_000, 1)

const reportOf = ({ summary, resumableUntilMs, ...facts }: Facts): AdminSession => ({
  id: facts.id,
  endpoint: facts.endpoint,
  connected: resumableUntilMs === undefined,
  resumable_until: resumableUntilMs === undefined ? null : timeOf(resumableUntilMs),
  subject_hash: facts.subjectHash ?? null,
  protocol: summary?.protocol ?? null,
  client_address: summary?.clientAddress ?? null,
  state: summary?.state ?? null,
  questionnaire: questionnaireOf(summary),
  started_at: timeOf(facts.startedAtMs),
  last_activity_at: summary === undefined ? null : timeOf(summary.lastActivityAtMs),
  audio_seconds_in: secondsOf(summary?.audioInMs ?? 0),
  audio_seconds_out: secondsOf(summary?.audioOutMs ?? 0),
  utterances: summary?.utterances ?? 0,
  dropped_frames: summary?.droppedFrames ?? 0,
  trace_id: summary?.traceId ?? null
})

const questionnaireOf = (summary: SessionSummary | undefined): AdminSession["questionnaire"] => {
  if (summary?.questionnaire === undefined) return null
  const { linkId = null, ...progress } = summary.questionnaire
  return { ...progress, link_id: linkId }
}

/** The order of the list, and of its pages. */
const youngerFirst = (a: Pick<Facts, "startedAtMs" | "id">, b: Pick<Facts, "startedAtMs" | "id">): number =>
  b.startedAtMs - a.startedAtMs || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)

export const sessionRoutes = Effect.gen(function* () {
  const live = yield* Live
  const store = yield* Store
  const audit = yield* Audit
  const { trustedProxyHops } = yield* AppConfig

  const connected = (): ReadonlyArray<Facts> =>
    live.open.map(({ handle, admission: { endpoint, subject } }) => {
      const summary = handle.summary()
      return {
        id: handle.id,
        endpoint,
        startedAtMs: summary.startedAtMs,
        ...(subject === undefined ? {} : { subjectHash: store.subjectHash(subject) }),
        summary
      }
    })

  const list = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const { limit, after } = yield* Effect.fromResult(sessionsQuery(urlOf(request)))
    const parked = store.parked({ count: limit + 1, ...(after === undefined ? {} : { before: after }) })
    const here = connected().filter((facts) => after === undefined || youngerFirst(after, facts) < 0)
    const ids = new Set(here.map(({ id }) => id))
    const away = Result.isSuccess(parked) ? parked.success.filter(({ id }) => !ids.has(id)) : []
    const all = [...here, ...away].sort(youngerFirst)
    const last = all.length > limit ? all[limit - 1] : undefined
    return answerJson(AdminSessions, {
      sessions: all.slice(0, limit).map(reportOf),
      complete: Result.isSuccess(parked),
      ...(last === undefined ? {} : { next: `${last.startedAtMs}.${last.id}` })
    })
  })

  const end = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const { id = "" } = yield* HttpRouter.params
    const session = live.get(id)
    if (session !== undefined) yield* session.handle.end
    // Also when it was connected: whoever was about to take it up finds nothing.
    const parked = store.end(id)
    if (session === undefined && Result.isFailure(parked)) {
      return yield* refuse("storage_unavailable", "What is kept cannot be read now: try again in a moment.")
    }
    if (session === undefined && Result.isSuccess(parked) && !parked.success) {
      return yield* refuse("not_found", "There is no such session, connected or to be resumed.")
    }
    const address = clientAddress(nodeRequest(request), trustedProxyHops)
    audit.record({ event: "admin.acted", by: "admin", action: "session.end", target: id, client_address: address })
    return HttpServerResponse.empty({ status: 204 })
  })
  return [
    {
      method: "GET",
      path: "/admin/sessions",
      summary: "Every connected session, and those that may be resumed",
      description: "Never what was said or answered. Subjects are keyed hashes, the same as in the audit log.",
      auth: "admin",
      query: SessionsQuery,
      answers: { 200: { description: "A page of the list.", body: AdminSessions } },
      handle: list
    },
    {
      method: "DELETE",
      path: "/admin/sessions/:id",
      summary: "End a session",
      description:
        "A connected one is told `session.ended` and closed with 1000; what was said whole before is still recorded, for " +
        "which the answer waits up to 10 s. Nobody may resume it afterwards. What is kept of it stays for RETENTION_DAYS.",
      auth: "admin",
      params: { id: SessionId },
      answers: { 204: { description: "It has ended." } },
      refusals: ["not_found", "storage_unavailable"],
      handle: end
    }
  ] satisfies ReadonlyArray<Route>
})
