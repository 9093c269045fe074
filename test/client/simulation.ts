/**
 * A network that breaks and a server that keeps the protocol's promises of delivery, on a clock of their own: nothing waits
 * for real time, and a seed gives the same run again. What is under way when a connection breaks is lost from some point on,
 * in either direction, as with TCP; the other side learns of it later.
 */
import type { ServerMessage, SessionStart } from "#schemas/wire.ts"
import type { SocketLike, Surroundings } from "../../client/surroundings.ts"

type Random = () => number
type Durable = Extract<ServerMessage, { readonly type: "answer.recorded" | "questionnaire.notice" }> & {
  readonly seq: number
}

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

export class Clock {
  nowMs = 0
  #order = 0
  readonly #timers = new Set<Timer>()

  after(ms: number, run: () => void): Timer {
    const timer = { atMs: this.nowMs + ms, order: this.#order++, run }
    this.#timers.add(timer)
    return timer
  }

  cancel(timer: Timer): void {
    this.#timers.delete(timer)
  }

  /** Until `isDone`, one event after the other; promises settle between them. */
  async run(isDone: () => boolean, untilMs: number): Promise<void> {
    await settled()
    while (!isDone()) {
      let next: Timer | undefined
      for (const timer of this.#timers) {
        if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order))
          next = timer
      }
      if (next === undefined || next.atMs > untilMs)
        throw new Error(`not done at ${this.nowMs} ms of the simulated clock`)
      this.#timers.delete(next)
      this.nowMs = next.atMs
      next.run()
      await settled()
    }
  }
}

/** The server's end of one connection. */
interface Peer {
  readonly send: (message: ServerMessage) => void
  readonly close: () => void
}

/** One socket: what is sent arrives in order after a random time, unless the connection breaks before. */
class SimulatedSocket implements SocketLike {
  binaryType = "arraybuffer"
  readonly bufferedAmount = 0
  /** As the standard has it: connecting, open, closing, closed. */
  readyState = 0
  onopen: (() => void) | null = null
  onmessage: ((event: { readonly data: string }) => void) | null = null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null
  onerror: (() => void) | null = null
  readonly #clock: Clock
  readonly #random: Random
  #broken = false
  #clientAtMs = 0
  #serverAtMs = 0
  readonly #toServer: (text: string) => void
  readonly #serverLearns: () => void
  readonly #inVain: () => void

  constructor(
    clock: Clock,
    random: Random,
    accept: (peer: Peer) => { receive: (text: string) => void; lost: () => void },
    inVain: () => void
  ) {
    this.#clock = clock
    this.#random = random
    const peer: Peer = { send: (message) => this.#toClient(JSON.stringify(message)), close: () => this.close() }
    const { receive, lost } = accept(peer)
    this.#toServer = receive
    this.#serverLearns = lost
    this.#inVain = inVain
    clock.after(random() * 40, () => {
      if (this.readyState !== 0) return
      this.readyState = 1
      if (!this.#broken) this.onopen?.()
    })
  }

  send(frame: string | Uint8Array): void {
    if (this.readyState !== 1) this.#inVain()
    if (this.#broken || typeof frame !== "string") return
    this.#clientAtMs = Math.max(this.#clientAtMs, this.#clock.nowMs + this.#random() * 40)
    this.#clock.after(this.#clientAtMs - this.#clock.nowMs, () => {
      if (!this.#broken) this.#toServer(frame)
    })
  }

  close(): void {
    this.readyState = Math.max(this.readyState, 2)
    this.break()
  }

  break(): void {
    if (this.#broken) return
    this.#broken = true
    this.#clock.after(this.#random() * 3_000, () => this.#serverLearns())
    this.#clock.after(this.#random() * 100, () => {
      this.readyState = 3
      this.onclose?.({ code: 1006, reason: "" })
    })
  }

  get broken(): boolean {
    return this.#broken
  }

  #toClient(text: string): void {
    if (this.#broken) return
    this.#serverAtMs = Math.max(this.#serverAtMs, this.#clock.nowMs + this.#random() * 40)
    this.#clock.after(this.#serverAtMs - this.#clock.nowMs, () => {
      if (!this.#broken) this.onmessage?.({ data: text })
    })
  }
}

/** docs/protocol.md, "Delivery and resume"; keeps few messages, so that snapshots come about. */
export class SimulatedServer {
  /** Every durable message ever sent, whether it arrived or not. */
  readonly sent: Array<Durable> = []
  /** How often each `text.input` was acted on. */
  readonly acted = new Map<string, number>()
  #kept: Array<Durable> = []
  readonly #keptMax: number
  #tokens: ReadonlyArray<string> = []
  #tokenCount = 0
  #peer: Peer | undefined
  #answered = new Map<string, Durable>()

  constructor(keptMax: number) {
    this.#keptMax = keptMax
  }

  readonly accept = (peer: Peer) => {
    let confirmed = false
    return {
      receive: (text: string) => {
        const message = JSON.parse(text)
        if (message.type === "session.start") return this.#start(peer, message)
        if (this.#peer !== peer) return
        // The first word after `session.ready`: the client has the new token.
        if (!confirmed) this.#tokens = this.#tokens.slice(-1)
        confirmed = true
        if (message.type === "ack") this.#forget(message.seq)
        if (message.type === "ping") peer.send({ type: "pong" })
        if (message.type === "text.input") this.#act(message.ref, message.text)
        if (message.type === "session.end") {
          peer.send({
            type: "session.ended",
            seq: this.sent.length + 1,
            reason: "ended",
            resumable: false,
            trace_id: "t"
          })
        }
      },
      lost: () => {
        if (this.#peer === peer) this.#peer = undefined
      }
    }
  }

  /** Something happens of which every client must hear. */
  happen(ref?: string): void {
    const seq = this.sent.length + 1
    const named = ref === undefined ? {} : { ref }
    const message: Durable =
      seq % 3 === 0
        ? { type: "questionnaire.notice", seq, link_id: `q${seq}`, message: "calm", ...named }
        : {
            type: "answer.recorded",
            seq,
            link_id: `q${seq}`,
            value: seq,
            display: "",
            via: "text",
            revised: false,
            ...named
          }
    this.sent.push(message)
    this.#kept = [...this.#kept, message].slice(-this.#keptMax)
    if (ref !== undefined) this.#answered.set(ref, message)
    this.#peer?.send(message)
  }

  /** Of the connection, and told to nobody else. */
  chat(): void {
    this.#peer?.send({ type: "transcript.partial", utterance_id: "u", text: "" })
  }

  #act(ref: string, text: string): void {
    const answer = this.#answered.get(ref)
    if (answer !== undefined) return this.#peer?.send(answer)
    this.acted.set(text, (this.acted.get(text) ?? 0) + 1)
    this.happen(ref)
  }

  #forget(seq: number): void {
    this.#kept = this.#kept.filter((message) => message.seq > seq)
  }

  #start(peer: Peer, { resume_token, last_seq = 0 }: SessionStart): void {
    if (resume_token !== undefined && !this.#tokens.includes(resume_token)) {
      peer.send({ type: "error", code: "resume_failed", message: "no such session", retryable: false })
      return peer.close()
    }
    // Another connection may believe that it is the one: it is told so, as far as it can be reached.
    this.#peer?.close()
    this.#peer = peer
    const token = `r${++this.#tokenCount}`
    this.#tokens = [...this.#tokens.filter((known) => known === resume_token), token]
    peer.send(readyOf(token, resume_token !== undefined))
    this.#forget(last_seq)
    // Memory of refs is that of a connection, and of what it sends again.
    this.#answered = new Map(
      this.#kept.flatMap((message) => (message.ref === undefined ? [] : [[message.ref, message]]))
    )
    const isComplete = this.#kept.length === this.sent.length - last_seq
    if (!isComplete) peer.send({ type: "session.snapshot", seq: this.sent.length, question: null, answers: [] })
    for (const message of this.#kept) if (isComplete || message.type === "questionnaire.notice") peer.send(message)
  }
}

const readyOf = (resumeToken: string, resumed: boolean): ServerMessage => ({
  type: "session.ready",
  session_id: "s",
  resume_token: resumeToken,
  resumed,
  state: "listening",
  audio: { encoding: "pcm_s16le", sample_rate: 16_000 },
  speech: { encoding: "pcm_s16le", sample_rate: 22_050 },
  limits: {
    frame_bytes_max: 65_536,
    text_bytes_max: 16_384,
    utterance_ms_max: 30_000,
    session_minutes_max: 60,
    idle_seconds_max: 120
  },
  models: {
    stt: { status: "ready", backend: "" },
    tts: { status: "ready", backend: "" },
    vad: { status: "ready", backend: "" }
  },
  trace_id: "t"
})

export class Simulation {
  readonly clock = new Clock()
  readonly server: SimulatedServer
  readonly random: Random
  #socket: SimulatedSocket | undefined
  cuts = 0
  /** Messages sent though the socket had said that it closes. */
  sentInVain = 0

  constructor(random: Random, keptMax: number) {
    this.random = random
    this.server = new SimulatedServer(keptMax)
  }

  /** Breaks the connection, if there is one: with a word of the other side, or without any. */
  cut(): void {
    if (this.#socket === undefined || this.#socket.broken) return
    if (this.random() < 0.5) this.#socket.break()
    else this.#socket.close()
    this.cuts++
  }

  get surroundings(): Surroundings {
    return {
      openSocket: () =>
        (this.#socket = new SimulatedSocket(this.clock, this.random, this.server.accept, () => this.sentInVain++)),
      fetch: async () => new Response('{"admitted":true}', { status: 200 }),
      setTimeout: (run, ms) => this.clock.after(ms, run),
      clearTimeout: (timer) => this.clock.cancel(timer),
      nowMs: () => this.clock.nowMs,
      random: this.random,
      onOnline: () => () => {}
    }
  }
}
