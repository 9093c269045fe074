/**
 * `npm run test:faults`: sessions speak recordings in real time while the processes that hear, detect and speak are killed
 * and stopped, and nothing that was said may be lost.
 */
import { machine, readOptions, rounded, type Row, table } from "../../bench/options.ts"
import { addedLatenciesMs, latenciesMs, spread, type Tally } from "./compare.ts"
import { models } from "./hosts.ts"
import { signals } from "./kills.ts"
import { run, type Run } from "./run.ts"
import { detectorFell, judge, sinceDetectorMs } from "./verdict.ts"

const { json, numbers } = readOptions(
  "faults",
  `Sessions speak recordings in real time on /ws/secure: first undisturbed, then the same again on a new server while the hosts of
recognition, detection and voice get SIGKILL, SIGSEGV or SIGSTOP at random moments, as often as their circuits allow
without opening. One more session has new sentences spoken. Latency: from the end of the speech, as the detector placed
it (the configured end silence is in it), to the final. Added: against the same utterance undisturbed.`,
  {
    script: "test:faults",
    exitCodes:
      "0: nothing lost. 1: something was lost, doubled, ended or heard differently, or too few kills fell into speech",
    numbers: {
      minutes: { default: 4, about: "length of each of the two runs" },
      sessions: { default: 10, about: "sessions that speak" },
      seed: { default: 1, about: "of what is said, and of the kills" }
    }
  }
)
const targetMs = 1_500

const { sessions, seed } = numbers
const options = { durationMs: numbers.minutes * 60_000, sessions, seed }
const calm = await run({ ...options, name: "undisturbed", disturb: false })
const disturbed = await run({ ...options, name: "disturbed", disturb: true })
const verdict = judge(calm, disturbed)

const kills: ReadonlyArray<Row> = models.map((model) => {
  const own = disturbed.kills.filter((kill) => kill.model === model)
  const counts = signals.map((signal) => [signal, own.filter((kill) => kill.signal === signal).length] as const)
  return { host: model, ...Object.fromEntries(counts), together: own.length }
})
const outcome = (name: string, tally: Tally, { prompts }: Run): Row => ({
  run: name,
  utterances: tally.utterances,
  finals: tally.finals,
  replayed: tally.replayed,
  unanswered: tally.unanswered,
  doubled: tally.doubled,
  "sessions ended": tally.ended,
  errors: tally.errors.length,
  "words right %": tally.rightPercent,
  "prompts spoken": prompts.spoken,
  failed: Object.values(prompts.failed).reduce((sum, count) => sum + count, 0)
})
const outcomes = [outcome("undisturbed", verdict.undisturbed, calm), outcome("disturbed", verdict.disturbed, disturbed)]

const added = (wanted: Parameters<typeof addedLatenciesMs>[2]) =>
  addedLatenciesMs(calm.speakers, disturbed.speakers, wanted)
const replayed = added(({ replayed }) => replayed)
const latency: ReadonlyArray<Row> = [
  { latency: "undisturbed", ...spread(latenciesMs(calm.speakers)) },
  { latency: "disturbed", ...spread(latenciesMs(disturbed.speakers)) },
  { latency: "added, all", ...spread(added(() => true)) },
  { latency: "added, replayed", ...spread(replayed) },
  {
    latency: "added, detector killed",
    ...spread(added((final, session) => detectorFell(disturbed, { ...final, session })))
  }
]
const reachesTarget = spread(replayed)["p95 ms"] <= targetMs

const share = rounded((100 * verdict.sttKillsInSpeech) / Math.max(1, verdict.sttKills), 0)
if (json) {
  console.log(JSON.stringify({ machine: machine(), numbers, kills, outcomes, latency, ...verdict }, undefined, 2))
} else {
  const show = (texts: Record<string, number>) => Object.entries(texts).map(([why, count]) => `${count} ${why}`)
  console.log(`${machine()}; seed ${seed}\n\n${table(kills)}\n\n${table(outcomes)}\n\n${table(latency)}\n`)
  console.log(`lost ${verdict.lost}, doubled ${verdict.disturbed.doubled}, sessions ended ${verdict.disturbed.ended}`)
  console.log(`kills of stt into speech: ${verdict.sttKillsInSpeech} of ${verdict.sttKills} (${share} %)`)
  console.log(`prompts that failed: ${show(disturbed.prompts.failed).join(", ") || "none"}`)
  console.log(
    `lines heard differently: ${verdict.changed.length}, ${verdict.unexplained.length} without a detector killed`
  )
  for (const { session, said, startMs, undisturbed, disturbed: now } of verdict.changed) {
    const bounds = ({ finals }: typeof now) =>
      finals.map(({ startMs: from, endMs, replayed }) => `${from}-${endMs}${replayed ? " replayed" : ""}`).join(", ")
    console.log(`  session ${session} at ${Math.round(startMs)} ms, ${said}:`)
    console.log(
      `    ${undisturbed.text || "nothing"} (${bounds(undisturbed)}) -> ${now.text || "nothing"} (${bounds(now)})`
    )
    console.log(`    since a detector was killed: ${sinceDetectorMs(disturbed, session, startMs)} ms`)
  }
  console.log(
    `p95 of what a replay adds at most ${targetMs} ms: ${reachesTarget ? "pass" : "fail"} (no part of the exit code)`
  )
  console.log(verdict.faults.length === 0 ? "nothing said was lost" : `FAILED: ${verdict.faults.join("; ")}`)
}
process.exitCode = verdict.faults.length === 0 ? 0 : 1
