/** Prints the JSON Schema of the wire, as other languages read it: `node scripts/json-schema.ts` writes the reference file. */
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { Schema } from "effect"
import { ClientMessage, ServerMessage, subprotocol } from "#schemas/wire.ts"

export const wireSchemaFile = fileURLToPath(new URL("../docs/reference/wire.schema.json", import.meta.url))

export const wireSchema = (): string => {
  const Wire = Schema.Union([
    ClientMessage.annotate({ identifier: "ClientMessage", description: "Client to server." }),
    ServerMessage.annotate({ identifier: "ServerMessage", description: "Server to client." })
  ])
  const { schema, definitions } = Schema.toJsonSchemaDocument(Wire, { onExcessProperty: "error" })
  const document = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: `Text frames of the WebSocket subprotocol ${subprotocol}`,
    ...schema,
    $defs: definitions
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

if (import.meta.main) await writeFile(wireSchemaFile, wireSchema())
