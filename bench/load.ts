/** `npm run load`: many sessions at once against a service that runs somewhere, and how long each had to wait. */
import { mintToken } from "../scripts/client.ts"
import { Histogram } from "./histogram.ts"
import { type LoadSession, type Scenario, scenarios, type Tally } from "./load-sessions.ts"
import { readOptions, table } from "./options.ts"

const { json, numbers, texts, flags } = readOptions(
  "load",
  `Opens sessions of sawt.v1 against --url, one after the other over --ramp seconds, and keeps them up for --seconds.
  idle           connected, a ping each second
  dictation      recorded words, 40 % speech with noise in the pauses: by schedule with --real-time, else files as fast
                 as they are taken
  questionnaire  PHQ-9 by voice in real time, one interview after the other; needs a token of scope healthcare
Waits are milliseconds from the moment at which what causes them was due, so a stall counts for all that it delays. "End of
speech" is where the service heard it end. "Own lateness" is this tool's: where it is large, the figures are too.
Without a token the basic socket is used, on which an address has two sessions. The service's own limits hold:
MAX_CONCURRENT_SESSIONS, RATE_LIMIT_PER_MINUTE.`,
  {
    script: "load",
    exitCodes: "0: every session ended as it should. 1: some did not, or nothing answered",
    texts: {
      url: { about: "http(s)://host:port of the service", default: "http://127.0.0.1:8080" },
      scenario: { about: Object.keys(scenarios).join(", "), default: "dictation" },
      token: { about: "a client's token" },
      "secret-env": { about: "variable that holds the admin secret: tokens are minted with it" }
    },
    flags: { "real-time": "send sound when it would have been said" },
    numbers: {
      sessions: { default: 10, about: "sessions at once" },
      ramp: { default: 1, about: "seconds over which they come" },
      seconds: { default: 30, about: "seconds from the first session to the end" }
    }
  }
)

const refuse = (problem: string): never => {
  console.error(`${problem}\nnpm run load -- --help tells what is allowed.`)
  process.exit(2)
}
const isScenario = (name: string): name is Scenario => name in scenarios
const { scenario } = texts
if (!isScenario(scenario)) refuse(`--scenario is one of ${Object.keys(scenarios).join(", ")}.`)
if (!URL.canParse(texts.url)) refuse("--url is the URL of a service.")

const tokenOf = async (number: number): Promise<string | undefined> => {
  if (texts.token !== "") return texts.token
  const name = texts["secret-env"]
  if (name === "") return undefined
  const secret = process.env[name] ?? refuse(`${name} is not set.`)
  return mintToken(texts.url, secret, "voice healthcare", `load-${number}`)
}

const histograms = new Map<string, Histogram>()
const measures = (name: string): Histogram => {
  const known = histograms.get(name) ?? new Histogram()
  histograms.set(name, known)
  return known
}
const tally: Tally = { finals: 0, audioSeconds: 0, interviews: 0, unheard: 0 }
const failures = new Map<string, number>()
const startedAtMs = performance.now()
const untilMs = startedAtMs + numbers.seconds * 1_000

const run = async (number: number): Promise<void> => {
  const dueMs = startedAtMs + (numbers.ramp * 1_000 * number) / numbers.sessions
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
  try {
    const token = await tokenOf(number)
    const session: LoadSession = {
      server: texts.url,
      number,
      untilMs,
      isRealTime: flags["real-time"],
      ...(token === undefined ? {} : { token })
    }
    await scenarios[scenario as Scenario](session, measures, tally)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    failures.set(why, (failures.get(why) ?? 0) + 1)
  }
}

await Promise.all(Array.from({ length: numbers.sessions }, (_, number) => run(number)))
const seconds = (performance.now() - startedAtMs) / 1_000
const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
if (json) {
  const waits = Object.fromEntries(
    Array.from(histograms, ([name, histogram]) => [name, { ...histogram.distribution, buckets: histogram.buckets }])
  )
  const report = { scenario, ...numbers, realTime: flags["real-time"], ranSeconds: seconds, ...tally, failed }
  console.log(JSON.stringify({ ...report, failures: Object.fromEntries(failures), waitsMs: waits }, undefined, 2))
} else {
  const { finals, audioSeconds, interviews, unheard } = tally
  const counted = scenario === "questionnaire" ? `, ${interviews} interviews, ${unheard} answers unheard` : ""
  const heard = scenario === "idle" ? "" : `: ${audioSeconds.toFixed(0)} s of audio, ${finals} finals${counted}`
  console.log(`${numbers.sessions} sessions in ${seconds.toFixed(1)} s, ${failed} failed${heard}\n`)
  console.log(
    table(Array.from(histograms, ([name, { distribution }]) => ({ "ms from … to …": name, ...distribution })))
  )
  for (const [why, count] of failures) console.error(`${count} x ${why}`)
}
process.exitCode = failed > 0 ? 1 : 0
