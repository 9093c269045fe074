/**
 * `/docs`: the OpenAPI and AsyncAPI documents as one page, to be read on a screen of any width, light or dark, or printed.
 * Made of the documents alone; no script, no inline style, nothing from another host.
 */
import { readFileSync } from "node:fs"
import { escapeHtml, fieldTable, type JsonSchema, prose, schemaAnchor, typeOf } from "./docs-schema.ts"

export const docsStyle = readFileSync(new URL("../../web/docs.css", import.meta.url), "utf8")

interface Content {
  readonly [mediaType: string]: { readonly schema: JsonSchema }
}
interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly tags: ReadonlyArray<string>
  readonly security?: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly parameters?: ReadonlyArray<{
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly schema: JsonSchema
  }>
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}
interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly tags: ReadonlyArray<{ readonly name: string; readonly description: string }>
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}
interface AsyncApi {
  readonly info: { readonly description: string }
  readonly channels: Readonly<Record<string, { readonly address: string; readonly description: string }>>
  readonly components: {
    readonly messages: Readonly<
      Record<string, { readonly name: string; readonly summary?: string; readonly payload: JsonSchema }>
    >
    readonly schemas?: Readonly<Record<string, JsonSchema>>
  }
}

interface Entry {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

const bodyOf = (content: Content | undefined): string =>
  Object.entries(content ?? {})
    .map(([mediaType, { schema }]) =>
      mediaType === "application/json" && (schema.$ref !== undefined || schema.type !== "string")
        ? typeOf(schema)
        : escapeHtml(mediaType)
    )
    .join(", ")

const parametersOf = ({ parameters = [] }: Operation): string => {
  const rows = parameters.map(
    ({ name, in: where, required, schema }) =>
      `<tr><td><code>${escapeHtml(name)}</code>${required === true ? "" : ' <span class="optional">optional</span>'}</td>` +
      `<td>${escapeHtml(where)}</td><td>${typeOf(schema)}</td><td>${prose(schema.description ?? "")}</td></tr>`
  )
  return rows.length === 0
    ? ""
    : `<table><thead><tr><th>parameter</th><th>in</th><th>type</th><th>meaning</th></tr></thead><tbody>${rows.join("")}</tbody></table>`
}

const answersOf = ({ responses }: Operation): string => {
  const rows = Object.entries(responses).map(
    ([status, { description, content }]) =>
      `<tr><td><span class="status s${status[0]}">${status}</span></td><td>${bodyOf(content)}</td><td>${prose(description)}</td></tr>`
  )
  return `<table><thead><tr><th>status</th><th>body</th><th>meaning</th></tr></thead><tbody>${rows.join("")}</tbody></table>`
}

const requestOf = ({ requestBody }: Operation): string => {
  const schema = requestBody?.content["application/json"]?.schema
  return schema === undefined
    ? ""
    : `<h4>Body, application/json</h4>${fieldTable(schema) ?? `<p>${typeOf(schema)}</p>`}`
}

const lockOf = ({ security = [] }: Operation): string =>
  security.length === 0 ? "" : ` <span class="lock">${security.flatMap((one) => Object.keys(one)).join(" or ")}</span>`

const operationOf = ({ method, path, operation }: Entry): string =>
  `<article id="${operation.operationId}"><h3><span class="method ${method}">${method.toUpperCase()}</span> ` +
  `<code>${escapeHtml(path)}</code>${lockOf(operation)}</h3>` +
  `<p class="summary">${prose(operation.summary)}</p>` +
  (operation.description === undefined ? "" : `<p>${prose(operation.description)}</p>`) +
  parametersOf(operation) +
  requestOf(operation) +
  answersOf(operation) +
  "</article>"

/** Without the fields that every message has. */
const messageOf = (
  key: string,
  { name, summary, payload }: { readonly name: string; readonly summary?: string; readonly payload: JsonSchema }
): string => {
  const { type: _, ref: __, ...properties } = payload.properties ?? {}
  return (
    `<article id="message-${escapeHtml(key)}"><h3><code>${escapeHtml(name)}</code></h3>` +
    (summary === undefined ? "" : `<p>${prose(summary)}</p>`) +
    `${fieldTable({ ...payload, properties }) ?? ""}</article>`
  )
}

/** An upgrade's path shows among the sockets, not again as a request that is always refused. */
const isSocket = ({ operation }: Entry): boolean => "101" in operation.responses

export const docsPage = (openApiDocument: object, asyncApiDocument: object): string => {
  const openApi = openApiDocument as unknown as OpenApi
  const asyncApi = asyncApiDocument as unknown as AsyncApi
  const entries = Object.entries(openApi.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): Entry => ({ method, path, operation }))
    )
    .filter((entry) => !isSocket(entry))
  const messages = Object.entries(asyncApi.components.messages).filter(([, { name }]) => name !== "audio")
  const from = (side: string) => messages.filter(([key]) => key.startsWith(`${side}.`))
  const schemas = Object.entries({ ...openApi.components.schemas, ...asyncApi.components.schemas })

  const groups = openApi.tags.map(({ name, description }) => ({
    name,
    description,
    entries: entries.filter(({ operation }) => operation.tags.includes(name))
  }))
  const links = (items: ReadonlyArray<readonly [href: string, label: string]>) =>
    `<ul>${items.map(([href, label]) => `<li><a href="#${href}">${label}</a></li>`).join("")}</ul>`
  const navigation = [
    ...groups.map(
      ({ name, entries }) =>
        `<h2>${name}</h2>${links(
          entries.map(({ method, path, operation }) => [
            operation.operationId,
            `<span class="method ${method}">${method.toUpperCase()}</span> ${escapeHtml(path)}`
          ])
        )}`
    ),
    `<h2>WebSockets</h2>${links([
      ["sockets", "Sockets"],
      ["from-client", "From the client"],
      ["from-server", "From the service"],
      ["schemas", "Schemas"]
    ])}`
  ].join("")
  const sockets = Object.values(asyncApi.channels)
    .map(
      ({ address, description }) =>
        `<tr><td><code>${escapeHtml(address)}</code></td><td>${prose(description)}</td></tr>`
    )
    .join("")
  const main = [
    `<header><h1>${escapeHtml(openApi.info.title)} <small>${escapeHtml(openApi.info.version)}</small></h1>`,
    `<p>${prose(openApi.info.description)}</p>`,
    '<p class="links"><a href="/openapi.json">openapi.json</a> <a href="/asyncapi.json">asyncapi.json</a></p></header>',
    ...groups.map(
      ({ name, description, entries }) =>
        `<section id="${name}"><h2>${name}</h2><p>${prose(description)}</p>${entries.map(operationOf).join("")}</section>`
    ),
    `<section id="sockets"><h2>WebSockets</h2><p>${prose(asyncApi.info.description)}</p>`,
    `<table><thead><tr><th>path</th><th>for</th></tr></thead><tbody>${sockets}</tbody></table></section>`,
    `<section id="from-client"><h2>From the client</h2>${from("client")
      .map(([key, message]) => messageOf(key, message))
      .join("")}</section>`,
    `<section id="from-server"><h2>From the service</h2>${from("server")
      .map(([key, message]) => messageOf(key, message))
      .join("")}</section>`,
    '<section id="schemas"><h2>Schemas</h2>',
    ...schemas.map(
      ([name, schema]) =>
        `<article id="${schemaAnchor(name)}"><h3>${escapeHtml(name)}</h3>` +
        (schema.description === undefined ? "" : `<p>${prose(schema.description)}</p>`) +
        `${fieldTable(schema) ?? `<p>${typeOf(schema)}</p>`}</article>`
    ),
    "</section>"
  ].join("\n")
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(openApi.info.title)}: HTTP and WebSocket reference</title>`,
    '<link rel="stylesheet" href="/docs/style.css"></head>',
    `<body><nav aria-label="Contents">${navigation}</nav><main>${main}</main></body></html>`
  ].join("\n")
}
