/** Prints JSON Schemas, as other languages read them, of the wire, the audit log and the manifest of models: `node scripts/json-schema.ts` writes the files. */
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { Schema } from "effect"
import { AuditLine } from "#schemas/audit.ts"
import { Manifest } from "#schemas/models.ts"
import { ClientMessage, ServerMessage, subprotocol } from "#schemas/wire.ts"

const file = (name: string): string => fileURLToPath(new URL(`../docs/reference/${name}`, import.meta.url))

const print = (title: string, root: Schema.Constraint): string => {
  const { schema, definitions } = Schema.toJsonSchemaDocument(root, { onExcessProperty: "error" })
  const document = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    ...schema,
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions })
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

const wireSchema = (): string => {
  const Wire = Schema.Union([
    ClientMessage.annotate({ identifier: "ClientMessage", description: "Client to server." }),
    ServerMessage.annotate({ identifier: "ServerMessage", description: "Server to client." })
  ])
  return print(`Text frames of the WebSocket subprotocol ${subprotocol}`, Wire)
}

export const jsonSchemas = (): ReadonlyArray<{ readonly file: string; readonly text: string }> => [
  { file: file("wire.schema.json"), text: wireSchema() },
  { file: file("audit.schema.json"), text: print("Lines of the audit log", AuditLine) },
  { file: file("models.schema.json"), text: print("The manifest of models", Manifest) }
]

if (import.meta.main) for (const { file, text } of jsonSchemas()) await writeFile(file, text)
