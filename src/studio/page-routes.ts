/** `/studio`, its scripts and style sheets, and the drawings that it shows: for anybody, since definitions are public. */
import { readFileSync } from "node:fs"
import { Effect, Schema } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { refuse } from "#src/gateway/refusal.ts"
import { queryWith } from "#src/gateway/requests.ts"
import { type Route, urlOf } from "#src/gateway/route.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { diagramOfMachine, diagramOfQuestionnaire, isMachineId, machineIds } from "./catalogue.ts"
import type { Diagram } from "./diagram.ts"
import { studioPage } from "./page.ts"
import { QuestionnaireId } from "./questionnaire-routes.ts"
import { diagramStyle, svgOf } from "./svg.ts"

type Request = HttpServerRequest.HttpServerRequest

const Language = Schema.Literals(["ar", "en"])
const LanguageQuery = Schema.Struct({ language: Schema.optionalKey(Language) })

/** They change with a release only; a browser asks again whether it has the newest. */
const cached = { "cache-control": "public, max-age=60" }

const read = (name: string): string => readFileSync(new URL(`../../web/studio/${name}`, import.meta.url), "utf8")
const scripts = [
  "studio.js",
  "api.js",
  "picture.js",
  "try.js",
  "listen.js",
  "live.js",
  "runs.js",
  "timeline.js"
] as const

const text = (body: string, contentType: string) =>
  Effect.succeed(HttpServerResponse.text(body, { contentType, headers: cached }))

const file = (name: string, contentType: string, body: string): Route => ({
  method: "GET",
  path: `/studio/${name}`,
  summary: `Of the studio: ${name}`,
  answers: { 200: { description: "As it is.", mediaType: contentType } },
  handle: () => text(body, `${contentType}; charset=utf-8`)
})

/** Arabic unless somebody prefers English. */
const preferred = (accepted: string | undefined): "ar" | "en" => {
  const first = (accepted ?? "").toLowerCase().match(/\b(ar|en)\b/)?.[0]
  return first === "en" ? "en" : "ar"
}

export const studioPageRoutes = Effect.gen(function* () {
  const questionnaires = yield* Questionnaires
  const pages = { ar: studioPage("ar", questionnaires.all), en: studioPage("en", questionnaires.all) }
  /** Drawn when first asked for; there are few. */
  const drawn = new Map<string, string>()
  const drawing = (key: string, diagramOf: () => Diagram | undefined) => {
    const known = drawn.get(key)
    if (known !== undefined) return known
    const diagram = diagramOf()
    if (diagram === undefined) return undefined
    const svg = svgOf(diagram, { styled: false })
    drawn.set(key, svg)
    return svg
  }
  const svg = (body: string | undefined) =>
    body === undefined
      ? Effect.fail(refuse("not_found", "There is no such drawing; /studio lists those that there are."))
      : text(body, "image/svg+xml; charset=utf-8")

  return [
    {
      method: "GET",
      path: "/studio",
      summary: "The questionnaires and machines, as a page for designers",
      description: "In Arabic or English: `language`, else what the browser prefers.",
      query: LanguageQuery,
      answers: { 200: { description: "HTML.", mediaType: "text/html" } },
      handle: Effect.fnUntraced(function* (request: Request) {
        const { language = preferred(request.headers["accept-language"]) } = yield* Effect.fromResult(
          queryWith(LanguageQuery)(urlOf(request))
        )
        const headers = {
          ...cached,
          vary: "Accept-Language",
          "permissions-policy": "microphone=(), camera=(), geolocation=()"
        }
        return HttpServerResponse.text(pages[language], { contentType: "text/html; charset=utf-8", headers })
      })
    },
    ...scripts.map((name) => file(name, "text/javascript", read(name))),
    file("studio.css", "text/css", read("studio.css")),
    file("diagram.css", "text/css", diagramStyle),
    {
      method: "GET",
      path: "/studio/machines/:id",
      summary: "A machine, drawn",
      params: { id: Schema.Literals(machineIds) },
      answers: { 200: { description: "SVG for a page that has /studio/diagram.css.", mediaType: "image/svg+xml" } },
      refusals: ["not_found"],
      handle: Effect.fnUntraced(function* () {
        const { id = "" } = yield* HttpRouter.params
        return yield* svg(isMachineId(id) ? drawing(`machine ${id}`, () => diagramOfMachine(id)) : undefined)
      })
    },
    {
      method: "GET",
      path: "/studio/questionnaires/:id",
      summary: "A questionnaire, drawn",
      params: { id: QuestionnaireId },
      query: LanguageQuery,
      answers: { 200: { description: "SVG for a page that has /studio/diagram.css.", mediaType: "image/svg+xml" } },
      refusals: ["not_found"],
      handle: Effect.fnUntraced(function* (request: Request) {
        const { id = "" } = yield* HttpRouter.params
        const query = yield* Effect.fromResult(queryWith(LanguageQuery)(urlOf(request)))
        const loaded = questionnaires.get(id)
        if (loaded === undefined) return yield* svg(undefined)
        const { language = loaded.plan.language } = query
        return yield* svg(drawing(`${language} ${id}`, () => diagramOfQuestionnaire(loaded, language)))
      })
    }
  ] satisfies ReadonlyArray<Route>
})
