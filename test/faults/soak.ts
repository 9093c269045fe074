/** Many short sessions one after another: what each says is heard, and nothing of it stays. */
import type { ServerProcess } from "../../scripts/server-process.ts"
import { tally } from "./compare.ts"
import { inParallel } from "./in-parallel.ts"
import { Script } from "./script.ts"
import { Speaker } from "./speaker.ts"

const linesEach = 2

export interface SoakOptions {
  readonly server: ServerProcess
  readonly token: string
  readonly sessions: number
  readonly concurrent: number
  /** Sessions after which none is open until `onPause` has resolved, besides the end. */
  readonly pauseAt: ReadonlyArray<number>
  readonly onPause: (sessions: number) => Promise<void>
}

/** What must not be, a sentence each. Sessions hold two utterances or more of real audio, as fast as it is taken. */
export const soak = async (options: SoakOptions): Promise<ReadonlyArray<string>> => {
  const { server, token, sessions, concurrent, pauseAt, onPause } = options
  const faults: Array<string> = []
  let done = 0
  const one = async (session: number) => {
    const speaker = new Speaker({
      server: server.url,
      path: "/ws/secure",
      token,
      script: new Script(1, session % 100),
      mode: "file",
      saidEnough: (said) => said >= linesEach
    })
    await speaker.speak()
    const { finals, unanswered, doubled, ended, errors } = tally([speaker])
    if (finals < linesEach || unanswered + doubled + ended + errors.length > 0) {
      faults.push(`session ${session}: ${JSON.stringify({ finals, unanswered, doubled, ended, errors })}`)
    }
  }
  for (const until of [...pauseAt.filter((count) => count < sessions), sessions]) {
    const from = done
    await inParallel(until - from, concurrent, (index) => one(from + index))
    done = until
    await onPause(done)
  }
  return faults
}
