/**
 * One connection's session: what the client says becomes events of the session machine, what the machine wants becomes
 * sound, messages and answers. It owns everything of the session - audio path, playback, machine - and lets go of it when
 * the session ends, whoever ends it. Nothing here decides; `machines/` does.
 */
import { Effect } from "effect"
import { createActor, type Actor } from "xstate"
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import { expectationOf } from "#machines/questionnaire.ts"
import type { EndReason, SessionOutput } from "#machines/session-events.ts"
import { interviewOf, leadingState, type SessionMachine } from "#machines/session.ts"
import { closeCodes, errorRow, type ErrorCode, WireError } from "#schemas/errors.ts"
import type { SessionSummary } from "#schemas/record.ts"
import type { ClientMessage, LeadingState, ServerMessage } from "#schemas/wire.ts"
import type { ListenerEvent } from "#src/audio/listener-events.ts"
import { limits } from "#src/limits.ts"
import type { PromptText } from "#src/tts/prompts.ts"
import { receiveMessage, sentUnasked } from "./client-messages.ts"
import type { SessionHandle } from "./contract.ts"
import { performInterview } from "./interviewing.ts"
import { described, type KeptOutput } from "./kept.ts"
import { endings, resumableEnds } from "./endings.ts"
import { receiveHeard } from "./heard.ts"
import { audioTooEarly } from "./refusals.ts"
import { Outgoing } from "./outgoing.ts"
import { Reading } from "./reading.ts"
import type { SessionOptions } from "./session-options.ts"
import { Settling } from "./settling.ts"
import type { TurnRecorder } from "#src/telemetry/turn-recorder.ts"
import { ownIdOf, recordedOf, type Started } from "./started.ts"
import { Figures, summaryOf } from "./summary.ts"
import { Tuning } from "./turn.ts"
import { WireBounds } from "./wire-limits.ts"

export class Session implements SessionHandle {
  /** Of the session, whatever the number of its connections: a resume takes on the one that was. */
  id: string
  readonly options: SessionOptions
  readonly actor: Actor<SessionMachine>
  readonly disconnected = Effect.suspend(() => this.leave("disconnected"))
  readonly end = Effect.suspend(() => this.leave("ended"))
  readonly summary = (): SessionSummary => summaryOf(this, this.#leading)
  readonly #outgoing: Outgoing
  started: Started | undefined
  /** The `session.start` being prepared. */
  start: Extract<ClientMessage, { type: "session.start" }> | undefined
  #leading: LeadingState = "authenticating"
  #promptCount = 0
  #typedCount = 0
  readonly #openedAtMs: number
  #confirmed = false
  readonly #settling = new Settling()
  readonly #tuning = new Tuning()
  #telling = false
  /** Of a message that nothing but a change of state answers. */
  #stateRef: string | undefined
  /** What was expected when each utterance that has no final yet began, oldest first. */
  readonly expected: Array<Expectation> = []
  readonly bounds = new WireBounds()
  readonly reading: Reading
  readonly figures: Figures
  readonly turns: TurnRecorder
  ended = false

  constructor(options: SessionOptions) {
    this.id = options.id
    this.options = options
    this.reading = new Reading(options.connection)
    this.#openedAtMs = options.nowMs()
    this.figures = new Figures(this.#openedAtMs)
    this.turns = options.recordTurns(() => recordedOf(this))
    this.#outgoing = new Outgoing(options.connection, this.turns)
    const { idleMs, durationMs } = options
    this.actor = createActor(options.machine, {
      input: { startTimeoutMs: limits.startTimeoutMs, idleMs, durationMs }
    })
  }

  /** Starts the machine; separate from the constructor so that what performs for it can be registered first. */
  begin(): void {
    this.actor.on("*", (output) => this.#perform(output))
    this.actor.subscribe({
      next: () => this.#follow(),
      error: (error) => this.#failed(error)
    })
    this.actor.start()
  }

  receive(message: ClientMessage): void {
    this.figures.lastActivityAtMs = this.options.nowMs()
    if (this.ended || (this.#settling.begun && message.type !== "ping")) return
    if (this.bounds.messages.hit(this.options.nowMs()))
      return this.#fatal("rate_limited", "too many messages in a second")
    this.options.logContent?.(message)
    if (!sentUnasked.has(message.type)) this.actor.send({ type: "client.active" })
    if (!this.#confirmed && this.started?.keeping !== undefined) {
      this.#confirmed = true
      this.started.keeping.journal.confirm()
    }
    if (this.#outgoing.repeats(message.ref)) return
    this.#contained(() => {
      this.#stateRef = this.#outgoing.answering(message.ref, () => receiveMessage(this, message))
    })
  }

  receiveAudio(bytes: Uint8Array): void {
    this.figures.lastActivityAtMs = this.options.nowMs()
    const { started } = this
    if (this.ended || this.#settling.begun) return void this.figures.droppedFrames++
    if (started === undefined) return this.#refuseAudio(audioTooEarly)
    try {
      const samples = started.decoder.push(bytes)
      if (started.mode === "live" && this.bounds.pace.exceeds(samples.length / 16, this.options.nowMs())) {
        return this.#fatal("audio_too_fast", 'live audio came faster than time: use mode "file" for recordings')
      }
      started.listener.push(samples)
    } catch (error) {
      this.#refuseAudio(error)
    }
    this.reading.pending(started.listener.pendingMs())
  }

  refused(error: WireError): void {
    this.figures.lastActivityAtMs = this.options.nowMs()
    if (this.ended) return
    if (this.bounds.malformed.hit(this.options.nowMs())) return this.#fatal(error.code, error.message, error.ref)
    this.refuse(error.code, error.message, error.ref)
  }

  /**
   * Ends with everything settled that was said whole: its finals are written and its answers recorded, for the client to
   * find when it comes back. What was cut off in the middle is asked for again.
   */
  leave(reason: EndReason): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.ended) return Effect.void
      this.#contained(() => this.started?.listener.clear())
      return Effect.andThen(
        this.#settling.wait(this.expected.length === 0),
        Effect.sync(() => this.endNow(reason))
      )
    })
  }

  /** Politely: of a recording (`file` mode) all that was sent is recognised first, and nothing new is begun meanwhile. */
  finish(): void {
    if (this.started?.mode !== "file") return this.endNow("ended")
    this.#settling.begin()
    this.started.listener.finish()
  }

  /** Called when an utterance has got its final. */
  settle(): void {
    if (this.expected.length === 0) this.#settling.finish()
  }

  endNow(reason: EndReason): void {
    if (!this.ended) this.actor.send({ type: "session.end", reason })
  }

  send(message: ServerMessage): void {
    this.#outgoing.send(message)
  }

  /** False when what goes with it could not be written; then it is not sent. */
  sendKept(message: ServerMessage, kept: KeptOutput): boolean {
    return this.#outgoing.send(message, described(kept, this.summary))
  }

  keep(kept: KeptOutput): boolean {
    return this.#outgoing.keep(described(kept, this.summary))
  }

  acknowledged(seq: number): boolean {
    return this.#outgoing.acknowledged(seq)
  }

  /** Of what is being answered, for a reply that comes later. */
  readonly takeRef = (): string | undefined => this.#outgoing.takeRef()

  /** An id that no other connection of this session uses. */
  ownId(id: string): string {
    return ownIdOf(id, this.started)
  }

  refuse(code: ErrorCode, message: string, ref?: string): void {
    this.#outgoing.refuse(code, message, ref)
  }

  /** Speaks it; a prompt of the interview takes the place of what is being spoken. */
  speak(prompt: PromptText, how: { keep: boolean; replace: boolean; interruptible: boolean; voice?: string }): void {
    const { keep, replace, interruptible, voice } = how
    const ref = this.takeRef()
    const id = this.ownId(`p${++this.#promptCount}`)
    this.turns.promptRequested(id, replace)
    this.actor.send({
      type: "prompt.requested",
      replace,
      prompt: {
        id,
        text: prompt.text,
        spokenText: prompt.spoken,
        interruptible,
        keep,
        ...(voice === undefined ? {} : { voice }),
        ...(ref === undefined ? {} : { ref })
      }
    })
  }

  nextTypedId(): string {
    return this.ownId(`t${++this.#typedCount}`)
  }

  tellInterview(event: InterviewEvent): void {
    this.turns.told(event)
    this.actor.send({ type: "interview.event", event })
  }

  get paused(): boolean {
    return this.actor.getSnapshot().matches({ attention: "paused" })
  }

  expectation(): Expectation {
    const interview = interviewOf(this.actor.getSnapshot())
    return interview === undefined ? { about: "nothing" } : expectationOf(interview)
  }

  /** What the audio path hears. */
  readonly heard = (event: ListenerEvent): void => {
    if (this.ended) return
    this.turns.heard(event)
    this.#contained(() => receiveHeard(this, event))
  }

  #perform(output: SessionOutput): void {
    switch (output.type) {
      case "session.opened":
        return this.#open()
      case "prompt.ducked":
        return this.started?.playback.duck(output.id, output.ducked)
      case "session.expiring":
        return this.send({ type: "session.expiring", reason: output.reason, in_ms: output.inMs })
      case "session.closing":
        return this.#close(output.reason)
      case "interview":
        return performInterview(this, output.output)
    }
  }

  #open(): void {
    const { started } = this
    if (started === undefined) return
    const { keeping } = started
    if (keeping !== undefined) {
      this.#outgoing.keepIn(keeping.journal, keeping.lastSeq)
      keeping.journal.describe(this.summary())
    }
    this.send(started.ready)
    if (keeping !== undefined) this.#outgoing.replay(keeping.missed)
  }

  /** After each step of the machine: tell the audio path what may be heard, and the client the leading state. */
  #follow(): void {
    if (this.ended) return
    this.#tuning.follow(this.started, leadingState(this.actor.getSnapshot()), this.expectation(), this.options.nowMs())
    if (this.#telling) return
    this.#telling = true
    queueMicrotask(() => this.#tellState())
  }

  /** Once all outputs of a step are out: a client hears of an answer before it hears of the next question's state. */
  #tellState(): void {
    this.#telling = false
    const ref = this.#stateRef
    this.#stateRef = undefined
    const previous = this.#leading
    this.#leading = leadingState(this.actor.getSnapshot())
    if (previous === this.#leading || previous === "authenticating") return
    this.send({ type: "state.changed", state: this.#leading, previous, ...(ref === undefined ? {} : { ref }) })
  }

  #refuseAudio(error: unknown): void {
    this.figures.droppedFrames++
    if (!(error instanceof WireError)) return this.#failed(error)
    const tooMany = this.bounds.refusedFrames.hit(this.options.nowMs())
    if (tooMany) return this.#fatal("rate_limited", "too many audio frames that could not be taken")
    this.refuse(error.code, error.message)
  }

  /** `session.start` was refused. Where the error's row has a close code the connection ends, else a better start may follow. */
  startRefused(error: WireError, ref: string | undefined): void {
    this.start = undefined
    if (errorRow(error.code).closeCode === undefined) return this.refuse(error.code, error.message, ref)
    this.#fatal(error.code, error.message, ref)
  }

  #fatal(code: ErrorCode, message: string, ref?: string): void {
    this.refuse(code, message, ref)
    this.#finish("refused", errorRow(code).closeCode ?? closeCodes.ended, code)
  }

  /** A fault of ours costs this session, not the socket or the model host in whose callback it happened (R4.7). */
  #contained(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    this.options.onDefect(error)
    this.#close("internal")
  }

  #close(reason: EndReason): void {
    if (this.ended) return
    const ending = endings[reason]
    if (ending !== undefined) this.refuse(ending.code, ending.message)
    const closeCode = ending === undefined ? undefined : errorRow(ending.code).closeCode
    this.#finish(reason, closeCode ?? closeCodes.ended, ending?.code ?? reason)
  }

  #finish(reason: EndReason, closeCode: number, closeReason: string): void {
    if (this.ended) return
    this.ended = true
    const keeping = this.started?.keeping
    const resumable = keeping?.resumable === true && resumableEnds.has(reason)
    this.send({ type: "session.ended", reason, resumable, trace_id: this.turns.sessionTraceId })
    this.#outgoing.close(closeCode, closeReason)
    keeping?.journal.park({
      resumable,
      connectedMs: keeping.connectedMs + this.options.nowMs() - this.#openedAtMs,
      positionMs: this.started?.listener.positionMs() ?? 0,
      summary: this.summary()
    })
    this.#settling.finish()
    this.started?.listener.close()
    this.actor.stop()
    this.turns.close(reason)
    this.options.onEnded()
  }
}
