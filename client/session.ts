/**
 * A session as its client sees it, whatever becomes of connections: messages come once and in order, requests that wait are
 * sent again by the next connection, and what cannot go on ends with a reason. Audio is not kept while there is no
 * connection: what was being said is asked for again.
 */
import type { ClientMessage, LeadingState, ServerMessage, ServerMessageOf } from "../schemas/wire.ts"
import { SawtError } from "./errors.ts"
import { Events } from "./events.ts"
import { Inbox } from "./inbox.ts"
import { Link, type LinkEnd } from "./link.ts"
import { Requests, withResolvers } from "./requests.ts"
import type { ResumePoint, SessionEnd, SessionEvents, SessionOptions, TokenReason } from "./session-events.ts"
import { clear, type Surroundings, type Timer } from "./surroundings.ts"

const ackDelayMs = 500
const backoffMs = { first: 250, most: 10_000 } as const
const endTimeoutMs = 5_000
const drainPollMs = 10
/** Bytes that the socket has not sent: over it live audio is dropped, and a recording waits. */
const bufferedBytesMax = 256 * 1024

export class Session {
  readonly #options: SessionOptions
  readonly #surroundings: Surroundings
  readonly #events = new Events<SessionEvents>()
  readonly #inbox = new Inbox()
  readonly #requests: Requests
  readonly #over = withResolvers<SessionEnd>()
  #link: Link | undefined
  #resumeToken: string | undefined
  #ready: ServerMessageOf<"session.ready"> | undefined
  #state: LeadingState = "authenticating"
  #prompt: ServerMessageOf<"audio.begin"> | undefined
  #acked = 0
  #ackTimer: Timer | undefined
  #ending = false
  /** What came before anybody could listen. */
  #held: Array<() => void> | undefined = []
  #end: SessionEnd | undefined
  /** Cuts the wait for the next attempt short. */
  #tryNow: () => void = () => {}

  private constructor(options: SessionOptions, surroundings: Surroundings) {
    this.#options = options
    this.#surroundings = surroundings
    this.#resumeToken = options.resume?.token
    this.#requests = new Requests(surroundings.random().toString(36).slice(2, 12))
    if (options.resume !== undefined) this.#inbox.startFrom(options.resume.lastSeq)
  }

  /** What comes after `session.ready` is told in a later turn of the event loop: whoever waits for this has put listeners on. */
  static async open(options: SessionOptions, surroundings: Surroundings): Promise<Session> {
    const session = new Session(options, surroundings)
    await session.#connect("connect").catch(async (error: unknown) => {
      if (!isTokenFault(error) || typeof options.token !== "function") throw error
      await session.#connect("refused")
    })
    surroundings.setTimeout(() => session.#release(), 0)
    return session
  }

  /** The leading state, as `state.changed` tells it. */
  get state(): LeadingState {
    return this.#state
  }

  /** The last `session.ready`: ids, formats, limits, models, questionnaire. */
  get ready(): ServerMessageOf<"session.ready"> {
    if (this.#ready === undefined) throw new SawtError("connection_lost", "The session has not begun.")
    return this.#ready
  }

  get connected(): boolean {
    return this.#link !== undefined
  }

  /** Milliseconds of audio sent on this connection: the clock of `speech.played`'s `at_ms`. Undefined: none, or in packets of Opus. */
  get sentAudioMs(): number | undefined {
    const { encoding, sample_rate } = this.ready.audio
    if (this.#link === undefined || encoding === "opus") return undefined
    return (this.#link.sentBytes * 1_000) / (sample_rate * (encoding === "mulaw" ? 1 : 2))
  }

  /** What another page needs to go on; undefined where nothing can be resumed. Secret like a token. */
  get resumePoint(): ResumePoint | undefined {
    return this.#resumeToken === undefined ? undefined : { token: this.#resumeToken, lastSeq: this.#inbox.lastSeq }
  }

  /** Resolves when the session is over, for whatever reason; never rejects. */
  get ended(): Promise<SessionEnd> {
    return this.#over.promise
  }

  /** Gives what takes the listener away again. */
  on<Type extends keyof SessionEvents>(type: Type, listener: (event: SessionEvents[Type]) => void): () => void {
    return this.#events.on(type, listener)
  }

  /** `for await (const final of session.events("transcript.final"))`: ends with the session. */
  events<Type extends keyof SessionEvents>(type: Type): AsyncIterableIterator<SessionEvents[Type]> {
    return this.#events.iterate(type)
  }

  /** The next event of this type; rejects when the session ends without it. */
  async next<Type extends keyof SessionEvents>(type: Type): Promise<SessionEvents[Type]> {
    const events = this.events(type)
    for await (const event of events) return event
    throw this.#overError()
  }

  /**
   * Sends a message and resolves with what answers it. Without a connection it waits for the next one. A message that
   * has no answer of its own (`audio.commit`, `speech.played` …) goes by `tell`.
   */
  request(message: ClientMessage): Promise<ServerMessage> {
    if (this.#end !== undefined) return Promise.reject(this.#overError())
    try {
      const { message: named, answer } = this.#requests.add(message)
      this.#link?.send(named)
      return answer
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Sends a message that is worth nothing later: false without a connection. */
  tell(message: ClientMessage): boolean {
    return this.#link?.send(message) ?? false
  }

  /** Live audio in the format of `session.start`. False: dropped, for want of a connection or of its speed. */
  sendAudio(frame: Uint8Array): boolean {
    if (this.#link === undefined || this.#link.bufferedBytes > bufferedBytesMax) return false
    return this.#link.sendAudio(frame)
  }

  /** Audio of a recording: resolves when the next frame may come. */
  async writeAudio(frame: Uint8Array): Promise<void> {
    while (this.#link !== undefined) {
      if (this.sendAudio(frame)) return
      await this.#sleep(drainPollMs)
    }
    throw this.#end === undefined ? new SawtError("connection_lost", "The connection broke.") : this.#overError()
  }

  /** Finishes politely. In `file` mode it resolves when all that was written has been recognised. */
  async end(): Promise<SessionEnd> {
    this.#ending = true
    if (!this.tell({ type: "session.end" })) this.#finish({ reason: "ended" })
    const isFile = this.#options.start.mode === "file"
    const timer = isFile
      ? undefined
      : this.#surroundings.setTimeout(() => this.#finish({ reason: "ended" }), endTimeoutMs)
    const end = await this.ended
    clear(this.#surroundings, timer)
    return end
  }

  /** Leaves at once; `resumePoint` says where to go on. */
  leave(): void {
    const resume = this.resumePoint
    this.#finish({ reason: "left", ...(resume === undefined ? {} : { resume }) })
  }

  #overError(): SawtError {
    return this.#end?.error ?? new SawtError("session_over", `The session is over: ${this.#end?.reason ?? "ended"}.`)
  }

  async #tokenFor(why: TokenReason): Promise<string | undefined> {
    const { token } = this.#options
    if (typeof token !== "function") return token
    try {
      return await token(why)
    } catch (cause) {
      throw cause instanceof SawtError ? cause : new SawtError("no_token", "The token callback failed.", { cause })
    }
  }

  async #connect(why: TokenReason): Promise<void> {
    const resume = this.resumePoint
    await Link.open({
      address: this.#options.address,
      token: await this.#tokenFor(why),
      start: {
        ...this.#options.start,
        ...(resume === undefined ? {} : { resume_token: resume.token, last_seq: resume.lastSeq })
      },
      surroundings: this.#surroundings,
      listener: {
        message: (link, message) =>
          message.type === "session.ready"
            ? this.#receive(link, message)
            : this.#inTurn(() => this.#receive(link, message)),
        audio: (link, bytes) => this.#inTurn(() => this.#hear(link, bytes)),
        closed: (link, end) => this.#inTurn(() => this.#lost(link, end))
      }
    })
  }

  #inTurn(act: () => void): void {
    if (this.#held === undefined) act()
    else this.#held.push(act)
  }

  #release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const act of held) act()
  }

  #receive(link: Link, message: ServerMessage): void {
    if (this.#end !== undefined) return link.close()
    const isNew = this.#inbox.take(message)
    if (message.type === "session.ready") this.#begin(link, message)
    if (message.type === "state.changed") this.#state = message.state
    if (message.type === "audio.begin") this.#prompt = message
    if (message.type === "audio.end") this.#prompt = undefined
    if (message.type === "session.expiring" && message.reason === "token") void this.#refresh()
    if (isNew) {
      this.#events.emit("message", message)
      this.#events.emit(message.type, message as never)
    }
    this.#requests.answer(message)
    this.#acknowledge()
  }

  #begin(link: Link, ready: ServerMessageOf<"session.ready">): void {
    this.#link = link
    this.#ready = ready
    this.#state = ready.state
    this.#prompt = undefined
    if (ready.resume_token !== undefined) this.#resumeToken = ready.resume_token
    for (const message of this.#requests.unanswered()) link.send(message)
    this.#events.emit("connection", { status: "connected", resumed: ready.resumed })
  }

  #hear(link: Link, bytes: Uint8Array<ArrayBuffer>): void {
    if (link !== this.#link || this.#prompt === undefined) return
    const { id, encoding, sample_rate } = this.#prompt
    this.#events.emit("audio", { id, encoding, sampleRateHz: sample_rate, bytes })
  }

  /** Listeners have had what is acknowledged. */
  #acknowledge(): void {
    if (this.#ackTimer !== undefined || this.#inbox.lastSeq <= this.#acked) return
    this.#ackTimer = this.#surroundings.setTimeout(() => {
      this.#ackTimer = undefined
      if (this.tell({ type: "ack", seq: this.#inbox.lastSeq })) this.#acked = this.#inbox.lastSeq
    }, ackDelayMs)
  }

  async #refresh(): Promise<void> {
    if (typeof this.#options.token !== "function") return
    // Refused or failed, the session ends with `token_expired` at its time, and is taken up with another one.
    const token = await this.#tokenFor("refresh").catch(() => undefined)
    if (token !== undefined) this.tell({ type: "session.refresh", token })
  }

  #lost(link: Link, { error, ended }: LinkEnd): void {
    if (link !== this.#link || this.#end !== undefined) return
    this.#link = undefined
    this.#prompt = undefined
    const over = ended !== undefined && (error === undefined || !error.retryable)
    if (over || this.#ending) {
      const resume = ended?.resumable === true ? this.resumePoint : undefined
      return this.#finish({
        reason: ended?.reason ?? "ended",
        ...(error === undefined ? {} : { error }),
        ...(resume === undefined ? {} : { resume })
      })
    }
    const cause = error ?? new SawtError("connection_lost", "The connection broke.")
    if (this.#resumeToken === undefined || !cause.retryable) return this.#finish({ reason: cause.code, error: cause })
    void this.#reconnect(cause)
  }

  async #reconnect(cause: SawtError): Promise<void> {
    const { nowMs, random, onOnline } = this.#surroundings
    const untilMs = nowMs() + this.#options.giveUpAfterMs
    let error = cause
    let why: TokenReason = isTokenFault(cause) ? "refused" : "connect"
    const offOnline = onOnline(() => this.#tryNow())
    for (let attempt = 1; this.#end === undefined; attempt++) {
      const mostMs = Math.min(backoffMs.most, backoffMs.first * 2 ** Math.min(attempt - 1, 10))
      const inMs = Math.round(Math.max(error.retryAfterMs ?? 0, mostMs * (0.5 + random() / 2)))
      this.#events.emit("connection", { status: "reconnecting", attempt, inMs, error })
      await this.#pause(inMs)
      if (this.#end !== undefined) break
      try {
        await this.#connect(why)
        break
      } catch (fault) {
        error = fault instanceof SawtError ? fault : new SawtError("unreachable", "No connection.", { cause: fault })
      }
      const mayRefresh = isTokenFault(error) && typeof this.#options.token === "function" && why !== "refused"
      if ((!error.retryable && !mayRefresh) || nowMs() >= untilMs) this.#finish({ reason: error.code, error })
      why = isTokenFault(error) ? "refused" : "connect"
    }
    offOnline()
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#surroundings.setTimeout(resolve, ms))
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#surroundings.setTimeout(resolve, ms)
      this.#tryNow = () => {
        clear(this.#surroundings, timer)
        resolve()
      }
    })
    this.#tryNow = () => {}
  }

  #finish(end: SessionEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#state = "ended"
    this.#link?.close()
    this.#link = undefined
    clear(this.#surroundings, this.#ackTimer)
    this.#tryNow()
    this.#requests.giveUp(this.#overError())
    this.#events.emit("connection", { status: "ended" })
    this.#events.emit("ended", end)
    this.#events.end()
    this.#over.resolve(end)
  }
}

const isTokenFault = (error: unknown): boolean =>
  error instanceof SawtError && (error.code === "unauthorized" || error.code === "token_expired")
