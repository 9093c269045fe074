/**
 * Sessions of the load tool. Every wait counts from the moment at which what causes it was due by the schedule, never from
 * when this process came to send it: a server that stalls delays what comes after, and those waits count too (coordinated
 * omission). How late the tool itself was is a figure of its own.
 */
import type { ServerMessage } from "#schemas/wire.ts"
import { Client } from "../scripts/client.ts"
import type { Histogram } from "./histogram.ts"
import { call } from "./live-caller.ts"
import { sampleRateHz, samplesOfMs } from "./recordings.ts"
import { scenes } from "./scenes.ts"

export interface LoadSession {
  readonly server: string
  readonly token?: string
  readonly number: number
  readonly untilMs: number
  readonly isRealTime: boolean
}

/** By what they measure. */
export type Measures = (name: string) => Histogram
export interface Tally {
  finals: number
  audioSeconds: number
  interviews: number
  unheard: number
}

const frameMs = 20
const frameSamples = samplesOfMs(frameMs)
const pingMs = 1_000

const until = (atMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())))

const open = async (
  { server, token }: LoadSession,
  measures: Measures,
  dueMs: number,
  mode: "live" | "file",
  onMessage: (message: ServerMessage) => void
): Promise<Client> => {
  const client = await Client.open({
    server,
    path: token === undefined ? "/ws" : "/ws/secure",
    ...(token === undefined ? {} : { token }),
    onMessage
  })
  client.send({ type: "session.start", mode, audio: { encoding: "pcm_s16le", sample_rate: sampleRateHz } })
  await client.next("session.ready")
  measures("connect → session.ready").record(performance.now() - dueMs)
  return client
}

const failOnError = (message: ServerMessage): void => {
  if (message.type === "error") throw new Error(`the server refused: ${message.code}: ${message.message}`)
}

/** Connected, and pinged each second; each ping counts from when it was due, also where the one before is unanswered. */
export const idle = async (session: LoadSession, measures: Measures): Promise<void> => {
  const due: Array<number> = []
  const client = await open(session, measures, performance.now(), "live", (message) => {
    failOnError(message)
    if (message.type === "pong") measures("ping → pong").record(performance.now() - (due.shift() ?? NaN))
  })
  for (let atMs = performance.now() + pingMs; atMs < session.untilMs; atMs += pingMs) {
    await until(atMs)
    measures("own lateness").record(performance.now() - atMs)
    due.push(atMs)
    client.send({ type: "ping" })
  }
  await client.end()
}

/** Conversation of recorded words, by schedule or, as a file, as fast as it is taken. */
export const dictation = async (session: LoadSession, measures: Measures, tally: Tally): Promise<void> => {
  const seconds = Math.max(5, (session.untilMs - performance.now()) / 1_000)
  const { samples } = scenes.conversation(session.number, session.isRealTime ? seconds : Math.min(seconds, 60))
  const dueAtMs = performance.now()
  let startedAtMs = 0
  const dueOf = (positionMs: number) => startedAtMs + (Math.floor(positionMs / frameMs) + 1) * frameMs
  const mode = session.isRealTime ? "live" : "file"
  const client = await open(session, measures, dueAtMs, mode, (message) => {
    failOnError(message)
    if (message.type !== "transcript.final") return
    tally.finals++
    if (session.isRealTime) measures("end of speech → final").record(performance.now() - dueOf(message.end_ms))
  })
  startedAtMs = performance.now()
  for (let at = 0; at + frameSamples <= samples.length; at += frameSamples) {
    const frame = samples.slice(at, at + frameSamples)
    if (client.closed !== undefined) throw new Error(`the server closed a session: ${client.closed.reason}`)
    if (session.isRealTime) {
      const dueMs = dueOf((at / sampleRateHz) * 1_000)
      if (dueMs >= session.untilMs) break
      await until(dueMs)
      measures("own lateness").record(performance.now() - dueMs)
      client.socket.send(frame, { binary: true })
    } else await client.sendAudio(new Uint8Array(frame.buffer))
    tally.audioSeconds += frameMs / 1_000
  }
  await client.end()
  if (!session.isRealTime) measures("whole file").record(performance.now() - startedAtMs)
}

/** Interviews by voice, one after the other; always in real time, since somebody answers what was asked. */
export const questionnaire = async (session: LoadSession, measures: Measures, tally: Tally): Promise<void> => {
  const { server, token, number, untilMs } = session
  if (token === undefined)
    throw new Error("the questionnaire needs a token of scope healthcare: --token, or --secret-env")
  const figures = await call({ server, token, number, phaseMs: (number * 7) % frameMs, untilMs })
  for (const { spokenAtMs, endSilenceMs, finalAtMs, firstByteAtMs } of figures.turns) {
    measures("end of speech and its silence → final").record(finalAtMs - spokenAtMs - endSilenceMs)
    measures("end of speech and its silence → first byte").record(firstByteAtMs - spokenAtMs - endSilenceMs)
  }
  for (const ms of figures.pingsMs) measures("ping → pong").record(ms)
  for (const ms of figures.lateSendsMs) measures("own lateness").record(ms)
  for (const ms of figures.promptLatenessMs) measures("prompt frames, lateness").record(ms)
  tally.audioSeconds += figures.audioSeconds
  tally.interviews += figures.interviews
  tally.unheard += figures.unheard
  tally.finals += figures.turns.length
}

export const scenarios = { questionnaire, dictation, idle } as const
export type Scenario = keyof typeof scenarios
