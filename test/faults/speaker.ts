/**
 * One session that says its script: at the pace of speech by an absolute schedule (`live`), or as fast as it is taken
 * (`file`). It keeps what came of it. Positions are milliseconds of the session's audio, times `performance.now()`.
 */
import type { ServerMessage } from "#schemas/wire.ts"
import { bytesOf } from "#src/audio/pcm.ts"
import { sampleRateHz, samplesOfMs } from "../../bench/recordings.ts"
import { Client, type ClientOptions } from "../../scripts/client.ts"
import { frameMs, frameSamples, type Line, type Script } from "./script.ts"

/** After the last line, so that its utterance ends. */
const tailMs = 1_500
/** A final that has not come by then is lost: longer than a session waits for one (`settleTimeoutMs`). */
const finalTimeoutMs = 15_000

export interface Heard {
  readonly utteranceId: string
  readonly text: string
  readonly startMs: number
  readonly endMs: number
  readonly replayed: boolean
  /** From the end of the speech, as the detector placed it, to the final; of a `live` session. */
  readonly latencyMs: number
}

export interface SpeakerOptions extends Pick<ClientOptions, "server" | "path" | "token"> {
  readonly script: Script
  readonly mode: "live" | "file"
  /** Asked after each line, with how many have been said. */
  readonly saidEnough: (lines: number) => boolean
  readonly onMessage?: (message: ServerMessage) => void
}

export class Speaker {
  readonly script: Script
  /** Positions of `speech.started`. */
  readonly startedMs: Array<number> = []
  readonly finals: Array<Heard> = []
  /** Codes of errors. */
  readonly errors: Array<string> = []
  /** How late the microphone itself was. */
  readonly lateSendsMs: Array<number> = []
  linesSaid = 0
  /** The server's close code, when the session was over before it was ended. */
  cutOff: number | undefined
  /** When its first sample was due. */
  startedAtMs = 0
  readonly #options: SpeakerOptions
  #wake: () => void = () => {}

  constructor(options: SpeakerOptions) {
    this.#options = options
    this.script = options.script
  }

  /** Between `speech.started` and the final of what is said. */
  get isHeard(): boolean {
    return this.startedMs.length > this.finals.length
  }

  /** Utterances that have ended, understood or not. */
  get settled(): number {
    return this.finals.length + this.errors.length
  }

  /** Told of and without a final. What the noise after the last line began is nobody's speech, and never ends. */
  get unanswered(): number {
    const endMs = this.#lastLine.spokenEndSample / samplesOfMs(1)
    return this.startedMs.filter((atMs) => atMs < endMs && this.finals.every(({ startMs }) => startMs !== atMs)).length
  }

  get #lastLine(): Line {
    return this.script.line(Math.max(0, this.linesSaid - 1))
  }

  /** Says lines until it was enough, and waits for the finals. */
  async speak(): Promise<void> {
    const { mode, onMessage, server, path, token } = this.#options
    const client = await Client.open({
      server,
      path,
      ...(token === undefined ? {} : { token }),
      onMessage: (message) => {
        this.#hear(message)
        onMessage?.(message)
      }
    })
    client.socket.once("close", () => this.#wake())
    client.send({ type: "session.start", mode, audio: { encoding: "pcm_s16le", sample_rate: sampleRateHz } })
    await client.next("session.ready")
    this.startedAtMs = performance.now()
    await this.#sayLines(client)
    await this.#allHeard(client)
    this.cutOff = client.closed?.code
    await client.end()
  }

  async #sayLines(client: Client): Promise<void> {
    for (let frame = 0; client.closed === undefined; frame++) {
      const sample = frame * frameSamples
      const last = this.script.line(this.linesSaid)
      if (sample >= last.startSample + last.samples.length && !this.#options.saidEnough(this.linesSaid)) {
        this.linesSaid++
      }
      if (this.#isOver(sample)) return
      await this.#sendFrame(client, frame)
    }
  }

  #isOver(sample: number): boolean {
    if (!this.#options.saidEnough(this.linesSaid)) return false
    const { startSample, samples } = this.#lastLine
    return sample >= startSample + samples.length + samplesOfMs(tailMs)
  }

  async #sendFrame(client: Client, frame: number): Promise<void> {
    const sound = bytesOf(this.script.frame(frame))
    if (this.#options.mode === "file") return client.sendAudio(sound)
    const dueMs = this.#dueMs((frame + 1) * frameMs)
    while (performance.now() < dueMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, dueMs - performance.now())))
    }
    this.lateSendsMs.push(performance.now() - dueMs)
    client.socket.send(sound, { binary: true })
  }

  #dueMs(positionMs: number): number {
    return this.startedAtMs + positionMs
  }

  async #allHeard(client: Client): Promise<void> {
    const timer = setTimeout(() => this.#wake(), finalTimeoutMs)
    const deadlineMs = performance.now() + finalTimeoutMs
    const lastStartMs = this.#lastLine.spokenStartSample / samplesOfMs(1)
    const isDone = () => this.unanswered === 0 && this.finals.some(({ endMs }) => endMs > lastStartMs)
    while (!isDone() && client.closed === undefined && performance.now() < deadlineMs) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    clearTimeout(timer)
  }

  #hear(message: ServerMessage): void {
    switch (message.type) {
      case "speech.started":
        this.startedMs.push(message.at_ms)
        break
      case "transcript.final": {
        const { utterance_id: utteranceId, text, start_ms: startMs, end_ms: endMs, replayed } = message
        const latencyMs = performance.now() - this.#dueMs(endMs)
        this.finals.push({ utteranceId, text, startMs, endMs, replayed, latencyMs })
        break
      }
      case "error":
        this.errors.push(message.code)
        break
      default:
        return
    }
    this.#wake()
  }
}
