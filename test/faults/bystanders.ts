/** Sessions that behave while others do not: what becomes of their words and of their waiting. */
import { rounded, type Row } from "../../bench/options.ts"
import type { ServerProcess } from "../../scripts/server-process.ts"
import { differences, latenciesMs, spread, tally } from "./compare.ts"
import { Script } from "./script.ts"
import { Speaker, type SpeakerOptions } from "./speaker.ts"

export interface Bystanders {
  readonly server: ServerProcess
  readonly token: string
  readonly sessions: number
}

const speakersOf = (
  { server, token, sessions }: Bystanders,
  mode: SpeakerOptions["mode"],
  saidEnough: (said: number, session: number) => boolean
): ReadonlyArray<Speaker> =>
  Array.from(
    { length: sessions },
    (_, session) =>
      new Speaker({
        server: server.url,
        path: "/ws/secure",
        token,
        script: new Script(3, session),
        mode,
        saidEnough: (said) => saidEnough(said, session)
      })
  )

const speak = (speakers: ReadonlyArray<Speaker>) => Promise.all(speakers.map((speaker) => speaker.speak()))

/** Speak in real time while this goes on, three lines at least. */
export const speakAmid = async (bystanders: Bystanders, goingOn: Promise<unknown>): Promise<ReadonlyArray<Speaker>> => {
  const over = new AbortController()
  const speakers = speakersOf(bystanders, "live", (said) => said >= 3 && over.signal.aborted)
  await Promise.all([speak(speakers), goingOn.finally(() => over.abort())])
  return speakers
}

/** What must not be, a sentence each: the same lines again, alone and as fast as they are taken, are the measure. */
export const harmDone = async (
  bystanders: Bystanders,
  speakers: ReadonlyArray<Speaker>
): Promise<ReadonlyArray<string>> => {
  const alone = speakersOf(bystanders, "file", (said, session) => said >= (speakers[session]?.linesSaid ?? 0))
  await speak(alone)
  const { unanswered, doubled, ended, errors } = tally(speakers)
  const changed = differences(alone, speakers)
  const harmed = { unanswered, doubled, ended, errors: errors.length, "heard differently": changed.length }
  return Object.entries(harmed).flatMap(([what, count]) => (count === 0 ? [] : [`bystanders: ${count} ${what}`]))
}

/** The same end of an utterance to its final, in quiet and amid the others; the end silence of 500 ms is in both. */
export const latencyRow = (name: string, calm: ReadonlyArray<Speaker>, amid: ReadonlyArray<Speaker>): Row => {
  const [before, now] = [spread(latenciesMs(calm)), spread(latenciesMs(amid))]
  return {
    amid: name,
    utterances: now.count,
    "calm p50 ms": before["p50 ms"],
    "p95 ms": before["p95 ms"],
    "amid p50 ms": now["p50 ms"],
    p95: now["p95 ms"],
    "ratio p50": rounded(now["p50 ms"] / before["p50 ms"], 2),
    "ratio p95": rounded(now["p95 ms"] / before["p95 ms"], 2)
  }
}
