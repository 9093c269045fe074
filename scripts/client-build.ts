/**
 * `npm run client:build`: the client SDK as a package for other projects, in `dist/client`: the modules that a service
 * serves under `/client/`, with their types. The messages' types are printed from the schemas, so that none of it needs
 * another package.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { SchemaRepresentation } from "effect"
import { ClientMessage, ServerMessage } from "#schemas/wire.ts"
import { clientModules } from "#src/gateway/client-modules.ts"
import packageJson from "../package.json" with { type: "json" }

const root = fileURLToPath(new URL("../", import.meta.url))

/** By way of JSON Schema, which has no checks that only code can express. */
const typesOfMessages = (): ReadonlyArray<string> => {
  const messages = SchemaRepresentation.toRepresentations([ClientMessage.ast, ServerMessage.ast])
  const [client, server] = SchemaRepresentation.fromJsonSchemaMultiDocument(
    SchemaRepresentation.toJsonSchemaMultiDocument(messages),
    { patterns: "ignore" }
  )
  if (client === undefined || server === undefined) throw new Error("the messages have no schemas")
  const { codes } = SchemaRepresentation.toCodeDocument(
    SchemaRepresentation.toRepresentations([client.ast, server.ast])
  )
  // What a message may hold beyond its fields: nothing. What is any JSON, such as a FHIR resource, is anything.
  return codes.map(({ Type }) =>
    Type.replaceAll(" & { readonly [x: string]: Schema.Json }", "").replaceAll("Schema.Json", "unknown")
  )
}

/** What the declarations of `client/` take from `schemas/`. */
export const wireTypes = (): string => {
  const [client, server] = typesOfMessages()
  return `export type ClientMessage = ${client}
export type ServerMessage = ${server}
export type ServerMessageOf<Type extends ServerMessage["type"]> = Extract<ServerMessage, { readonly type: Type }>
export type SessionStart = Extract<ClientMessage, { readonly type: "session.start" }>
export type LeadingState = ServerMessageOf<"session.ready">["state"]
export type ErrorCode = ServerMessageOf<"error">["code"]
`
}

const specifier = /"(\.{1,2}\/[\w./-]+)\.ts"/g

/** All lie beside each other, and what is of the schemas in one file. */
const flattened = (declaration: string): string =>
  declaration.replace(specifier, (_, path: string) =>
    path.includes("schemas/") ? '"./wire.js"' : `"./${path.split("/").at(-1)}.js"`
  )

const compile = (folder: string): void => {
  const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc")
  const flags = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", root, "--outDir", folder]
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", join(root, "client"), ...flags], {
    encoding: "utf8"
  })
  if (status !== 0) throw new Error(`the types could not be written:\n${stdout}`)
}

const manifest = {
  name: "sawt-client",
  version: packageJson.version,
  description: "The client of a Sawt service, for browsers and Node from 20.",
  license: packageJson.license,
  type: "module",
  sideEffects: false,
  engines: { node: ">=20" },
  exports: {
    ".": { types: "./sawt-client.d.ts", default: "./sawt-client.js" },
    "./voice": { types: "./voice.d.ts", default: "./voice.js" }
  }
}

/** Writes the package into this folder, in place of what was there. */
export const buildClient = (output: string): void => {
  const types = mkdtempSync(join(tmpdir(), "sawt-client-"))
  try {
    compile(types)
    rmSync(output, { recursive: true, force: true })
    mkdirSync(output, { recursive: true })
    for (const [name, code] of clientModules()) writeFileSync(join(output, name), code)
    for (const name of readdirSync(join(types, "client")))
      writeFileSync(join(output, name), flattened(readFileSync(join(types, "client", name), "utf8")))
    writeFileSync(join(output, "wire.d.ts"), wireTypes())
    writeFileSync(join(output, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`)
    writeFileSync(join(output, "LICENSE"), readFileSync(join(root, "LICENSE")))
  } finally {
    rmSync(types, { recursive: true })
  }
}

if (import.meta.main) {
  const output = join(root, "dist/client")
  buildClient(output)
  console.log(`sawt-client ${manifest.version} is in dist/client: npm install ${output}`)
}
