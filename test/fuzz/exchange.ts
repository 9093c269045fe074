/**
 * Hostile bytes go in, and what comes back is held against what the protocol allows: an answer that was asked for, or a
 * refusal that stands in the table of errors. Anything else is a `Fault`.
 */
import type { Duplex } from "node:stream"
import { Exit, Schema } from "effect"
import { errorTable } from "#schemas/error-table.ts"
import { closeCodes, HttpErrorBody } from "#schemas/errors.ts"
import { ServerMessage, subprotocol } from "#schemas/wire.ts"
import { opcodes, ServerFrames } from "./frames.ts"

/** A new connection to the service under test. */
export type Dial = () => Duplex

export class Fault extends Error {}

const decodeMessage = Schema.decodeUnknownExit(Schema.fromJsonString(ServerMessage), { onExcessProperty: "error" })
const decodeRefusal = Schema.decodeUnknownExit(Schema.fromJsonString(HttpErrorBody), { onExcessProperty: "error" })

/** Those that a client's own fault may cause: `internal` is none of them. */
const closes: ReadonlySet<number> = new Set([
  ...Object.values(closeCodes),
  ...Object.entries(errorTable).flatMap(([code, row]) =>
    "closeCode" in row && code !== "internal" ? [row.closeCode] : []
  )
])

/** Whoever has not been answered by then never will be. */
const answerMs = 60_000

class Line {
  readonly socket: Duplex
  ended = false
  #waiting: () => void = () => {}

  constructor(dial: Dial, onBytes: (bytes: Buffer) => void) {
    this.socket = dial()
    this.socket.on("data", (bytes: Buffer) => {
      onBytes(bytes)
      this.#waiting()
    })
    const over = () => {
      this.ended = true
      this.#waiting()
    }
    this.socket.on("error", over).on("end", over).on("close", over)
  }

  /** Until it is so, or the other side is over; false: neither within this time. */
  async until(isSo: () => boolean, withinMs: number): Promise<boolean> {
    const untilMs = performance.now() + withinMs
    const timer = setTimeout(() => this.#waiting(), withinMs + 1)
    while (!isSo() && !this.ended && performance.now() < untilMs)
      await new Promise<void>((resolve) => (this.#waiting = resolve))
    clearTimeout(timer)
    return isSo() || this.ended
  }
}

interface HttpAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** The first answer, once all of it is there. One to HEAD has a length and no body. */
const httpAnswer = (received: Buffer, isHead: boolean, isOver: boolean): HttpAnswer | undefined => {
  const end = received.indexOf("\r\n\r\n")
  if (end < 0) return undefined
  const head = received.toString("latin1", 0, end)
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? NaN)
  if (status === 100) return httpAnswer(received.subarray(end + 4), isHead, isOver)
  const length = isHead ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  const body = received.subarray(end + 4)
  if (status === 101) return { status, head, body: "" }
  return body.length >= length || isOver ? { status, head, body: body.toString("utf8", 0, length) } : undefined
}

const judge = ({ status, head, body }: HttpAnswer, isHead: boolean): string => {
  if (status === 101) {
    if (/sec-websocket-extensions/i.test(head)) throw new Fault(`an extension was agreed to: ${head}`)
    if (/bearer/i.test(head)) throw new Fault("a token was echoed")
    return "101"
  }
  if (status >= 200 && status < 400) return String(status)
  if (isHead && body === "") return `${status} to HEAD`
  const refusal = decodeRefusal(body)
  if (Exit.isFailure(refusal)) throw new Fault(`no typed refusal: ${head} ${body}`)
  const { code, message } = refusal.value.error
  if (status === 500 || code === "internal") throw new Fault(`the service failed: ${body}`)
  if (/\n| at |node_modules|\.ts\b/.test(message)) throw new Fault(`a refusal tells too much: ${message}`)
  return `${status} ${code}`
}

/** One request of any bytes. What is answered only once the client has said that nothing more comes is cut off so. */
export const ask = async (dial: Dial, bytes: Buffer, patienceMs: number): Promise<string> => {
  let received = Buffer.alloc(0)
  const line = new Line(dial, (more) => (received = Buffer.concat([received, more])))
  try {
    line.socket.write(bytes)
    const isHead = /^HEAD/i.test(bytes.toString("latin1", 0, 4))
    const answered = () => httpAnswer(received, isHead, line.ended) !== undefined
    if (!(await line.until(answered, patienceMs))) {
      line.socket.end()
      if (!(await line.until(answered, answerMs))) throw new Fault("there is neither an answer nor an end")
    }
    const answer = httpAnswer(received, isHead, true)
    if (answer !== undefined) return judge(answer, isHead)
    if (received.length > 0) throw new Fault(`no HTTP answer: ${received.toString("latin1", 0, 200)}`)
    return "ended without an answer"
  } finally {
    line.socket.destroy()
  }
}

export interface Conversation {
  readonly path: string
  /** Absent: none is sent. */
  readonly token?: string
  /** As a proxy in front writes it. */
  readonly address?: string
  readonly bytes: Buffer
  /** Sent once a message of this type has come. */
  readonly next?: { readonly after: ServerMessage["type"]; readonly bytes: Buffer }
  /** The last thing that is waited for. */
  readonly isLast: (message: ServerMessage) => boolean
  /** Absent: the bytes are whole frames, so an answer must come. */
  readonly patienceMs?: number
  readonly onMessage?: (message: ServerMessage) => void
  /** Whether a close of this code may be the answer to the client's own. */
  readonly ownClose?: (code: number) => boolean
  /** The WebSocket library resets a flood of control frames, without a close. */
  readonly mayBeCutOff?: boolean
}

const handshake = ({ path, token, address }: Conversation): string =>
  [
    `GET ${path} HTTP/1.1`,
    "Host: a",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Extensions: permessage-deflate",
    `Sec-WebSocket-Protocol: ${subprotocol}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(address === undefined ? [] : [`X-Forwarded-For: ${address}`])
  ]
    .map((line) => `${line}\r\n`)
    .join("") + "\r\n"

/** Upgrades properly, and then sends these bytes. */
export const converse = async (dial: Dial, conversation: Conversation): Promise<string> => {
  const { bytes, next, isLast, patienceMs, onMessage, ownClose } = conversation
  const frames = new ServerFrames()
  let head = Buffer.alloc(0)
  let isOpen = false
  let outcome: string | undefined
  let fault: Fault | undefined
  const receive = (more: Buffer): void => {
    for (const { opcode, payload } of frames.push(more)) {
      if (opcode === opcodes.close) {
        const code = payload.length === 0 ? 1_005 : payload.readUInt16BE(0)
        const reason = payload.toString("utf8", 2)
        outcome ??= `closed ${code}${reason in errorTable ? ` ${reason}` : ""}`
        const isOwn = ownClose?.(code) === true
        if (!closes.has(code) && !isOwn) fault ??= new Fault(`closed with ${code} ${reason}`)
        if (code === 1_011 && (reason === "internal" || !isOwn)) fault ??= new Fault("the service failed")
      }
      if (opcode !== opcodes.text) continue
      const decoded = decodeMessage(payload.toString("utf8"))
      if (Exit.isFailure(decoded)) {
        fault ??= new Fault(`not of the wire schema: ${payload.toString("utf8", 0, 300)}`)
        continue
      }
      const message = decoded.value
      if (message.type === "error" && message.code === "internal") fault ??= new Fault("the session failed")
      onMessage?.(message)
      if (message.type === next?.after) line.socket.write(next.bytes)
      if (isLast(message)) outcome ??= "served"
    }
  }
  const line = new Line(dial, (more) => {
    try {
      if (isOpen) return receive(more)
      head = Buffer.concat([head, more])
      const end = head.indexOf("\r\n\r\n")
      if (end < 0) return
      isOpen = true
      receive(head.subarray(end + 4))
    } catch (error) {
      fault ??= new Fault(String(error))
    }
  })
  try {
    line.socket.write(handshake(conversation))
    await line.until(() => isOpen, answerMs)
    if (!head.toString("latin1").startsWith("HTTP/1.1 101")) {
      throw new Fault(`not let in: ${head.toString("latin1", 0, 300)}`)
    }
    line.socket.write(bytes)
    const isOver = () => outcome !== undefined || fault !== undefined
    if (!(await line.until(isOver, patienceMs ?? answerMs))) {
      if (patienceMs === undefined) throw new Fault("there is neither an answer nor an end")
      line.socket.end()
      if (!(await line.until(isOver, answerMs))) throw new Fault("the connection does not end")
      outcome ??= "cut short"
    }
    if (fault !== undefined) throw fault
    if (outcome === undefined && conversation.mayBeCutOff !== true) throw new Fault("cut off without a close")
    return outcome ?? "cut off"
  } finally {
    line.socket.destroy()
  }
}
