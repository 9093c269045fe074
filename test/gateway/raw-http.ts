/** HTTP as bytes on a socket, for what no client library would send. */
import { connect, type Socket } from "node:net"

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The first answer in what came, if it is whole enough to have a status. */
export const parseAnswer = (text: string): RawAnswer | undefined => {
  const [head = "", ...body] = text.split("\r\n\r\n")
  const [line = "", ...lines] = head.split("\r\n")
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]
  if (status === undefined) return undefined
  const headers = Object.fromEntries(
    lines.map((header) => [
      header.slice(0, header.indexOf(":")).toLowerCase(),
      header.slice(header.indexOf(":") + 1).trim()
    ])
  )
  return { status: Number(status), headers, body: body.join("\r\n\r\n") }
}

/** All that comes until the server closes, and when it does. */
export const open = (port: number): { readonly socket: Socket; readonly closed: Promise<string> } => {
  const socket = connect(port, "127.0.0.1")
  let text = ""
  socket.on("data", (bytes) => (text += bytes.toString("latin1")))
  socket.on("error", () => {})
  return { socket, closed: new Promise((resolve) => socket.once("close", () => resolve(text))) }
}

/** Sends these bytes and waits until the server hangs up: what is sent asks for it, or must make it. */
export const exchange = async (port: number, bytes: string): Promise<string> => {
  const { socket, closed } = open(port)
  socket.write(Buffer.from(bytes, "latin1"))
  return closed
}
