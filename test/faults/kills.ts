/**
 * Kills at random moments: as often as a host's circuit allows without opening (six ends in a minute open it,
 * `src/host/policy.ts`), the recogniser's while somebody is being heard. Intervals and signals follow the seed; the
 * moment itself follows what the sessions are told.
 */
import { type Model, models, servingPid, sleep } from "./hosts.ts"
import { between, oneOf, randomOf } from "./random.ts"
import type { Speaker } from "./speaker.ts"
import type { ServerProcess } from "../../scripts/server-process.ts"

export const signals = ["SIGKILL", "SIGSEGV", "SIGSTOP"] as const

export interface Kill {
  readonly model: Model
  readonly signal: (typeof signals)[number]
  readonly atMs: number
  /** Sessions between `speech.started` and a final at that moment. */
  readonly heard: number
}

/** Six ends are then more than a minute apart, whatever the wait for speech takes and a stopped process delays. */
const intervalMs: Readonly<Record<Model, readonly [number, number]>> = {
  stt: [13_000, 16_000],
  vad: [14_000, 19_000],
  tts: [14_000, 19_000]
}
/** Somebody of ten speaks nearly always. */
const speechWaitMs = 3_000
/** Into the utterance. */
const intoSpeechMs = 500

/** `pid` is looked up before the moment is waited for, so that it is not over meanwhile. */
export const kill = (
  pid: number,
  { model, signal }: Pick<Kill, "model" | "signal">,
  speakers: ReadonlyArray<Speaker>
): Kill => {
  const heard = speakers.filter(({ isHeard }) => isHeard).length
  process.kill(pid, signal)
  return { model, signal, atMs: performance.now(), heard }
}

const killOften = async (
  server: ServerProcess,
  model: Model,
  speakers: ReadonlyArray<Speaker>,
  { seed, untilMs, onKill }: KillOptions
): Promise<void> => {
  const random = randomOf(seed * 31 + models.indexOf(model))
  for (;;) {
    await sleep(between(random, ...intervalMs[model]))
    if (performance.now() > untilMs) return
    const signal = oneOf(random, signals)
    const pid = await servingPid(server, model)
    const waitUntilMs = performance.now() + speechWaitMs
    if (model === "stt") {
      while (!speakers.some(({ isHeard }) => isHeard) && performance.now() < waitUntilMs) await sleep(10)
    }
    await sleep(between(random, 0, intoSpeechMs))
    onKill(kill(pid, { model, signal }, speakers))
  }
}

export interface KillOptions {
  readonly seed: number
  readonly untilMs: number
  readonly onKill: (kill: Kill) => void
}

export const killAll = async (
  server: ServerProcess,
  speakers: ReadonlyArray<Speaker>,
  options: KillOptions
): Promise<void> => {
  await Promise.all(models.map((model) => killOften(server, model, speakers, options)))
}
