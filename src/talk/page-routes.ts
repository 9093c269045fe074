/** `/talk`: the page to talk to, its modules and style sheet; the client's are under `/client`. For anybody. */
import { readFileSync } from "node:fs"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { pageModule } from "#src/gateway/client-modules.ts"
import type { Route } from "#src/gateway/route.ts"

const root = new URL("../../", import.meta.url)

/** They change with a release only; a browser asks again whether it has the newest. */
const cached = { "cache-control": "public, max-age=60" }

const text = (body: string, contentType: string) =>
  Effect.succeed(HttpServerResponse.text(body, { contentType: `${contentType}; charset=utf-8`, headers: cached }))

const file = (path: `/${string}`, contentType: string, body: string): Route => ({
  method: "GET",
  path,
  summary: `Of the page to talk to: ${path.slice(1)}`,
  answers: { 200: { description: "As it is.", mediaType: contentType } },
  handle: () => text(body, contentType)
})

/** `../../client/` in one of them is `/client/` in a browser: an address has nothing above its root. */
export const modules = [
  "talk",
  "choose",
  "dom",
  "endings",
  "kept",
  "live",
  "question",
  "result",
  "visit",
  "waterfall",
  "words"
]

export const addressOf = (module: string): `/${string}` => `/talk/${module}.js`

export const talkPageRoutes = Effect.sync((): ReadonlyArray<Route> => {
  const page = readFileSync(new URL("web/talk/page.html", root), "utf8")
  const style = readFileSync(new URL("web/talk/talk.css", root), "utf8")
  return [
    {
      method: "GET",
      path: "/talk",
      summary: "The page to talk to, for patients",
      description: "An invitation's link leads here; its token stands behind `#`. Arabic; English with `?language=en`.",
      answers: { 200: { description: "HTML.", mediaType: "text/html" } },
      handle: () => text(page, "text/html")
    },
    ...modules.map((module) =>
      file(addressOf(module), "text/javascript", pageModule(new URL(`web/talk/${module}.ts`, root)))
    ),
    file("/talk/talk.css", "text/css", style)
  ]
})
