/** One run of the fault suite: a server of its own, sessions that speak their scripts, and kills or none. */
import { progress } from "../../bench/options.ts"
import { mintToken } from "../../scripts/client.ts"
import { healthOf, startServer } from "../../scripts/server-process.ts"
import { tally } from "./compare.ts"
import { models, sleep } from "./hosts.ts"
import { type Kill, killAll } from "./kills.ts"
import { prompt, type Prompts } from "./prompter.ts"
import { Script } from "./script.ts"
import { Speaker } from "./speaker.ts"

export interface Run {
  readonly speakers: ReadonlyArray<Speaker>
  readonly prompts: Prompts
  readonly kills: ReadonlyArray<Kill>
  /** Seconds in which a model had been given up. */
  readonly openCircuitSeconds: number
}

export interface RunOptions {
  readonly name: string
  readonly durationMs: number
  readonly sessions: number
  readonly seed: number
  readonly disturb: boolean
}

const promptEveryMs = 2_000
const progressEverySeconds = 20
/** Kills stop so long before the last line, so that each of them is survived within the run. */
const calmMs = 8_000

export const run = async ({ name, durationMs, sessions, seed, disturb }: RunOptions): Promise<Run> => {
  const server = await startServer({ MAX_CONCURRENT_SESSIONS: String(sessions + 1) })
  try {
    const token = await mintToken(server.url, server.secret, "voice", "faults")
    const where = { server: server.url, path: "/ws/secure", token } as const
    const speakers = Array.from({ length: sessions }, (_, session) => {
      const script = new Script(seed, session)
      const lines = script.linesWithin(durationMs)
      return new Speaker({ ...where, script, mode: "live", saidEnough: (said) => said >= lines })
    })
    const kills: Array<Kill> = []
    const untilMs = performance.now() + durationMs - calmMs
    const over = new AbortController()
    const isOver = () => over.signal.aborted
    let openCircuitSeconds = 0
    const watch = async () => {
      for (let second = 1; !isOver(); second++) {
        await sleep(1_000)
        const health = await healthOf(server.url)
        if (models.some((model) => health.models[model].status === "failed")) openCircuitSeconds++
        if (second % progressEverySeconds !== 0) continue
        const { finals, replayed } = tally(speakers)
        progress(`${name}, ${second} s: ${kills.length} kills, ${finals} finals, ${replayed} of them replayed`)
      }
    }
    const beside = Promise.all([
      prompt(where, { pauseMs: promptEveryMs, isOver }),
      watch(),
      ...(disturb ? [killAll(server, speakers, { seed, untilMs, onKill: (kill) => kills.push(kill) })] : [])
    ])
    await Promise.all([Promise.all(speakers.map((speaker) => speaker.speak())).then(() => over.abort()), beside])
    const [prompts] = await beside
    return { speakers, prompts, kills, openCircuitSeconds }
  } finally {
    await server.stop()
  }
}
