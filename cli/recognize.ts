/**
 * One recording through a service, in `file` mode: as fast as it is taken. A service that is full or asks for patience is
 * asked again; a connection that breaks costs this recording's work so far, and it begins anew.
 */
import { bytesOf } from "#src/audio/pcm.ts"
import { Resampler } from "#src/audio/resample.ts"
import type { Wav } from "#src/audio/wav.ts"
import { type ConnectOptions, connect, SawtError, type ServerMessageOf, type Session } from "../client/sawt-client.ts"

export type Final = ServerMessageOf<"transcript.final">

export interface RecognizeOptions {
  readonly connect: Pick<ConnectOptions, "server" | "token" | "language">
  readonly signal: AbortSignal
  /** Samples of the recording's own rate that have been taken. */
  readonly onSent: (samples: number) => void
}

/** Of a second. */
const framesPerSecond = 10
/** What a session takes; other rates are brought to `resampledHz` here. */
const ratesHz = { min: 8_000, max: 48_000 } as const
const resampledHz = 16_000
const attemptsMax = 3
/** For a place. */
const patienceMs = 300_000
const retryMs = { least: 250, most: 5_000 } as const

const later = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener("abort", () => {
      clearTimeout(timer)
      reject(new Error("interrupted"))
    })
  })

const isFull = (error: unknown): error is SawtError =>
  error instanceof SawtError && (error.code === "sessions_full" || error.code === "rate_limited")

/** Waits for a place while all are taken. */
const opened = async (sampleRateHz: number, { connect: where, signal }: RecognizeOptions): Promise<Session> => {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    try {
      return await connect({
        ...where,
        mode: "file",
        partials: false,
        audio: { encoding: "pcm_s16le", sample_rate: sampleRateHz },
        giveUpAfterMs: 0
      })
    } catch (error) {
      if (!isFull(error) || performance.now() > untilMs) throw error
      await later(Math.min(retryMs.most, Math.max(retryMs.least, error.retryAfterMs ?? 1_000)), signal)
    }
  }
}

const once = async ({ sampleRateHz, samples }: Wav, options: RecognizeOptions): Promise<ReadonlyArray<Final>> => {
  const fits = sampleRateHz >= ratesHz.min && sampleRateHz <= ratesHz.max
  const resampler = new Resampler(sampleRateHz, fits ? sampleRateHz : resampledHz)
  const session = await opened(resampler.toHz, options)
  const finals: Array<Final> = []
  let fault: SawtError | undefined
  let isWhole = false
  const leave = () => session.leave()
  options.signal.addEventListener("abort", leave)
  session.on("transcript.final", (final) => finals.push(final))
  session.on("session.ended", ({ reason }) => (isWhole = reason === "ended"))
  session.on("error", ({ code, message, retryable }) => (fault ??= new SawtError(code, message, { retryable })))
  session.on("connection", ({ status }) => {
    if (status !== "reconnecting") return
    fault ??= new SawtError("connection_lost", "The connection broke.")
    session.leave()
  })
  try {
    const frameSamples = Math.ceil(sampleRateHz / framesPerSecond)
    for (let at = 0; at < samples.length; at += frameSamples) {
      if (fault !== undefined) break
      const frame = samples.subarray(at, at + frameSamples)
      await session.writeAudio(bytesOf(resampler.push(frame)))
      options.onSent(frame.length)
    }
    const rest = resampler.flush()
    if (rest.length > 0) await session.writeAudio(bytesOf(rest))
    const { error } = await session.end()
    fault ??= error
  } catch (error) {
    throw fault ?? error
  } finally {
    options.signal.removeEventListener("abort", leave)
    session.leave()
  }
  if (fault !== undefined) throw fault
  if (!isWhole) throw new SawtError("connection_lost", "The session ended before all was recognised.")
  return finals
}

/** The transcripts in their order. */
export const recognize = async (wav: Wav, options: RecognizeOptions): Promise<ReadonlyArray<Final>> => {
  for (let attempt = 1; ; attempt++) {
    let sent = 0
    const onSent = (samples: number) => {
      sent += samples
      options.onSent(samples)
    }
    try {
      return await once(wav, { ...options, onSent })
    } catch (error) {
      const isWorthwhile = error instanceof SawtError && error.retryable && !isFull(error)
      if (options.signal.aborted || !isWorthwhile || attempt >= attemptsMax) throw error
      options.onSent(-sent)
    }
  }
}
