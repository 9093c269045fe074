/**
 * One client's WebSocket, as the session sees it. A client that reads nothing is dropped at a bound; one that answers
 * neither of two pings is half-open and dropped; a fault of one session closes that socket with 1011 and nothing else.
 * While the session has paused reading, pongs are not read either, so silence then means nothing. Pings and pongs of the
 * WebSocket itself never reach a session: they are bounded here, as messages are there.
 */
import type { Scope } from "effect"
import { Effect, Result } from "effect"
import type { RawData, WebSocket } from "ws"
import { type ErrorCode, errorRow } from "#schemas/errors.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import type { Adapter } from "#src/gateway/adapter.ts"
import { errorName } from "#src/error-name.ts"
import { sawtV1 } from "#src/gateway/sawt-v1.ts"
import { limits } from "#src/limits.ts"
import type { SecurityCounters } from "#src/registry/counters.ts"
import type { SessionHandle, TextConnection } from "#src/session/contract.ts"

/** Bytes of a close reason (RFC 6455, 5.5: a control frame holds 125, two of them the code). */
const reasonBytesMax = 123
const pingsMissedMax = 2
const tokenCloseCode = errorRow("token_expired").closeCode

interface Received {
  readonly payload: RawData
  readonly isBinary: boolean
}

export class ClientSocket implements TextConnection {
  readonly #socket: WebSocket
  /** How errors are told before it is known what the client speaks. */
  #encode: Adapter["encode"] = sawtV1.encode
  /** Read before its session opens: a paused socket still gives what it holds. */
  readonly #early: Array<Received> = []
  readonly #counters: SecurityCounters
  #pingsMissed = 0
  /** Of the present second. */
  #controlFrames = 0
  #controlSecondAtMs = 0
  /** What the session threw, by name alone: its message may hold what a person said. */
  #fault: string | undefined

  constructor(socket: WebSocket, counters: SecurityCounters) {
    this.#socket = socket
    this.#counters = counters
    socket.on("ping", () => this.#countControlFrame())
    socket.on("pong", () => {
      this.#pingsMissed = 0
      this.#countControlFrame()
    })
  }

  readonly send = (message: ServerMessage): void => {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    const text = this.#encode(message)
    if (text === undefined) return
    this.#socket.send(text)
    this.#dropWhenStuck()
  }

  readonly sendText = (text: Uint8Array, onSent?: () => void): void => {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#socket.send(text, { binary: false }, onSent)
    this.#dropWhenStuck()
  }

  readonly sendAudio = (frame: Uint8Array): number => {
    if (this.#socket.readyState !== this.#socket.OPEN) return 0
    this.#socket.send(frame, { binary: true })
    this.#dropWhenStuck()
    return this.#socket.bufferedAmount
  }

  readonly bufferedBytes = (): number => this.#socket.bufferedAmount

  readonly pauseReading = (): void => this.#socket.pause()

  readonly resumeReading = (): void => {
    this.#pingsMissed = 0
    this.#socket.resume()
  }

  readonly close = (code: number, reason: string): void => {
    if (code === tokenCloseCode && this.#socket.readyState === this.#socket.OPEN) this.#counters.endByToken(reason)
    // A paused socket would never read the client's half of the closing handshake.
    this.#socket.resume()
    this.#socket.close(code, cut(reason, reasonBytesMax))
  }

  /** Ends the connection with a row of the table of errors. */
  fail(code: ErrorCode, message: string): void {
    const row = errorRow(code)
    this.send({ type: "error", code, message, retryable: row.retryable })
    this.close(row.closeCode ?? 1011, code)
  }

  /** Called once per heartbeat interval. */
  heartbeat(): void {
    if (this.#socket.readyState !== this.#socket.OPEN || this.#socket.isPaused) return
    if (this.#pingsMissed >= pingsMissedMax) {
      this.#socket.terminate()
      return
    }
    this.#pingsMissed++
    this.#socket.ping()
  }

  /** The first message, which stays the session's; undefined when the socket closes without. The socket comes paused. */
  get first(): Effect.Effect<{ readonly payload: Buffer; readonly isBinary: boolean } | undefined> {
    return Effect.callback((resume) => {
      this.#socket.once("message", (payload, isBinary) => {
        this.#socket.pause()
        this.#early.push({ payload, isBinary })
        this.#socket.on("message", this.#keepEarly)
        resume(Effect.succeed({ payload: bytesOf(payload), isBinary }))
      })
      this.#socket.once("close", () => resume(Effect.undefined))
      this.resumeReading()
    })
  }

  readonly #keepEarly = (payload: RawData, isBinary: boolean): void => void this.#early.push({ payload, isBinary })

  /** Feeds the session until the socket has closed. Nothing else was read before: the socket comes paused. */
  serve<Message>(
    adapter: Adapter<Message>,
    open: Effect.Effect<SessionHandle<Message>, never, Scope.Scope>
  ): Effect.Effect<void> {
    this.#encode = adapter.encode
    const session = open.pipe(
      Effect.tap((handle) => Effect.addFinalizer(() => handle.disconnected)),
      Effect.tap((handle) => Effect.sync(() => this.#listen(adapter, handle))),
      Effect.andThen(this.#closed),
      Effect.scoped,
      Effect.catchDefect((defect) =>
        Effect.sync(() => {
          this.#fault ??= errorName(defect)
          this.fail("internal", "The session failed.")
        })
      )
    )
    const report = Effect.suspend(() =>
      this.#fault === undefined ? Effect.void : Effect.logError("A session failed", { error: this.#fault })
    )
    return Effect.andThen(session, report)
  }

  get #closed(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.#socket.readyState === this.#socket.CLOSED) return resume(Effect.void)
      this.#socket.once("close", () => resume(Effect.void))
    })
  }

  #listen<Message>(adapter: Adapter<Message>, handle: SessionHandle<Message>): void {
    const receive = (payload: RawData, isBinary: boolean) => this.#receive(adapter, handle, payload, isBinary)
    this.#socket.off("message", this.#keepEarly)
    this.#socket.on("message", receive)
    // First: what came early may make the session stop reading.
    this.resumeReading()
    for (const { payload, isBinary } of this.#early.splice(0)) receive(payload, isBinary)
  }

  #countControlFrame(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    const nowMs = performance.now()
    if (nowMs - this.#controlSecondAtMs >= 1_000) {
      this.#controlSecondAtMs = nowMs
      this.#controlFrames = 0
    }
    if (++this.#controlFrames > limits.messagesPerSecondMax) this.fail("rate_limited", "Too many pings in a second.")
  }

  #receive<Message>(
    adapter: Adapter<Message>,
    handle: SessionHandle<Message>,
    payload: RawData,
    isBinary: boolean
  ): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#pingsMissed = 0
    const bytes = bytesOf(payload)
    try {
      if (isBinary) return handle.receiveAudio(bytes)
      if (bytes.byteLength > limits.textBytesMax) {
        this.#counters.oversizeFrames++
        return this.fail("message_too_large", `A text frame holds at most ${limits.textBytesMax} bytes.`)
      }
      const decoded = adapter.decodeText(bytes.toString("utf8"))
      if (Result.isSuccess(decoded)) return handle.receive(decoded.success)
      this.#counters.malformedMessages++
      handle.refused(decoded.failure)
    } catch (cause) {
      this.#fault ??= errorName(cause)
      this.fail("internal", "The session failed.")
    }
  }

  #dropWhenStuck(): void {
    if (this.#socket.bufferedAmount > limits.socketBufferBytesFatal) this.#socket.terminate()
  }
}

/** With `binaryType: "nodebuffer"` a message is one Buffer, fragmented or not. */
const bytesOf = (payload: RawData): Buffer =>
  Buffer.isBuffer(payload) ? payload : Array.isArray(payload) ? Buffer.concat(payload) : Buffer.from(payload)

/** At a character's border. */
const cut = (text: string, bytesMax: number): string => {
  const bytes = Buffer.from(text)
  return bytes.length <= bytesMax ? text : new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: true })
}
