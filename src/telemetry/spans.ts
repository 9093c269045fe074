/** Records → spans: pure, so that what is exported can be read without exporting it. Times are Unix milliseconds. */
import type { Attributes, EventName, SpanName } from "./span-table.ts"
import { newSpanId, type SpanRef } from "./trace-context.ts"
import type { Hearing } from "#src/stt/stt.ts"
import type { Spoken, TurnRecord } from "./turn-record.ts"
import type { SessionRecord, UpgradeRecord } from "./visit-records.ts"

export interface SpanEvent {
  readonly name: EventName
  readonly atMs: number
  readonly attributes: Attributes
}

export interface SpanSpec {
  readonly name: SpanName
  readonly traceId: string
  readonly spanId: string
  /** Of the same trace. Absent: it is the first of its trace. */
  readonly parent?: SpanRef
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Attributes
  readonly events?: ReadonlyArray<SpanEvent>
  readonly links?: ReadonlyArray<SpanRef>
  readonly isError?: boolean
  /** It happened in this model host's process. */
  readonly host?: { readonly kind: "stt"; readonly pid: number }
}

const present = <Name extends keyof Attributes>(name: Name, value: Attributes[Name] | undefined): Attributes =>
  value === undefined ? {} : { [name]: value }

export const spansOfUpgrade = (record: UpgradeRecord): ReadonlyArray<SpanSpec> => {
  const { traceId, spanId, parent, unixOffsetMs: offset, startedAtMs, admittedAtMs, endedAtMs, status } = record
  const refused = present("error.type", record.refusal)
  const isError = status >= 500
  return [
    {
      name: "upgrade",
      traceId,
      spanId,
      ...(parent === undefined ? {} : { parent }),
      startMs: startedAtMs + offset,
      endMs: endedAtMs + offset,
      attributes: {
        "http.request.method": "GET",
        "network.protocol.name": "websocket",
        "http.response.status_code": status,
        ...present("http.route", record.route),
        ...refused
      },
      isError
    },
    {
      name: "admission",
      traceId,
      spanId: newSpanId(),
      parent: { traceId, spanId, isSampled: true },
      startMs: startedAtMs + offset,
      endMs: admittedAtMs + offset,
      attributes: refused,
      isError
    }
  ]
}

const ofSession = ({ id, endpoint, mode, subjectHash }: TurnRecord["session"]): Attributes => ({
  "session.id": id,
  "sawt.endpoint": endpoint,
  "sawt.mode": mode,
  ...present("user.hash", subjectHash)
})

export const spansOfSession = (record: SessionRecord): ReadonlyArray<SpanSpec> => {
  const { session, parent, upgrade, unixOffsetMs: offset, end } = record
  return [
    {
      name: "session",
      traceId: session.traceId,
      spanId: session.spanId,
      ...(parent === undefined ? {} : { parent }),
      ...(upgrade === undefined ? {} : { links: [upgrade] }),
      startMs: record.startedAtMs + offset,
      endMs: record.endedAtMs + offset,
      attributes: {
        ...ofSession(session),
        ...present("sawt.questionnaire", record.questionnaire),
        "sawt.session.end": end,
        "sawt.session.turns": record.turns,
        "sawt.session.turns_slow": record.turnsSlow,
        "sawt.session.turns_failed": record.turnsFailed
      },
      isError: end === "internal"
    }
  ]
}

/** What the spans of one turn have in common. */
class TurnSpans {
  readonly #turn: TurnRecord
  readonly #root: SpanRef
  readonly made: Array<SpanSpec> = []

  constructor(turn: TurnRecord) {
    this.#turn = turn
    this.#root = { traceId: turn.traceId, spanId: turn.spanId, isSampled: true }
  }

  /** Unix time, within the turn: what a host tells comes from its own clock. */
  atMs(atMs: number): number {
    const { startedAtMs, endedAtMs, unixOffsetMs } = this.#turn
    return Math.min(Math.max(atMs, startedAtMs), endedAtMs) + unixOffsetMs
  }

  add(
    name: SpanName,
    fromMs: number | undefined,
    toMs: number | undefined,
    attributes: Attributes,
    more: Pick<SpanSpec, "links" | "isError" | "host"> & { readonly parent?: SpanRef } = {}
  ): SpanRef {
    const ref = { traceId: this.#turn.traceId, spanId: newSpanId(), isSampled: true }
    if (fromMs === undefined || toMs === undefined) return ref
    const startMs = this.atMs(fromMs)
    const endMs = Math.max(startMs, this.atMs(toMs))
    this.made.push({ name, ...ref, parent: this.#root, startMs, endMs, attributes, ...more })
    return ref
  }

  hearing(hearing: Hearing, before: SpanRef | undefined): SpanRef {
    const { model, pid, startedAtMs, endedAtMs, audioMs, isStandIn, fault, work } = hearing
    const model_ = {
      "gen_ai.operation.name": "speech_to_text",
      "gen_ai.provider.name": "vosk",
      "gen_ai.request.model": model,
      "process.pid": pid,
      "sawt.audio_ms": Math.round(audioMs)
    } as const
    const heard = this.add(
      "recognition",
      startedAtMs,
      endedAtMs,
      { ...model_, "sawt.replay": before !== undefined, "sawt.stand_in": isStandIn, ...present("error.type", fault) },
      { isError: fault !== undefined, ...(before === undefined ? {} : { links: [before] }) }
    )
    if (work === undefined) return heard
    const within = (unixMs: number) => Math.min(Math.max(unixMs - this.#turn.unixOffsetMs, startedAtMs), endedAtMs)
    const inHost = { parent: heard, host: { kind: "stt", pid } } as const
    this.add("queue", within(work.askedAtUnixMs), within(work.startedAtUnixMs), { "process.pid": pid }, inHost)
    this.add(
      "decode",
      within(work.startedAtUnixMs),
      within(work.endedAtUnixMs),
      {
        ...model_,
        "sawt.decode.busy_ms": rounded(work.decodeMs),
        "sawt.decode.queue_ms": rounded(work.queueMs),
        ...(audioMs > 0 ? { "sawt.decode.real_time_factor": rounded(work.decodeMs / audioMs) } : {})
      },
      inHost
    )
    return heard
  }

  spoken({ requestedAtMs, synthesis, firstByteAtMs, endedAtMs, end, audioMs }: Spoken): void {
    const isError = end === "failed"
    const toMs = endedAtMs ?? this.#turn.endedAtMs
    const said = this.add(
      "prompt",
      requestedAtMs,
      toMs,
      {
        ...present("sawt.prompt.end", end),
        "sawt.audio_ms": Math.round(audioMs),
        ...(isError ? { "error.type": "speaking" } : {})
      },
      { isError }
    )
    for (const sentence of synthesis) {
      this.add(
        "synthesis",
        sentence.startedAtMs,
        sentence.endedAtMs,
        {
          "gen_ai.operation.name": "text_to_speech",
          "gen_ai.provider.name": sentence.source,
          "sawt.cache.hit": sentence.source === "cache",
          "sawt.stand_in": sentence.degraded,
          "sawt.audio_ms": Math.round(sentence.audioMs)
        },
        { parent: said }
      )
    }
    this.add("playback", firstByteAtMs, toMs, present("sawt.prompt.end", end), { parent: said })
  }
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000

const eventsOf = (turn: TurnRecord): ReadonlyArray<Omit<SpanEvent, "atMs"> & { readonly atMs: number | undefined }> => [
  ...turn.transitions.map(({ atMs, machine, from, to, event }) => ({
    name: "state.entered" as const,
    atMs,
    attributes: {
      "sawt.machine": machine,
      "sawt.state.from": from,
      "sawt.state.to": to,
      "sawt.state.event": event
    } as const
  })),
  {
    name: "first_byte",
    atMs: turn.spoken.find((spoken) => spoken.firstByteAtMs !== undefined)?.firstByteAtMs,
    attributes: {}
  },
  { name: "barge_in.ducked", atMs: turn.bargeIn?.duckedAtMs, attributes: {} },
  { name: "barge_in.stopped", atMs: turn.bargeIn?.stoppedAtMs, attributes: {} },
  ...turn.hearings.flatMap(({ pid, fault, startedAtMs, endedAtMs }, index) => [
    ...(index === 0
      ? []
      : [{ name: "utterance.replayed" as const, atMs: startedAtMs, attributes: { "process.pid": pid } }]),
    ...(fault === undefined
      ? []
      : [{ name: "host.lost" as const, atMs: endedAtMs, attributes: { "process.pid": pid, "error.type": fault } }])
  ])
]

/** The turn first, then its parts in the order in which they began. */
export const spansOfTurn = (turn: TurnRecord): ReadonlyArray<SpanSpec> => {
  const { session, speech, failure, outcome, settledAtMs } = turn
  const spans = new TurnSpans(turn)
  spans.add("speech", speech?.startedAtMs, speech?.stoppedAtMs, { "sawt.audio_ms": Math.round(speech?.audioMs ?? 0) })
  spans.add("endpointing", speech?.stoppedAtMs, speech?.endedAtMs, {})
  let before: SpanRef | undefined
  for (const hearing of turn.hearings) before = spans.hearing(hearing, before)
  spans.add("match", settledAtMs, turn.matchedAtMs, { "sawt.turn.outcome": outcome })
  for (const { startedAtMs, endedAtMs, isStored } of turn.writes) {
    const failed: Attributes = isStored ? {} : { "error.type": "storing" }
    spans.add("store", startedAtMs, endedAtMs, { "sawt.store.stored": isStored, ...failed }, { isError: !isStored })
  }
  for (const spoken of turn.spoken) spans.spoken(spoken)
  const root: SpanSpec = {
    name: "turn",
    traceId: turn.traceId,
    spanId: turn.spanId,
    startMs: spans.atMs(turn.startedAtMs),
    endMs: spans.atMs(turn.endedAtMs),
    attributes: {
      ...ofSession(session),
      ...present("sawt.questionnaire", turn.questionnaire),
      ...present("sawt.question", turn.linkId),
      "sawt.turn.number": turn.number,
      "sawt.turn.cause": turn.cause,
      "sawt.turn.outcome": outcome,
      ...present("sawt.turn.reprompt", turn.reprompt),
      ...present("sawt.turn.response_ms", turn.responseMs === undefined ? undefined : rounded(turn.responseMs)),
      "sawt.turn.slow": turn.isSlow,
      "sawt.turn.failed": failure !== undefined,
      ...present("error.type", failure)
    },
    events: eventsOf(turn)
      .flatMap(({ atMs, ...event }) => (atMs === undefined ? [] : [{ ...event, atMs: spans.atMs(atMs) }]))
      .sort((a, b) => a.atMs - b.atMs),
    links: [{ traceId: session.traceId, spanId: session.spanId, isSampled: true }],
    isError: failure !== undefined
  }
  return [root, ...spans.made.sort((a, b) => a.startMs - b.startMs)]
}
