/** Letting go of results: one response, or everything of a person, wherever it is kept and whoever holds it now. */
import { Effect } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { ErasedAnswer } from "#schemas/clinic.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { answerJson, type Caller, type Route } from "#src/gateway/route.ts"
import { Live } from "#src/registry/live.ts"
import { Responses } from "#src/store/clinic.ts"
import { auditedCaller } from "./caller.ts"
import { cannotKeep } from "./refusals.ts"
import { EraseBody, eraseBody, ResponseId } from "./requests.ts"

/** The same reference, in whatever Unicode form a client wrote it: kept is only its hash, by which it is found. */
const formsOf = (subject: string): ReadonlyArray<string> => [
  ...new Set([subject, subject.normalize("NFC"), subject.normalize("NFD")])
]

export const erasureRoutes = Effect.gen(function* () {
  const settings = yield* AppConfig
  const audit = yield* Audit
  const live = yield* Live
  const responses = yield* Responses

  const remove = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const { id = "" } = yield* HttpRouter.params
    const session = live.get(id.replace(/^r-/, ""))
    // It may still be corrected: whoever is connected to it would write it anew.
    if (session !== undefined) yield* session.handle.end
    const isRemoved = yield* responses.remove(id).pipe(Effect.mapError(cannotKeep))
    if (!isRemoved) return yield* refuse("not_found", "There is no such response.")
    audit.record({ event: "response.deleted", ...auditedCaller(caller, request, settings), response_id: id })
    return HttpServerResponse.empty({ status: 204 })
  })

  const erase = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caller) {
    const { subject } = yield* eraseBody(request)
    const forms = formsOf(subject)
    const isTheirs = (of: string | undefined): boolean => of !== undefined && forms.includes(of)
    const theirs = live.open.filter(({ admission }) => isTheirs(admission.subject))
    yield* Effect.forEach(theirs, ({ handle }) => handle.end, { concurrency: "unbounded", discard: true })
    const erased = yield* Effect.forEach(forms, responses.eraseSubject).pipe(Effect.mapError(cannotKeep))
    const sum = { sessions: 0, responses: 0, alerts: 0 }
    for (const one of erased) for (const what of ["sessions", "responses", "alerts"] as const) sum[what] += one[what]
    audit.record({ event: "subject.erased", ...auditedCaller(caller, request, settings), ...sum, subject })
    return answerJson(ErasedAnswer, sum)
  })
  return [
    {
      method: "DELETE",
      path: "/responses/:id",
      summary: "Delete a response, with the log that it was made from",
      description: "A session that is still connected to it is ended first.",
      auth: "clinician",
      params: { id: ResponseId },
      answers: { 204: { description: "It is gone, from the file too." } },
      refusals: ["not_found"],
      handle: remove
    },
    {
      method: "POST",
      path: "/subjects/erase",
      summary: "Erase a person",
      description:
        "Answers, responses, messages, invitations and sessions, connected ones too; of an alert stays that there was one. " +
        "Nothing of the person is in any file of DATA_DIR when this is answered, backups excepted. The audit log keeps the " +
        "keyed hash, by which nobody is found without the key.",
      auth: "clinician",
      body: EraseBody,
      answers: { 200: { description: "How much there was.", body: ErasedAnswer } },
      handle: erase
    }
  ] satisfies ReadonlyArray<Route>
})
