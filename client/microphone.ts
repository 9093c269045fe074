/**
 * The microphone, cleaned of the loudspeaker's echo by the browser, resampled to the session's rate and sent as 16-bit
 * samples. Browsers only. Opened by a person's wish, after what they agreed to: the browser asks them as well.
 */
import { bytesOf, fromFloats, rmsDbfs } from "../src/audio/pcm.ts"
import { Resampler } from "../src/audio/resample.ts"
import { SawtError } from "./errors.ts"
import type { FromMicrophone } from "./microphone-worklet.ts"
import type { Session } from "./sawt-client.ts"
import { addWorklet } from "./speaker.ts"

export interface MicrophoneOptions {
  /** Loudness of each 20 ms, from -Infinity (silence) to 0: for a level meter. */
  readonly onLevel?: (dbfs: number) => void
  /** The device is gone, or the permission was taken back. */
  readonly onLost?: () => void
  readonly deviceId?: string
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
  readonly #stream: MediaStream
  #muted = false

  private constructor(context: AudioContext, stream: MediaStream) {
    this.#context = context
    this.#stream = stream
  }

  /** Rejects with `microphone_refused`, `microphone_missing`, `microphone_busy` or `unsupported`. */
  static async open(session: Session, options: MicrophoneOptions = {}): Promise<Microphone> {
    const { encoding, sample_rate } = session.ready.audio
    if (encoding !== "pcm_s16le")
      throw new SawtError("unsupported", "The microphone sends `audio` of encoding pcm_s16le.")
    const stream = await capture(options.deviceId)
    // At the rate of the device: not every browser connects a microphone to another one.
    const context = new AudioContext({ latencyHint: "interactive" })
    const microphone = new Microphone(context, stream)
    try {
      await addWorklet(context, new URL("./microphone-worklet.ts", import.meta.url))
    } catch (error) {
      await microphone.close()
      throw error
    }
    const node = new AudioWorkletNode(context, "sawt-microphone", { outputChannelCount: [1] })
    const resampler = new Resampler(context.sampleRate, sample_rate)
    node.port.onmessage = ({ data }: MessageEvent<FromMicrophone>) => {
      const samples = resampler.push(fromFloats(data))
      options.onLevel?.(microphone.#muted ? -Infinity : rmsDbfs(samples))
      if (!microphone.#muted && samples.length > 0) session.sendAudio(bytesOf(samples))
    }
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", () => {
        void microphone.close()
        options.onLost?.()
      })
    }
    context.createMediaStreamSource(stream).connect(node)
    // Silent; a node that leads nowhere is not run by every browser.
    node.connect(context.destination)
    void context.resume()
    session.on("ended", () => void microphone.close())
    return microphone
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
    if (this.#context.state !== "closed") await this.#context.close()
  }
}
