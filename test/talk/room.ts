/**
 * A room around a page, made in the page's own audio context: what it plays comes back into its microphone, and a person
 * says a recorded word when the test wants. When the person begins and how loud the page is are noted on the sample clock
 * of the context, so that what is measured is sound, not the patience of a busy machine.
 */
import type { Page } from "playwright-core"
import type { ClientMessage, ServerMessage } from "#schemas/wire.ts"

export interface RoomOptions {
  /** Of what is played, in the microphone. */
  readonly echoDb: number
  /** From loudspeaker to microphone, beside the latency of the browser. */
  readonly delayMs: number
}

export interface RoomNotes {
  /** What the page asked of the browser's microphone. */
  readonly constraints: { readonly audio: { readonly echoCancellation: boolean } }
  /** Of the context's clock, where the person's words begin. */
  readonly wordsAtMs: ReadonlyArray<number>
  /** Root mean square of what the page plays in 16-bit samples, each `stepMs` from the context's `fromMs` on. */
  readonly levels: ReadonlyArray<number>
  readonly fromMs: number
  /** What the page told its player, in order. */
  readonly commands: ReadonlyArray<RoomCommand>
}

export interface RoomCommand {
  readonly type: "ducked" | "stopped"
  /** Of the context's clock. */
  readonly atMs: number
  /** Since the page heard of the last `speech.started`. */
  readonly afterStartedMs: number
}

export const stepMs = 5

/** For `OpenOptions.script`. A worklet would need a file of its own, from the service: hence the old processor. */
export const roomScript = ({ echoDb, delayMs }: RoomOptions): string => `{
  const connect = AudioNode.prototype.connect
  const capture = MediaDevices.prototype.getUserMedia
  const notes = { constraints: undefined, wordsAtMs: [], levels: [], fromMs: undefined, commands: [] }
  let context, microphone
  const listen = () => {
    const step = Math.round((context.sampleRate * ${stepMs}) / 1_000)
    const processor = context.createScriptProcessor(1_024, 1, 1)
    let [energy, count] = [0, 0]
    processor.onaudioprocess = ({ inputBuffer, playbackTime }) => {
      // It plays what it has taken two buffers later.
      notes.fromMs ??= (playbackTime - (2 * inputBuffer.length) / context.sampleRate) * 1_000
      for (const sample of inputBuffer.getChannelData(0)) {
        energy += sample * sample
        if (++count < step) continue
        notes.levels.push(Math.round(Math.sqrt(energy / count) * 32_768))
        energy = count = 0
      }
    }
    connect.call(processor, context.destination)
    return processor
  }
  const overhear = (port) => {
    const post = port.postMessage
    port.postMessage = (message, ...rest) => {
      const type = message.type === "stop" ? "stopped" : message.type === "gain" && message.gain < 1 ? "ducked" : undefined
      const started = performance.getEntriesByName("sawt:speech.started").at(-1)?.startTime ?? NaN
      const command = { type, atMs: context.currentTime * 1_000, afterStartedMs: performance.now() - started }
      if (type !== undefined) notes.commands.push(command)
      post.call(port, message, ...rest)
    }
  }
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target === this.context.destination && this instanceof AudioWorkletNode && this.numberOfInputs === 0) {
      context = this.context
      microphone = new GainNode(context)
      const echo = new GainNode(context, { gain: 10 ** (${echoDb} / 20) })
      const way = new DelayNode(context, { delayTime: ${delayMs} / 1_000 })
      connect.call(connect.call(connect.call(this, echo), way), microphone)
      connect.call(this, listen())
      overhear(this.port)
      // A microphone is never without sound, as a node without a source would be.
      const silence = new ConstantSourceNode(context, { offset: 0 })
      connect.call(silence, microphone)
      silence.start()
    }
    return connect.call(this, target, ...rest)
  }
  MediaDevices.prototype.getUserMedia = function (constraints) {
    notes.constraints = constraints
    return capture.call(this, constraints)
  }
  AudioContext.prototype.createMediaStreamSource = () => microphone
  globalThis.room = {
    notes,
    at: async (ms) => {
      while (!(notes.fromMs + notes.levels.length * ${stepMs} >= ms)) await new Promise(requestAnimationFrame)
      return notes
    },
    say: (samples) => {
      const buffer = context.createBuffer(1, samples.length, 16_000)
      buffer.getChannelData(0).set(samples.map((sample) => sample / 32_768))
      const source = new AudioBufferSourceNode(context, { buffer })
      connect.call(source, microphone)
      const at = context.currentTime + 0.05
      source.start(at)
      notes.wordsAtMs.push(at * 1_000)
    }
  }
}`

type Message = ClientMessage | ServerMessage

export class Room {
  readonly #page: Page
  /** Of the page's socket, both ways, in order. */
  readonly messages: Array<Message> = []
  readonly #waiting = new Set<() => void>()

  /** Before its socket is opened. */
  constructor(page: Page) {
    this.#page = page
    const note = ({ payload }: { readonly payload: string | Buffer }) => {
      if (typeof payload !== "string") return
      this.messages.push(JSON.parse(payload) as Message)
      for (const look of this.#waiting) look()
    }
    page.on("websocket", (socket) => socket.on("framesent", note).on("framereceived", note))
  }

  /** The first message from `since` on that is so. */
  async heard<Type extends Message["type"]>(
    type: Type,
    isIt: (message: Extract<Message, { type: Type }>) => boolean = () => true,
    since = 0
  ): Promise<Extract<Message, { type: Type }>> {
    for (;;) {
      const found = this.messages
        .slice(since)
        .find((message): message is Extract<Message, { type: Type }> => message.type === type && isIt(message as never))
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#waiting.delete(look)
          resolve()
        }
        this.#waiting.add(look)
      })
    }
  }

  count(type: Message["type"]): number {
    return this.messages.filter((message) => message.type === type).length
  }

  async say(samples: Int16Array): Promise<void> {
    await this.#page.evaluate(`room.say(${JSON.stringify([...samples])})`)
  }

  /** `atMs`: of the context's clock; once its sound is noted up to there. */
  async notes(atMs = -Infinity): Promise<RoomNotes> {
    return (await this.#page.evaluate(Number.isFinite(atMs) ? `room.at(${atMs})` : "room.notes")) as RoomNotes
  }
}
