/**
 * The microphone, cleaned of the loudspeaker's echo by the browser, resampled to the session's rate and sent as 16-bit
 * samples. Browsers only. Opened by a person's wish, after what they agreed to: the browser asks them as well.
 */
import { bytesOf, fromFloats, rmsDbfs } from "../src/audio/pcm.ts"
import { Resampler } from "../src/audio/resample.ts"
import { SawtError } from "./errors.ts"
import type { FromMicrophone } from "./microphone-worklet.ts"
import type { Session } from "./sawt-client.ts"
import { addWorklet, type Speaker } from "./speaker.ts"

export interface MicrophoneOptions {
  /** Loudness of each 20 ms, from -Infinity (silence) to 0: for a level meter. */
  readonly onLevel?: (dbfs: number) => void
  /** The device is gone, or the permission was taken back. */
  readonly onLost?: () => void
  readonly deviceId?: string
  /** Whose sound it may hear: on one clock with it, the service knows its own echo where the browser leaves some. */
  readonly speaker?: Speaker
}

/** What browsers call it (Media Capture and Streams, 10.2). */
const codes = {
  NotAllowedError: [
    "microphone_refused",
    "The microphone was not allowed: allow it in the browser's settings of this page."
  ],
  SecurityError: ["microphone_refused", "This page may not use the microphone."],
  NotFoundError: ["microphone_missing", "There is no microphone."],
  OverconstrainedError: ["microphone_missing", "This microphone is not there."],
  NotReadableError: ["microphone_busy", "The microphone cannot be read: another program may hold it."],
  AbortError: ["microphone_busy", "The microphone could not be opened."]
} as const

const named = (error: unknown): SawtError => {
  const name = error instanceof Error ? error.name : ""
  const [code, message] = Object.hasOwn(codes, name) ? codes[name as keyof typeof codes] : codes.AbortError
  return new SawtError(code, message, { cause: error })
}

const capture = async (deviceId: string | undefined): Promise<MediaStream> => {
  if (navigator.mediaDevices === undefined) {
    throw new SawtError("unsupported", "The microphone needs a page over https, or localhost.")
  }
  const audio = {
    channelCount: 1,
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(deviceId === undefined ? {} : { deviceId: { exact: deviceId } })
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ audio })
  } catch (error) {
    throw named(error)
  }
}

export class Microphone {
  readonly #context: AudioContext
  readonly #speaker: Speaker | undefined
  readonly #stream: MediaStream
  #disconnect: () => void = () => {}
  /** So much had been sent when a moment of the context's clock was the last one sent. */
  #sent: { readonly ms: number; readonly atTime: number } | undefined
  #muted = false

  private constructor(stream: MediaStream, speaker: Speaker | undefined) {
    // At the rate of the device: not every browser connects a microphone to another one.
    this.#context = speaker?.context ?? new AudioContext({ latencyHint: "interactive" })
    this.#speaker = speaker
    this.#stream = stream
  }

  /** Rejects with `microphone_refused`, `microphone_missing`, `microphone_busy` or `unsupported`. */
  static async open(session: Session, options: MicrophoneOptions = {}): Promise<Microphone> {
    if (session.ready.audio.encoding !== "pcm_s16le")
      throw new SawtError("unsupported", "The microphone sends `audio` of encoding pcm_s16le.")
    const stream = await capture(options.deviceId)
    const microphone = new Microphone(stream, options.speaker)
    await microphone.#listen(session, options).catch(async (error: unknown) => {
      await microphone.close()
      throw error
    })
    return microphone
  }

  async #listen(session: Session, { onLevel, onLost }: MicrophoneOptions): Promise<void> {
    const context = this.#context
    await addWorklet(context, new URL("./microphone-worklet.ts", import.meta.url))
    const node = new AudioWorkletNode(context, "sawt-microphone", { outputChannelCount: [1] })
    const resampler = new Resampler(context.sampleRate, session.ready.audio.sample_rate)
    node.port.onmessage = ({ data }: MessageEvent<FromMicrophone>) => {
      const samples = resampler.push(fromFloats(data.samples))
      onLevel?.(this.#muted ? -Infinity : rmsDbfs(samples))
      const isSent = !this.#muted && session.sendAudio(bytesOf(samples))
      const ms = session.sentAudioMs
      const isFirst = this.#sent === undefined
      this.#sent = isSent && ms !== undefined ? { ms, atTime: data.atTime } : undefined
      if (isFirst && this.#sent !== undefined) this.#speaker?.heardBy((contextTime) => this.#positionMs(contextTime))
    }
    for (const track of this.#stream.getTracks()) {
      track.addEventListener("ended", () => {
        void this.close()
        onLost?.()
      })
    }
    const source = context.createMediaStreamSource(this.#stream)
    source.connect(node)
    // Silent; a node that leads nowhere is not run by every browser.
    node.connect(context.destination)
    this.#disconnect = () => {
      source.disconnect()
      node.disconnect()
      node.port.onmessage = null
      this.#sent = undefined
    }
    void context.resume()
    session.on("ended", () => void this.close())
  }

  /** Each moment of the context is one of the microphone's, also those that are still on their way here. */
  #positionMs(contextTime: number): number | undefined {
    return this.#sent === undefined ? undefined : this.#sent.ms + (contextTime - this.#sent.atTime) * 1_000
  }

  get muted(): boolean {
    return this.#muted
  }

  /** Nothing is sent; the browser still shows the microphone as open. */
  mute(muted: boolean): void {
    this.#muted = muted
  }

  /** The browser's sign for a microphone in use goes out. */
  async close(): Promise<void> {
    for (const track of this.#stream.getTracks()) track.stop()
    this.#disconnect()
    if (this.#speaker === undefined && this.#context.state !== "closed") await this.#context.close()
  }
}
