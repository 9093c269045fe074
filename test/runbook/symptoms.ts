/**
 * The symptoms of docs/runbook.md: how each is brought about on a running service, and the signal by which it is seen. By the
 * headings of that page.
 */
import { DatabaseSync } from "node:sqlite"
import { join } from "node:path"
import { Caller, hears, interviewed, noPrompts, silence, spoken } from "#test/e2e/caller.ts"
import { connect } from "#test/support/server.ts"
import { type Scrape, scraped, valueOf } from "#test/telemetry/scraped.ts"
import type { ServerProcess } from "../../scripts/server-process.ts"

/** How a service is started that can have the symptom. */
export const services = {
  /** Two slots, and a clinic's system that nobody answers for. */
  plain: {
    ...noPrompts,
    MAX_CONCURRENT_SESSIONS: "2",
    WEBHOOK_URL: "http://127.0.0.1:9/",
    WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString("base64")}`
  },
  deaf: { ...noPrompts, VOSK_LIBRARY: "/nowhere/libvosk.so", CANARY_MINUTES: "60", LOG_LEVEL: "DEBUG" },
  standIn: { ...noPrompts, VOSK_MODEL_PATH: "/nowhere/vosk-model" }
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>

export interface Symptom {
  /** Its section. */
  readonly heading: string
  readonly service: keyof typeof services
  readonly provoke: (server: ServerProcess) => Promise<void>
  /** What the section calls its signal. */
  readonly shows: (scrape: Scrape) => boolean
}

interface HostLine {
  readonly model: string
  readonly state: string
  readonly pid: number | null
}

const hostOf = async (server: ServerProcess, model: string): Promise<HostLine> => {
  const headers = { authorization: `Bearer ${server.secret}` }
  const health = (await (await fetch(`${server.url}/admin/health`, { headers })).json()) as {
    readonly hosts: ReadonlyArray<HostLine>
  }
  const host = health.hosts.find((one) => one.model === model)
  if (host === undefined) throw new Error(`no host of ${model}`)
  return host
}

/** The process that serves, waited for; another one than `before`. */
export const pidOf = async (server: ServerProcess, model: string, before?: number): Promise<number> => {
  for (;;) {
    const { state, pid } = await hostOf(server, model)
    if (state === "ready" && pid !== null && pid !== before) return pid
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** The signal, waited for as long as the test may take. */
export const seen = async (server: ServerProcess, shows: Symptom["shows"]): Promise<Scrape> => {
  for (;;) {
    const scrape = await scraped(server.url, server.secret)
    if (shows(scrape)) return scrape
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const live = (server: ServerProcess): Promise<Caller> => Caller.started(server.url, { mode: "live" })

/** Consented, and asked its first question. */
const asked = async (server: ServerProcess): Promise<Caller> => {
  const caller = await interviewed(server)
  await caller.play(spoken("yes"))
  await caller.count("question.asked", 1)
  await caller.until((message) => message.type === "state.changed" && message.state === "listening")
  return caller
}

const sum = (scrape: Scrape, name: string, labels: Readonly<Record<string, string>> = {}) =>
  valueOf(scrape, name, labels)

export const symptoms: ReadonlyArray<Symptom> = [
  {
    heading: "Answers come late",
    service: "plain",
    provoke: async (server) => {
      const caller = await live(server)
      // The recogniser stands still from before the word; it is killed for that, and the next hears the word again.
      process.kill(await pidOf(server, "stt"), "SIGSTOP")
      await caller.play(spoken("yes"))
      await caller.count("transcript.final", 1)
      await caller.end()
    },
    shows: (scrape) =>
      sum(scrape, "sawt_turns_slow_total", { endpoint: "basic" }) === 1 &&
      sum(scrape, "sawt_hearings_failed_total") >= 1 &&
      sum(scrape, "sawt_utterances_lost_total") === 0
  },
  {
    heading: "People do not get in",
    service: "plain",
    provoke: async (server) => {
      const callers = [await Caller.started(server.url), await Caller.started(server.url)]
      const url = `${server.url.replace("http", "ws")}/ws`
      await connect(url)
      const scrape = await scraped(server.url, server.secret)
      if (sum(scrape, "sawt_slots_open") !== sum(scrape, "sawt_slots_max")) throw new Error("there is a slot")
      for (const caller of callers) await caller.end()
    },
    shows: (scrape) => sum(scrape, "sawt_refusals_total", { code: "sessions_full" }) === 1
  },
  {
    heading: "Somebody was not heard",
    service: "deaf",
    provoke: async (server) => {
      const caller = await live(server)
      await caller.play(spoken("yes"))
      await caller.until((message) => message.type === "error" && message.code === "stt_unavailable")
      await caller.end()
    },
    shows: (scrape) =>
      sum(scrape, "sawt_utterances_lost_total", { endpoint: "basic" }) === 1 &&
      sum(scrape, "sawt_turns_failed_total", { endpoint: "basic", failure: "hearing" }) === 1
  },
  {
    heading: "The service does not answer",
    service: "plain",
    provoke: async (server) => {
      server.process.kill("SIGSTOP")
      try {
        const answered = await fetch(`${server.url}/livez`, { signal: AbortSignal.timeout(500) }).then(
          () => true,
          () => false
        )
        if (answered) throw new Error("it answers")
      } finally {
        server.process.kill("SIGCONT")
      }
    },
    // Nobody can be asked meanwhile; afterwards its loop tells that it stood still.
    shows: (scrape) => sum(scrape, "sawt_event_loop_delay_seconds", { stat: "max" }) > 0.3
  },
  {
    heading: "The canary fails",
    service: "deaf",
    provoke: (server) => server.logged("the canary failed"),
    shows: (scrape) =>
      sum(scrape, "sawt_canary_runs_total", { outcome: "not_heard" }) === 1 &&
      sum(scrape, "sawt_utterances_lost_total", { endpoint: "canary" }) === 1
  },
  {
    heading: "A model is degraded",
    service: "standIn",
    provoke: async (server) => {
      await seen(server, (scrape) => sum(scrape, "sawt_model_degraded", { model: "stt" }) === 1)
      await hears(server.url)
    },
    shows: (scrape) =>
      sum(scrape, "sawt_model_degraded", { model: "stt" }) === 1 &&
      sum(scrape, "sawt_transcripts_total", { degraded: "true" }) === 1
  },
  {
    heading: "A model host keeps falling",
    service: "plain",
    provoke: async (server) => {
      let pid = await pidOf(server, "stt")
      for (let fall = 0; fall < 2; fall++) {
        process.kill(pid, "SIGKILL")
        pid = await pidOf(server, "stt", pid)
      }
    },
    shows: (scrape) =>
      sum(scrape, "sawt_host_restarts_total", { host: "stt-1" }) >= 2 && sum(scrape, "sawt_utterances_lost_total") === 0
  },
  {
    heading: "Tokens are refused",
    service: "plain",
    provoke: async (server) => {
      const url = `${server.url.replace("http", "ws")}/ws/secure`
      const forged = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      await connect(url, { token: forged })
      await connect(url)
    },
    shows: (scrape) =>
      sum(scrape, "sawt_authentications_refused_total", { reason: "signature" }) === 1 &&
      sum(scrape, "sawt_authentications_refused_total", { reason: "missing" }) === 1 &&
      sum(scrape, "sawt_refusals_total", { code: "unauthorized" }) >= 2
  },
  {
    heading: "A person's alert waits",
    service: "plain",
    provoke: async (server) => {
      const caller = await asked(server)
      await caller.ask({ type: "help.request" })
      await caller.end()
    },
    shows: (scrape) =>
      sum(scrape, "sawt_alerts_unacknowledged") >= 1 && sum(scrape, "sawt_alert_oldest_age_seconds") > 0
  },
  {
    heading: "The clinic's system is not told",
    service: "plain",
    // Of the alert before, which the receiver that is not there should have been told.
    provoke: () => Promise.resolve(),
    shows: (scrape) => sum(scrape, "sawt_outbox_waiting") >= 1 && sum(scrape, "sawt_outbox_oldest_age_seconds") > 0
  },
  {
    heading: "Answers cannot be written",
    service: "plain",
    provoke: async (server) => {
      const caller = await asked(server)
      const other = new DatabaseSync(join(server.dataDir, "sawt.db"))
      other.exec("BEGIN IMMEDIATE")
      try {
        caller.send({ type: "dtmf", digits: "0" })
        await seen(server, (scrape) => sum(scrape, "sawt_storage_ready") === 0)
      } finally {
        other.exec("ROLLBACK")
        other.close()
      }
      await caller.count("answer.recorded", 1)
      await caller.end()
    },
    shows: (scrape) => sum(scrape, "sawt_store_writes_failed_total") >= 1 && sum(scrape, "sawt_storage_ready") === 1
  },
  {
    heading: "People get stuck at a question",
    service: "plain",
    provoke: async (server) => {
      const caller = await asked(server)
      await caller.play(silence(9_000))
      await caller.count("question.reprompt", 1)
      await caller.end()
    },
    shows: (scrape) => {
      const question = { questionnaire: "phq-9", question: "44250-9" }
      return (
        sum(scrape, "sawt_reprompts_total", { ...question, reason: "no_speech" }) === 1 &&
        sum(scrape, "sawt_questions_asked_total", question) >= 1
      )
    }
  }
]
