/** `/clinic`: the staff's page, its scripts and style sheet. For anybody, since without a bearer it shows nothing. */
import { readFileSync } from "node:fs"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { escapeHtml } from "#src/gateway/docs-schema.ts"
import type { Route } from "#src/gateway/route.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"

/** They change with a release only; a browser asks again whether it has the newest. */
const cached = { "cache-control": "public, max-age=60" }
const read = (name: string): string => readFileSync(new URL(`../../web/clinic/${name}`, import.meta.url), "utf8")

/** Its own files and this service, nothing else; what is typed goes nowhere but here, and nobody may frame it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")
const pageHeaders = {
  ...cached,
  "content-security-policy": policy,
  "permissions-policy": "microphone=(), camera=(), geolocation=()"
}

const text = (body: string, contentType: string, headers: Record<string, string> = cached) =>
  Effect.succeed(HttpServerResponse.text(body, { contentType: `${contentType}; charset=utf-8`, headers }))

const file = (name: string, contentType: string): Route => {
  const body = read(name)
  return {
    method: "GET",
    path: `/clinic/${name}`,
    summary: `Of the clinic's page: ${name}`,
    answers: { 200: { description: "As it is.", mediaType: contentType } },
    handle: () => text(body, contentType)
  }
}

export const clinicPageRoutes = Effect.gen(function* () {
  const questionnaires = yield* Questionnaires
  const options = questionnaires.all
    .map(({ plan }) => `<option value="${escapeHtml(plan.id)}">${escapeHtml(plan.title)}</option>`)
    .join("")
  const page = read("page.html").replaceAll("{questionnaires}", () => options)
  return [
    {
      method: "GET",
      path: "/clinic",
      summary: "Invitations, results and alerts, as a page for staff",
      description: "Arabic; English with `?language=en`. The bearer is typed there and stays in the page's memory.",
      answers: { 200: { description: "HTML.", mediaType: "text/html" } },
      handle: () => text(page, "text/html", pageHeaders)
    },
    ...["clinic.js", "api.js", "dom.js", "results.js", "words.js"].map((name) => file(name, "text/javascript")),
    file("clinic.css", "text/css")
  ] satisfies ReadonlyArray<Route>
})
