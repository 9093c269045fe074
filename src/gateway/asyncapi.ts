/**
 * `/asyncapi.json`: the WebSockets as an AsyncAPI 3 document, from the wire's schemas. One channel for each socket; what a
 * client sends is what the service receives. Binary frames carry audio and have no schema.
 */
import { Schema } from "effect"
import packageJson from "../../package.json" with { type: "json" }
import { clientMeanings, serverMeanings } from "#schemas/wire-meanings.ts"
import { ClientMessage, ServerMessage, subprotocol } from "#schemas/wire.ts"

interface Sockets {
  readonly path: string
  readonly endpoint: "basic" | "secure" | "healthcare"
}

const about = {
  basic: "Transcription and speech, without a token; a share of the slots, ten minutes.",
  secure: "Transcription and speech, with a token.",
  healthcare: "A spoken questionnaire, with a token of scope `healthcare`."
} as const

interface Members {
  readonly members: ReadonlyArray<
    Schema.Constraint & { readonly fields: { readonly type: { readonly literal: string } } }
  >
}

/** AsyncAPI references its own components; definitions of the schemas become some of them. */
const withReferences = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(withReferences)
  if (typeof node !== "object" || node === null) return node
  return Object.fromEntries(
    Object.entries(node).map(([key, child]) => [
      key,
      key === "$ref" && typeof child === "string"
        ? child.replace(/^#\/\$defs\//, "#/components/schemas/")
        : withReferences(child)
    ])
  )
}

export const asyncApiOf = (sockets: ReadonlyArray<Sockets>): Record<string, unknown> => {
  const schemas: Record<string, unknown> = {}
  const messages: Record<string, unknown> = {}
  const add = (
    from: "client" | "server",
    union: Members,
    meanings: Readonly<Record<string, string>>
  ): ReadonlyArray<string> =>
    union.members.map((member) => {
      const type = member.fields.type.literal
      const { schema, definitions } = Schema.toJsonSchemaDocument(member, { onExcessProperty: "error" })
      Object.assign(schemas, withReferences(definitions))
      const name = `${from}.${type}`
      messages[name] = {
        name: type,
        title: type,
        ...(meanings[type] === undefined ? {} : { summary: meanings[type] }),
        contentType: "application/json",
        payload: withReferences(schema)
      }
      return name
    })
  const fromClient = add("client", ClientMessage, clientMeanings)
  const fromServer = add("server", ServerMessage, serverMeanings)
  for (const [from, to] of [
    ["client", "the service"],
    ["server", "the client"]
  ] as const) {
    messages[`${from}.audio`] = {
      name: "audio",
      title: "Binary frame",
      summary: `Sound for ${to}, in the format that session.start chose.`,
      contentType: "application/octet-stream",
      payload: { type: "string", format: "binary" }
    }
  }
  const channelMessages = Object.fromEntries(
    Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }])
  )
  const named = sockets.map((socket) => ({
    ...socket,
    name: socket.path === "/" ? "root" : socket.path.slice(1).replaceAll("/", "-")
  }))
  const operation = (action: "send" | "receive", name: string, names: ReadonlyArray<string>) => ({
    action,
    channel: { $ref: `#/channels/${name}` },
    messages: names.map((message) => ({ $ref: `#/channels/${name}/messages/${message}` }))
  })
  return {
    asyncapi: "3.0.0",
    info: {
      title: `Sawt ${subprotocol}`,
      version: packageJson.version,
      description: `WebSocket subprotocol \`${subprotocol}\`. Text frames carry one JSON object, binary frames audio. Every message may carry a \`ref\` of the client's, and the reply carries it back. The HTTP side is described by /openapi.json.`,
      license: { name: packageJson.license }
    },
    defaultContentType: "application/json",
    channels: Object.fromEntries(
      named.map(({ path, endpoint, name }) => [
        name,
        {
          address: path,
          title: path,
          description: about[endpoint],
          messages: channelMessages,
          bindings: {
            ws: {
              method: "GET",
              headers: {
                type: "object",
                properties: {
                  "Sec-WebSocket-Protocol": {
                    type: "string",
                    description: `${subprotocol}; a browser adds bearer.<token> to it.`
                  },
                  ...(endpoint === "basic"
                    ? {}
                    : {
                        Authorization: { type: "string", description: "Bearer <token>, where the client can set it." }
                      })
                }
              }
            }
          }
        }
      ])
    ),
    operations: Object.fromEntries(
      named.flatMap(({ name }) => [
        [`${name}.receive`, operation("receive", name, [...fromClient, "client.audio"])],
        [`${name}.send`, operation("send", name, [...fromServer, "server.audio"])]
      ])
    ),
    components: { messages, schemas }
  }
}
