/** Whether a disturbed run was as good as the undisturbed one of the same scripts. */
import { type Difference, differences, type Tally, tally } from "./compare.ts"
import type { Run } from "./run.ts"

export interface Verdict {
  readonly undisturbed: Tally
  readonly disturbed: Tally
  /** Without their final: utterances that were told of, and lines that were heard undisturbed. */
  readonly lost: number
  readonly changed: ReadonlyArray<Difference>
  /** Changed although no detector fell in them. */
  readonly unexplained: ReadonlyArray<Difference>
  readonly sttKills: number
  readonly sttKillsInSpeech: number
  /** What must not be, a sentence each. */
  readonly faults: ReadonlyArray<string>
}

/**
 * A detector that died begins without memory, so the borders of what it hears after that may move by some frames: a line 8 s
 * later was seen to be heard differently, one that is heard wrongly without any fault.
 */
const detectorReachMs = { before: 10_000, after: 2_000 } as const

export const detectorFell = (
  { speakers, kills }: Pick<Run, "speakers" | "kills">,
  { session, startMs, endMs }: Pick<Difference, "session" | "startMs" | "endMs">
): boolean => {
  const startedAtMs = speakers[session]?.startedAtMs ?? 0
  return kills.some(
    ({ model, atMs }) =>
      model === "vad" &&
      atMs - startedAtMs > startMs - detectorReachMs.before &&
      atMs - startedAtMs < endMs + detectorReachMs.after
  )
}

/** From the last kill of a detector to this position of a session's audio; Infinity: none before it. */
export const sinceDetectorMs = (
  { speakers, kills }: Pick<Run, "speakers" | "kills">,
  session: number,
  atMs: number
): number => {
  const positions = kills
    .filter(({ model }) => model === "vad")
    .map((kill) => kill.atMs - (speakers[session]?.startedAtMs ?? 0))
  return Math.round(atMs - Math.max(-Infinity, ...positions.filter((positionMs) => positionMs <= atMs)))
}

export const judge = (calm: Run, run: Run): Verdict => {
  const [undisturbed, disturbed] = [tally(calm.speakers), tally(run.speakers)]
  const changed = differences(calm.speakers, run.speakers)
  const unexplained = changed.filter((difference) => !detectorFell(run, difference))
  const lost = disturbed.unanswered + changed.filter((difference) => difference.disturbed.finals.length === 0).length
  const sttKills = run.kills.filter(({ model }) => model === "stt")
  const sttKillsInSpeech = sttKills.filter(({ heard }) => heard > 0).length
  const checks: ReadonlyArray<readonly [boolean, string]> = [
    [lost > 0, `${lost} utterances lost`],
    [disturbed.doubled > 0, `${disturbed.doubled} utterances doubled`],
    [disturbed.ended > 0, `${disturbed.ended} sessions ended`],
    [undisturbed.unanswered + undisturbed.doubled + undisturbed.ended > 0, "the undisturbed run was not whole"],
    [unexplained.length > 0, `${unexplained.length} lines heard differently with no detector killed in them`],
    [disturbed.rightPercent < undisturbed.rightPercent - wordsTolerated, "fewer words right than undisturbed"],
    [run.openCircuitSeconds > 0, `a model was given up for ${run.openCircuitSeconds} s`],
    [sttKills.length === 0 || 2 * sttKillsInSpeech < sttKills.length, "under half of the kills of stt fell into speech"]
  ]
  const faults = checks.filter(([isSo]) => isSo).map(([, fault]) => fault)
  return {
    undisturbed,
    disturbed,
    lost,
    changed,
    unexplained,
    sttKills: sttKills.length,
    sttKillsInSpeech,
    faults
  }
}

/** Percent: what detectors that died may cost. */
const wordsTolerated = 0.5
