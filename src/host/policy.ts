/** How patient a host's supervisor is, and when it replaces a process. Figures and their reasons: decision 008. */
import type { HostInput } from "#machines/host.ts"
import type { HostKind } from "#schemas/host.ts"

const mebibyte = 1024 * 1024

export interface HostPolicy extends HostInput {
  /** A process that is not ready by then is killed, reason `timeout`. */
  readonly readyTimeoutMs: number
  /** Silence of this long is asked about by a beat, which is counted each time it is unanswered by then. */
  readonly beatMs: number
  /** A probe, a request or a stream that is owed an answer for longer: the process is killed, reason `timeout`. */
  readonly probeTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly answerTimeoutMs: number
  /** Memory over what the process had when it was ready: at the first it is replaced, at the second killed. */
  readonly growthBytes: number
  readonly growthBytesMax: number
  /** A process this old, or that served this many streams, is replaced. */
  readonly ageMsMax: number
  readonly streamsMax: number
  /** Least time between two replacements. */
  readonly recycleEveryMs: number
}

/** Recognition and voice activity: no call of theirs holds the loop for more than 25 ms, so a second of silence is a hang. */
export const hostPolicy: HostPolicy = {
  startAttempts: 3,
  backoffMs: 200,
  backoffMsMax: 15_000,
  endsMax: 5,
  endsWindowMs: 60_000,
  restMs: 5_000,
  restMsMax: 300_000,
  relookMs: 15_000,
  healthyMs: 30_000,
  probeEveryMs: 60_000,
  suspectBeats: 4,
  lostBeats: 8,
  readyTimeoutMs: 60_000,
  beatMs: 100,
  probeTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  answerTimeoutMs: 10_000,
  growthBytes: 384 * mebibyte,
  growthBytesMax: 1024 * mebibyte,
  ageMsMax: 24 * 3_600_000,
  streamsMax: 100_000,
  recycleEveryMs: 60_000
}

/** A sentence is one call: 0.15 s for the longest that eSpeak takes, some seconds for a large Piper voice. */
const espeakPolicy: HostPolicy = {
  ...hostPolicy,
  beatMs: 500,
  suspectBeats: 4,
  lostBeats: 10,
  probeTimeoutMs: 15_000,
  answerTimeoutMs: 20_000
}

export const hostPolicies: Readonly<Record<HostKind, HostPolicy>> = {
  stt: hostPolicy,
  vad: { ...hostPolicy, answerTimeoutMs: 5_000 },
  espeak: espeakPolicy,
  // As long as anybody waits for a sentence (`src/tts/engine.ts`).
  piper: { ...espeakPolicy, suspectBeats: 10, lostBeats: 20 }
}

/** What one process has used. */
export interface HostUse {
  readonly rssBytes: number
  readonly rssAtReadyBytes: number
  readonly ageMs: number
  readonly streamsOpened: number
}

export const exceedsMemory = (policy: HostPolicy, { rssBytes, rssAtReadyBytes }: HostUse): boolean =>
  rssBytes - rssAtReadyBytes > policy.growthBytesMax

/** Why this process should be replaced when it costs nobody anything. */
export const recyclingDue = (policy: HostPolicy, use: HostUse): "memory" | "age" | "streams" | undefined => {
  if (use.rssBytes - use.rssAtReadyBytes > policy.growthBytes) return "memory"
  if (use.ageMs > policy.ageMsMax) return "age"
  return use.streamsOpened > policy.streamsMax ? "streams" : undefined
}
