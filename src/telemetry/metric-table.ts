/**
 * Every metric of the service in one table: name, kind, labels with all values that they may have, buckets, meaning. What
 * is counted is typed by it, `/metrics` and OTLP are written from it, and docs/reference/metrics.md is printed from it.
 *
 * Names are Prometheus's: base units (seconds, bytes) as suffix, `_total` for what only grows. No label holds anything that
 * a person said, is called or comes from; none is open: a value outside its set counts as `other`.
 */
import type { EndReason } from "#machines/session-events.ts"
import { AuthReason } from "#schemas/authentication.ts"
import { HostReason } from "#schemas/host.ts"
import { AnswerVia, ModelStatus, RepromptReason } from "#schemas/wire.ts"
import { errorTable } from "#schemas/error-table.ts"
import type { ErrorCode } from "#schemas/errors.ts"
import type { Endpoint } from "#src/session/contract.ts"
import { turnCauses, turnOutcomes } from "./turn-record.ts"

/** Values that are known only once the service runs, such as questions: the first `most` of them are told apart. */
export interface Bounded {
  readonly of: string
  readonly most: number
}
export type LabelValues = ReadonlyArray<string> | Bounded

export interface MetricRow {
  readonly kind: "counter" | "gauge" | "histogram"
  readonly about: string
  readonly labels: Readonly<Record<string, LabelValues>>
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: ReadonlyArray<number>
}

type NoLabels = Record<never, LabelValues>
const counter = <const L extends Readonly<Record<string, LabelValues>> = NoLabels>(about: string, labels?: L) => ({
  kind: "counter" as const,
  about,
  labels: (labels ?? {}) as L
})
const gauge = <const L extends Readonly<Record<string, LabelValues>> = NoLabels>(about: string, labels?: L) => ({
  kind: "gauge" as const,
  about,
  labels: (labels ?? {}) as L
})
const histogram = <const L extends Readonly<Record<string, LabelValues>>>(
  about: string,
  labels: L,
  buckets: ReadonlyArray<number>
) => ({ kind: "histogram" as const, about, labels, buckets })

/** Sets that several rows share. A session of the canary's has an endpoint of its own, so that it is never taken for a person's. */
export const endpoints = ["basic", "secure", "healthcare", "canary"] as const satisfies ReadonlyArray<
  Endpoint | "canary"
>
export type MetricEndpoint = (typeof endpoints)[number]
const endpoint = { endpoint: endpoints }
const codes = { code: Object.keys(errorTable) as ReadonlyArray<ErrorCode> }
const models = ["stt", "vad", "tts"] as const
const host = { host: { of: "model hosts, by their `name` in `/admin/health`: stt-1, stt-2 …", most: 24 } }
const question = {
  questionnaire: { of: "questionnaires that are loaded", most: 40 },
  question: { of: "linkIds of their questions", most: 1_000 }
}
export const endReasons = [
  "ended",
  "disconnected",
  "paused",
  "idle_timeout",
  "duration_exceeded",
  "not_started",
  "refused",
  "session_replaced",
  "token_expired",
  "draining",
  "internal"
] as const satisfies ReadonlyArray<EndReason>
/** Faults of a token, and what is found before and after one is read. */
export const authenticationFaults = [...AuthReason.literals, "ambiguous", "scope", "subject"] as const

const waitBuckets = [0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10]
/** Where a trial of the canary failed. */
export const canaryFaults = ["no_clip", "not_ready", "not_heard", "misheard", "not_answered", "broken"] as const

export const metricTable = {
  sawt_sessions_open: gauge("Sessions of people that are connected now.", {
    endpoint: ["basic", "secure", "healthcare"]
  }),
  sawt_slots_open: gauge("Session slots that are taken."),
  sawt_slots_max: gauge("Session slots that there are (`MAX_CONCURRENT_SESSIONS`)."),
  sawt_sessions_started_total: counter("Sessions that got ready, first or again.", {
    ...endpoint,
    resumed: ["true", "false"]
  }),
  sawt_sessions_ended_total: counter("Connections of sessions that ended, by why.", {
    ...endpoint,
    reason: endReasons
  }),
  sawt_session_errors_total: counter("Errors that clients were told within a session, by code.", codes),

  sawt_transcripts_total: counter(
    "Finals told to clients. Degraded: by a model that stands in; replayed: heard again after a host fell.",
    { ...endpoint, degraded: ["true", "false"], replayed: ["true", "false"] }
  ),
  sawt_utterances_lost_total: counter(
    "Utterances that no recogniser could hear: the person was asked again.",
    endpoint
  ),
  sawt_prompts_total: counter("Prompts spoken, by how they ended; interrupted: somebody spoke over it.", {
    ...endpoint,
    outcome: ["completed", "interrupted", "failed"]
  }),
  sawt_questions_asked_total: counter("Questions put to people, each once.", question),
  sawt_reprompts_total: counter("Questions put again, by why: here people get stuck.", {
    ...question,
    reason: RepromptReason.literals
  }),
  sawt_answers_total: counter("Answers recorded, by how they were given.", { ...question, via: AnswerVia.literals }),
  sawt_questionnaires_ended_total: counter("Questionnaires that ended, by how.", {
    questionnaire: question.questionnaire,
    status: ["completed", "amended", "stopped", "withdrawn"]
  }),

  sawt_turns_total: counter("Turns, by what began them and what came of it.", {
    ...endpoint,
    cause: turnCauses,
    outcome: turnOutcomes
  }),
  sawt_turns_slow_total: counter("Live turns whose answer took longer than a second.", endpoint),
  sawt_turns_failed_total: counter("Turns in which something went wrong, by what first.", {
    ...endpoint,
    failure: ["hearing", "speaking", "storing"]
  }),
  sawt_turn_response_seconds: histogram(
    "Live turns: from the end of the utterance, or a touch, to the first sound of the answer, or to the transcript where nothing is said. Without the silence that ends an utterance.",
    endpoint,
    [0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.4, 0.6, 1, 1.5, 2.5, 5, 10]
  ),
  sawt_turn_endpoint_wait_seconds: histogram(
    "Live turns: from the last of the speech to the decision that it was the last.",
    endpoint,
    [0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 0.9, 1.2, 1.6, 2, 3, 5]
  ),
  sawt_turn_transcript_seconds: histogram(
    "Live turns: from the last of the speech to the final, that silence included.",
    endpoint,
    waitBuckets
  ),
  sawt_turn_first_audio_seconds: histogram(
    "Live turns: from the last of the speech to the first sound of the answer, that silence included.",
    endpoint,
    waitBuckets
  ),
  sawt_barge_in_duck_seconds: histogram(
    "From the beginning of speech over a prompt to its being lowered.",
    {},
    [0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1]
  ),
  sawt_barge_in_stop_seconds: histogram(
    "From the beginning of speech over a prompt to its end.",
    {},
    [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1, 2]
  ),
  sawt_decode_real_time_factor: histogram(
    "Time in calls into the recogniser, for a second of an utterance's audio.",
    {},
    [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5]
  ),
  sawt_host_queue_wait_seconds: histogram(
    "What an utterance waited for a processor within its recognition host, in all.",
    {},
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
  ),
  sawt_hearings_failed_total: counter("Times that a host gave up an utterance, which another then heard again.", {
    reason: HostReason.literals
  }),
  sawt_synthesis_seconds: histogram(
    "From the wish for a sentence to its sound, by where it came from; degraded: not the configured voice.",
    { source: ["cache", "espeak", "piper", "xtts"], degraded: ["true", "false"] },
    [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6]
  ),
  sawt_speech_level_dbfs: histogram(
    "How loud utterances were, root mean square in dB of full scale.",
    endpoint,
    [-60, -50, -45, -40, -35, -30, -25, -20, -15, -10, -6]
  ),
  sawt_speech_clipped_ratio: histogram(
    "Share of an utterance's samples at full scale: a microphone that is turned up too far.",
    endpoint,
    [0, 0.0001, 0.001, 0.01, 0.05, 0.1, 0.5]
  ),
  sawt_audio_gaps_total: counter(
    "Times that live audio came late by more than a quarter of a second within an utterance.",
    endpoint
  ),
  sawt_store_write_seconds: histogram(
    "Time to write what must last before it is told.",
    {},
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]
  ),
  sawt_store_writes_failed_total: counter("Writes that failed: nothing was told of them, and they are tried again."),

  sawt_http_answers_total: counter("HTTP requests answered, by class of status.", {
    status: ["2xx", "3xx", "4xx", "5xx"]
  }),
  sawt_refusals_total: counter("Requests and upgrades that were refused, by code.", codes),
  sawt_authentications_accepted_total: counter("Tokens accepted."),
  sawt_authentications_refused_total: counter("Tokens refused, by what was wrong.", { reason: authenticationFaults }),
  sawt_sessions_ended_by_token_total: counter("Sessions that their token ended, by the code that they were told.", {
    code: ["token_expired", "unauthorized"]
  }),
  sawt_admin_refused_total: counter("Wrong admin secrets."),
  sawt_tokens_issued_total: counter("Tokens issued."),
  sawt_tokens_revoked_total: counter("Tokens, or all of a subject, taken back."),
  sawt_rate_limit_refusals_total: counter("Requests and upgrades over the rate."),
  sawt_session_limit_refusals_total: counter("Upgrades for which there was no slot."),
  sawt_malformed_messages_total: counter("Messages that could not be decoded."),
  sawt_oversize_frames_total: counter("Messages over the bound."),
  sawt_tracked_addresses: gauge("Addresses and subjects whose rate is counted now."),

  sawt_model_state: gauge("1 for the state that a model is in, as `/health` tells it, else 0.", {
    model: models,
    state: ModelStatus.literals
  }),
  sawt_model_degraded: gauge("1 while something lesser stands in for the configured model.", { model: models }),
  sawt_host_ready: gauge("1 while a model host serves.", host),
  sawt_host_restarts_total: counter("Processes of a model host that were started after the first.", host),
  sawt_host_queue_depth: gauge("Streams and requests that a model host owes an answer.", host),
  sawt_host_audio_seconds_total: counter("Audio that a model host has recognised, looked at or made.", host),
  sawt_host_cpu_seconds_total: counter("Processor time that a model host's models have taken, all threads.", host),

  sawt_process_memory_bytes: gauge("Resident memory, of the server and of each model host.", {
    process: { of: "`server`, and the model hosts", most: 25 }
  }),
  sawt_process_heap_bytes: gauge("JavaScript heap in use by the server."),
  sawt_process_cpu_seconds_total: counter("Processor time of the server, without its model hosts."),
  sawt_process_start_time_seconds: gauge("When the server started, as Unix time."),
  sawt_event_loop_delay_seconds: gauge("Delay of the server's event loop in the last five seconds that are over.", {
    stat: ["mean", "p99", "max"]
  }),

  sawt_canary_runs_total: counter("Trials of the whole way, speech to speech, by outcome (`CANARY_MINUTES`).", {
    outcome: ["ok", ...canaryFaults]
  }),
  sawt_canary_seconds: histogram(
    "Of those trials: from the end of a word to its transcript, and from a wish to speak to the first sound.",
    { step: ["transcript", "speech"] },
    [0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10]
  ),

  sawt_draining: gauge("1 while the service goes down and lets nobody in."),
  sawt_storage_ready: gauge("1 while what must last can be written."),
  sawt_audit_lines_total: counter("Lines of the audit log, by what became of them.", {
    result: ["written", "left_out", "lost"]
  }),
  sawt_alerts_unacknowledged: gauge("Alerts about people that nobody has acted on yet."),
  sawt_alert_oldest_age_seconds: gauge("Age of the oldest of them; 0 without."),
  sawt_outbox_waiting: gauge("Events that the clinic's system is still to be told."),
  sawt_outbox_dead: gauge("Events that were given up after three days."),
  sawt_outbox_oldest_age_seconds: gauge("Age of the oldest event that waits; 0 without.")
} as const satisfies Readonly<Record<string, MetricRow>>

type Table = typeof metricTable
export type MetricName = keyof Table
type OfKind<K extends MetricRow["kind"]> = {
  [Name in MetricName]: Table[Name] extends { readonly kind: K } ? Name : never
}[MetricName]
export type CounterName = OfKind<"counter">
export type GaugeName = OfKind<"gauge">
export type HistogramName = OfKind<"histogram">

type Value<V> = V extends ReadonlyArray<infer S extends string> ? S : string
export type LabelsOf<Name extends MetricName> = {
  readonly [Label in keyof Table[Name]["labels"]]: Value<Table[Name]["labels"][Label]>
}

export const metricNames = Object.keys(metricTable) as ReadonlyArray<MetricName>
export const rowOf = (name: MetricName): MetricRow => metricTable[name]
