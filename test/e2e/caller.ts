/**
 * A client of the running service for tests: every message that comes is held against the wire schema at once, replies are
 * found by their `ref`, and audio frames are kept with the place among the messages at which they came.
 */
import { Exit, Schema } from "effect"
import { ServerMessage, type ClientMessage, type ServerMessageOf, type SessionStart } from "#schemas/wire.ts"
import { bytesOf, joined } from "#src/audio/pcm.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { Client, mintToken, type ClientOptions } from "../../scripts/client.ts"
import type { ServerProcess } from "../../scripts/server-process.ts"

const decode = Schema.decodeUnknownExit(ServerMessage, { onExcessProperty: "error" })

type Type = ServerMessage["type"]
type Start = Omit<SessionStart, "type">

/** A folder in which nothing can be kept: prompts are not rendered ahead, which would only cost time. */
export const noPrompts = { TTS_HOME: "/dev/null/none" }

export class Caller {
  readonly client: Client
  /** Binary frames, and how many messages had come before each. */
  readonly frames: Array<{ readonly bytes: Buffer; readonly after: number }>
  readonly #wake: Set<() => void>
  #refs = 0

  private constructor(client: Client, frames: Caller["frames"], wake: Set<() => void>) {
    this.client = client
    this.frames = frames
    this.#wake = wake
  }

  static async open(server: string, options: Partial<Omit<ClientOptions, "server">> = {}): Promise<Caller> {
    const frames: Caller["frames"] = []
    const wake = new Set<() => void>()
    const wakeAll = () => {
      for (const resolve of wake) resolve()
      wake.clear()
    }
    const client: Client = await Client.open({
      server,
      path: "/ws",
      ...options,
      onMessage: (message) => {
        const decoded = decode(message)
        if (Exit.isFailure(decoded)) throw new Error(`not of the wire schema: ${JSON.stringify(message)}`)
        wakeAll()
      },
      onAudio: (bytes) => {
        frames.push({ bytes, after: client.messages.length })
        wakeAll()
      }
    })
    client.socket.once("close", wakeAll)
    return new Caller(client, frames, wake)
  }

  /** Opens `/ws` and starts a session: `file` mode unless told otherwise. */
  static async started(server: string, start: Start = {}): Promise<Caller> {
    const caller = await Caller.open(server)
    await caller.start(start)
    return caller
  }

  get messages(): ReadonlyArray<ServerMessage> {
    return this.client.messages
  }

  of<T extends Type>(type: T): ReadonlyArray<ServerMessageOf<T>> {
    return this.messages.filter((message): message is ServerMessageOf<T> => message.type === type)
  }

  get finals(): ReadonlyArray<string> {
    return this.of("transcript.final").map(({ text }) => text)
  }

  send(message: ClientMessage): void {
    this.client.send(message)
  }

  /** As it is, well formed or not. */
  sendRaw(text: string): void {
    this.client.socket.send(text)
  }

  async start(start: Start = {}): Promise<ServerMessageOf<"session.ready">> {
    this.send({ type: "session.start", mode: "file", ...start })
    return this.client.next("session.ready")
  }

  /** The message or error that answers this one. */
  async ask(message: ClientMessage): Promise<ServerMessage> {
    const ref = `r${++this.#refs}`
    this.send({ ...message, ref })
    return this.until((reply) => reply.ref === ref)
  }

  /** The first message, of those that have come and those to come, that is looked for. */
  async until(wanted: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    for (let at = 0; ;) {
      for (; at < this.messages.length; at++) {
        const message = this.messages[at]
        if (message !== undefined && wanted(message)) return message
      }
      if (this.client.closed !== undefined) throw new Error(`closed: ${JSON.stringify(this.messages.slice(-5))}`)
      await new Promise<void>((resolve) => this.#wake.add(resolve))
    }
  }

  /** Resolves when this many of a type have come. */
  async count(type: Type, count: number): Promise<void> {
    let seen = 0
    await this.until((message) => message.type === type && ++seen === count)
  }

  async play(samples: Int16Array, frameSamples = 640): Promise<void> {
    for (let at = 0; at < samples.length; at += frameSamples) {
      await this.client.sendAudio(bytesOf(samples.slice(at, at + frameSamples)))
    }
  }

  /** Resolves when this many frames of speech have come. */
  async hear(count: number): Promise<void> {
    while (this.frames.length < count) {
      if (this.client.closed !== undefined) throw new Error("closed before it was heard")
      await new Promise<void>((resolve) => this.#wake.add(resolve))
    }
  }

  terminate(): void {
    this.client.socket.terminate()
  }

  end(): Promise<void> {
    return this.client.end()
  }
}

export const tokenOf = (server: ServerProcess, scope: string, subject?: string): Promise<string> =>
  mintToken(server.url, server.secret, scope, subject)

/** Opens `/ws/secure/healthcare` and starts PHQ-9; the consent has been asked for. */
export const interviewed = async (
  server: ServerProcess,
  scope = "voice healthcare clinician",
  start: Start = {}
): Promise<Caller> => {
  const token = await tokenOf(server, scope, "patient-7")
  const caller = await Caller.open(server.url, { path: "/ws/secure/healthcare", token })
  await caller.start({ questionnaire: "phq-9", ...start })
  await caller.client.next("consent.requested")
  return caller
}

export const silence = (durationMs: number): Int16Array => new Int16Array(durationMs * 16)

/** Spoken so clearly that no yes or no is asked again. */
const surest: ReadonlyMap<string, string> = new Map([
  ["yes", "yes-00000014_NO_08.wav"],
  ["no", "no-00000028_NO_01.wav"]
])

/** A recorded word. */
export const wordOf = (english: string): Int16Array => readSamples(surest.get(english) ?? clipOf(english).file)

/** The same, with the silence that ends an utterance. */
export const spoken = (english: string): Int16Array => joined(silence(200), wordOf(english), silence(900))

/** The same server still does its work: one word over a new session. */
export const hears = async (server: string): Promise<ReadonlyArray<string>> => {
  const caller = await Caller.started(server)
  await caller.play(spoken("yes"))
  await caller.count("transcript.final", 1)
  await caller.end()
  return caller.finals
}
