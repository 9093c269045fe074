/**
 * The questionnaires that may be held, for anybody: a list, and each as the FHIR resource that it is. Definitions only, and
 * only those that are offered now; nothing that anybody answered is near them.
 */
import { createHash } from "node:crypto"
import { Effect, Schema } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { QuestionnaireList, type QuestionnaireSummary } from "#schemas/http.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { answerJson, type Route } from "#src/gateway/route.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"

/** As FHIR allows ids. */
export const QuestionnaireId = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9.-]{1,64}$/u))

const cached = { "cache-control": "public, max-age=300" }
const fhirJson = "application/fhir+json"

const titlesOf = ({ languages }: LoadedQuestionnaire): QuestionnaireSummary["title"] =>
  Object.fromEntries(Object.values(languages).map(({ plan }) => [plan.language, plan.title]))

const summaryOf = (loaded: LoadedQuestionnaire): QuestionnaireSummary => ({
  id: loaded.plan.id,
  version: loaded.plan.version,
  url: loaded.plan.url,
  status: loaded.questionnaire.status ?? "unknown",
  title: titlesOf(loaded),
  languages: Object.values(loaded.languages).map(({ plan }) => plan.language),
  items: loaded.plan.questions.length
})

/** Whoever names JSON and not FHIR's own gets it under that name. */
const mediaTypeFor = (accept: string | undefined): string =>
  accept !== undefined && /application\/json/i.test(accept) && !/fhir\+json/i.test(accept)
    ? "application/json"
    : fhirJson

const holds = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch.split(",").some((one) => one.trim() === "*" || one.trim().replace(/^W\//, "") === etag)

export const questionnaireRoutes = Effect.gen(function* () {
  const questionnaires = yield* Questionnaires
  const list = { questionnaires: questionnaires.all.map(summaryOf) }
  const etags = new Map(
    questionnaires.all.map(({ plan, source }) => [
      plan.id,
      `"${createHash("sha256").update(source).digest("base64url").slice(0, 22)}"`
    ])
  )

  const one = Effect.fnUntraced(function* ({ headers }: HttpServerRequest.HttpServerRequest) {
    const { id = "" } = yield* HttpRouter.params
    const loaded = questionnaires.get(id)
    const etag = etags.get(id)
    if (loaded === undefined || etag === undefined)
      return yield* refuse(
        "not_found",
        "There is no such questionnaire; `GET /questionnaires` lists those that there are."
      )
    const answerHeaders = { ...cached, etag, vary: "Accept" }
    if (holds(headers["if-none-match"], etag)) return HttpServerResponse.empty({ status: 304, headers: answerHeaders })
    const contentType = `${mediaTypeFor(headers.accept)}; charset=utf-8`
    return HttpServerResponse.text(loaded.source, { contentType, headers: answerHeaders })
  })
  return [
    {
      method: "GET",
      path: "/questionnaires",
      summary: "The questionnaires that may be held",
      answers: { 200: { description: "All of them.", body: QuestionnaireList } },
      handle: () => Effect.sync(() => answerJson(QuestionnaireList, list, { headers: cached }))
    },
    {
      method: "GET",
      path: "/questionnaires/:id",
      summary: "One questionnaire, as FHIR",
      description:
        "The FHIR R4 `Questionnaire` with the value sets that it needs; as `application/json` for whoever accepts that and " +
        "not FHIR's own type. `If-None-Match` is honoured.",
      params: { id: QuestionnaireId },
      answers: {
        200: { description: "The resource.", mediaType: fhirJson },
        304: { description: "It has not changed." }
      },
      refusals: ["not_found"],
      handle: one
    }
  ] satisfies ReadonlyArray<Route>
})
