/** Finished interviews, for clinicians: as FHIR, or as a table for statistics that names nobody. Every read is audited. */
import { Clock, Effect } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { QuestionnaireResponseBody, ResponseBundle } from "#schemas/clinic.ts"
import type { AuditEvent } from "#schemas/audit.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { type Caller, noStore, type Route, urlOf } from "#src/gateway/route.ts"
import { limits } from "#src/limits.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { type Cursor, Responses, type ResponseQuery, type StoredResponse } from "#src/store/clinic.ts"
import { bundleOf, cursorOf, cursorText, responseResource } from "./bundle.ts"
import { auditedCaller } from "./caller.ts"
import { csvOf } from "./csv.ts"
import { cannotKeep } from "./refusals.ts"
import {
  ResponseId,
  ResponsesQuery,
  responsesQuery,
  SearchBody,
  searchBody,
  SearchQuery,
  searchQuery
} from "./requests.ts"

const perPage = 50
/** What is read at once before others have their turn. */
const rowsAtOnce = 200
const fhirJson = "application/fhir+json"

const fhir = (body: object, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.text(JSON.stringify(body), { contentType: fhirJson, headers: { ...noStore, ...headers } })

const etagOf = ({ version }: StoredResponse): string => `W/"${version}"`

const isCurrent = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag.slice(2)) === true

const decodeCursor = Effect.fnUntraced(function* (after: string | undefined) {
  const found = after === undefined ? undefined : cursorOf(after)
  if (after !== undefined && found === undefined) {
    return yield* refuse("invalid_message", "`after`: it is what the `next` link of the page before holds.")
  }
  return found === undefined ? {} : { after: found }
})

const sinceOf = (since: string | undefined) => (since === undefined ? {} : { sinceMs: Date.parse(since) })
const questionnaireOf = (questionnaire: string | undefined) => (questionnaire === undefined ? {} : { questionnaire })

/** The same request for the page after. */
const nextUrl = ({ pathname, searchParams }: URL, next: Cursor | undefined) => {
  if (next === undefined) return {}
  const parameters = new URLSearchParams(searchParams)
  parameters.set("after", cursorText(next))
  return { next: `${pathname}?${parameters.toString()}` }
}

export const responseRoutes = Effect.gen(function* () {
  const settings = yield* AppConfig
  const audit = yield* Audit
  const responses = yield* Responses
  const questionnaires = yield* Questionnaires

  type Read = Omit<Extract<AuditEvent, { event: "responses.read" }>, "event" | "by" | "token_id" | "client_address">
  const told = (request: HttpServerRequest.HttpServerRequest, caller: Caller, read: Read) =>
    audit.record({ event: "responses.read", ...auditedCaller(caller, request, settings), ...read })
  const listed = (query: ResponseQuery) => responses.list(query).pipe(Effect.mapError(cannotKeep))

  const bundled = Effect.fnUntraced(function* (
    request: HttpServerRequest.HttpServerRequest,
    caller: Caller,
    query: ResponseQuery,
    how: "list" | "search"
  ) {
    const url = urlOf(request)
    const { items, next } = yield* listed(query)
    told(request, caller, {
      how,
      count: items.length,
      response_ids: items.map(({ id }) => id),
      ...questionnaireOf(query.questionnaire),
      ...(query.subject === undefined ? {} : { subject: query.subject })
    })
    const links = { self: `${url.pathname}${url.search}`, ...nextUrl(url, next) }
    return fhir(bundleOf(items, links, yield* Clock.currentTimeMillis))
  })

  const table = Effect.fnUntraced(function* (
    request: HttpServerRequest.HttpServerRequest,
    caller: Caller,
    query: ResponseQuery
  ) {
    const loaded = questionnaires.get(query.questionnaire ?? "")
    if (loaded === undefined) {
      const ids = questionnaires.all.map(({ plan }) => plan.id).join(", ")
      return yield* refuse("unknown_questionnaire", `A table is of one \`questionnaire\`: ${ids}.`)
    }
    const rows: Array<StoredResponse> = []
    let next = query.after
    do {
      const page = yield* listed({ ...query, limit: rowsAtOnce, ...(next === undefined ? {} : { after: next }) })
      rows.push(...page.items)
      next = page.next
      yield* Effect.yieldNow
    } while (next !== undefined && rows.length < limits.tableRowsMax)
    told(request, caller, { how: "table", count: rows.length, ...questionnaireOf(query.questionnaire) })
    const linkIds = loaded.plan.questions.map(({ linkId }) => linkId)
    const link = nextUrl(urlOf(request), next).next
    return HttpServerResponse.text(csvOf(rows, linkIds), {
      contentType: "text/csv; charset=utf-8; header=present",
      headers: {
        ...noStore,
        "content-disposition": 'attachment; filename="responses.csv"',
        ...(link === undefined ? {} : { link: `<${link}>; rel="next"` })
      }
    })
  })

  const list = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const asked = yield* Effect.fromResult(responsesQuery(urlOf(request)))
    const query: ResponseQuery = {
      ...questionnaireOf(asked.questionnaire),
      ...sinceOf(asked.since),
      ...(yield* decodeCursor(asked.after)),
      limit: asked.limit ?? perPage
    }
    return /\btext\/csv\b/i.test(request.headers["accept"] ?? "")
      ? yield* table(request, caller, query)
      : yield* bundled(request, caller, query, "list")
  })

  const search = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const { limit = perPage, after } = yield* Effect.fromResult(searchQuery(urlOf(request)))
    const { subject, questionnaire, since } = yield* searchBody(request)
    const query: ResponseQuery = {
      subject,
      ...questionnaireOf(questionnaire),
      ...sinceOf(since),
      ...(yield* decodeCursor(after)),
      limit
    }
    return yield* bundled(request, caller, query, "search")
  })

  const read = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const { id = "" } = yield* HttpRouter.params
    const found = yield* responses.get(id).pipe(Effect.mapError(cannotKeep))
    if (found === undefined) return yield* refuse("not_found", "There is no such response.")
    told(request, caller, { how: "one", count: 1, response_ids: [id] })
    const etag = etagOf(found)
    if (isCurrent(request.headers["if-none-match"], etag)) {
      return HttpServerResponse.empty({ status: 304, headers: { ...noStore, etag } })
    }
    return fhir(responseResource(found), { etag })
  })
  const bundleAnswer = {
    description: "A page, the youngest first; the `next` link leads to the one after.",
    body: ResponseBundle,
    mediaType: fhirJson
  }
  return [
    {
      method: "GET",
      path: "/responses",
      summary: "Finished questionnaires",
      description:
        "By `questionnaire` and time of authoring (`since`), both optional. With `Accept: text/csv` a table of one " +
        `questionnaire for statistics, up to ${limits.tableRowsMax} rows at once (then a Link header leads on): codes, ` +
        "numbers and scores, no identities, no free text, no dates but the day of authoring.",
      auth: "clinician",
      query: ResponsesQuery,
      answers: { 200: { ...bundleAnswer, alsoText: "text/csv" } },
      refusals: ["unknown_questionnaire"],
      handle: list
    },
    {
      method: "POST",
      path: "/responses/search",
      summary: "Finished questionnaires of one person",
      description: "The patient's reference stands in the body: a URL would land in logs.",
      auth: "clinician",
      query: SearchQuery,
      body: SearchBody,
      answers: { 200: bundleAnswer },
      handle: search
    },
    {
      method: "GET",
      path: "/responses/:id",
      summary: "A finished questionnaire",
      auth: "clinician",
      params: { id: ResponseId },
      answers: {
        200: {
          description: "With `ETag`, which changes when it is amended.",
          body: QuestionnaireResponseBody,
          mediaType: fhirJson
        },
        304: { description: "Still the one of `If-None-Match`." }
      },
      refusals: ["not_found"],
      handle: read
    }
  ] satisfies ReadonlyArray<Route>
})
