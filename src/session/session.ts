/**
 * One connection's session: what the client says becomes events of the session machine, what the machine wants becomes
 * sound, messages and answers. It owns everything of the session - audio path, playback, machine - and lets go of it when
 * the session ends, whoever ends it. Nothing here decides; `machines/` does.
 */
import { createActor, type Actor } from "xstate"
import type { Expectation, InterviewEvent, InterviewOutput } from "#machines/interview.ts"
import { expectationOf } from "#machines/questionnaire.ts"
import type { EndReason, SessionOutput } from "#machines/session-events.ts"
import { interviewOf, leadingState, type SessionMachine } from "#machines/session.ts"
import { closeCodes, errorRow, type ErrorCode, WireError } from "#schemas/errors.ts"
import type { ClientMessage, LeadingState, ServerMessage } from "#schemas/wire.ts"
import type { Listener, ListenerEvent } from "#src/audio/listener.ts"
import type { AudioDecoder } from "#src/audio/decode.ts"
import { limits } from "#src/limits.ts"
import { grammarFor } from "#src/questionnaire/grammar.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/questionnaires.ts"
import type { PromptText } from "#src/tts/prompts.ts"
import { receiveMessage } from "./client-messages.ts"
import type { Admission, Connection, SessionHandle } from "./contract.ts"
import { performanceOf } from "./interview.ts"
import type { Playback } from "./playback.ts"
import { completedMessage } from "./results.ts"
import { endings } from "./endings.ts"
import { receiveHeard } from "./heard.ts"
import { Outgoing } from "./outgoing.ts"
import { AudioPace, Window } from "./wire-limits.ts"

/** What `session.start` chose, once the audio path stands. */
export interface Started {
  readonly decoder: AudioDecoder
  readonly listener: Listener
  readonly playback: Playback
  readonly mode: "live" | "file"
  readonly alternatives: number
  readonly partials: boolean
  readonly questionnaire?: LoadedQuestionnaire
  /** Words of this questionnaire that the loaded model cannot hear. */
  readonly missingWords: ReadonlySet<string>
  readonly ready: ServerMessage
}

export interface SessionOptions {
  readonly id: string
  readonly admission: Admission
  readonly connection: Connection
  readonly machine: SessionMachine
  readonly idleMs: number
  readonly durationMs: number
  readonly endSilenceMs: number
  /** Silence after which a question is asked again, in audio time. */
  readonly noSpeechMs: number
  readonly nowMs: () => number
  /** Something that operators should know, without a word of the person's. */
  readonly onNotice: (notice: string) => void
  /** A programming error, for the log. */
  readonly onDefect: (error: unknown) => void
  /** Called once, when the session has ended by itself or by its client. */
  readonly onEnded: () => void
}

export class Session implements SessionHandle {
  readonly id: string
  readonly options: SessionOptions
  readonly actor: Actor<SessionMachine>
  readonly #outgoing: Outgoing
  started: Started | undefined
  /** The `session.start` being prepared. */
  start: Extract<ClientMessage, { type: "session.start" }> | undefined
  #leading: LeadingState = "authenticating"
  #promptCount = 0
  #typedCount = 0
  #reading = true
  #ended = false
  #turnKey = ""
  #telling = false
  /** Of a message that nothing but a change of state answers. */
  #stateRef: string | undefined
  /** What was expected when each utterance that has no final yet began, oldest first. */
  readonly expected: Array<Expectation> = []
  readonly #malformed = new Window(limits.malformedMax - 1, limits.malformedWindowMs)
  readonly #messages = new Window(limits.messagesPerSecondMax, 1_000)
  readonly #pace = new AudioPace()
  readonly #spoken = new Window(limits.basicSpeechCharactersPerMinute, 60_000)

  constructor(options: SessionOptions) {
    this.id = options.id
    this.options = options
    this.#outgoing = new Outgoing(options.connection, options.admission.traceId)
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
      error: (error) => {
        this.options.onDefect(error)
        this.#close("internal")
      }
    })
    this.actor.start()
  }

  receive(message: ClientMessage): void {
    if (this.#ended) return
    if (this.#messages.hit(this.options.nowMs())) return this.#fatal("rate_limited", "too many messages in a second")
    this.actor.send({ type: "client.active" })
    if (this.#outgoing.repeats(message.ref)) return
    this.#contained(() => {
      this.#stateRef = this.#outgoing.answering(message.ref, () => receiveMessage(this, message))
    })
  }

  receiveAudio(bytes: Uint8Array): void {
    if (this.#ended) return
    const { started } = this
    if (started === undefined) {
      return this.refuse("not_ready", "audio came before session.ready: send session.start and wait for its answer")
    }
    try {
      const samples = started.decoder.push(bytes)
      if (started.mode === "live" && this.#pace.exceeds(samples.length / 16, this.options.nowMs())) {
        return this.#fatal("audio_too_fast", 'live audio came faster than time: use mode "file" for recordings')
      }
      started.listener.push(samples)
    } catch (error) {
      this.#refuseAudio(error)
    }
    if (this.#reading && started.listener.pendingMs() > limits.unackedAudioMsMax) {
      this.#reading = false
      this.options.connection.pauseReading()
    }
  }

  refused(error: WireError): void {
    if (this.#ended) return
    if (this.#malformed.hit(this.options.nowMs())) return this.#fatal(error.code, error.message, error.ref)
    this.refuse(error.code, error.message, error.ref)
  }

  disconnected(): void {
    this.end("disconnected")
  }

  end(reason: EndReason): void {
    if (!this.#ended) this.actor.send({ type: "session.end", reason })
  }

  send(message: ServerMessage): void {
    this.#outgoing.send(message)
  }

  refuse(code: ErrorCode, message: string, ref?: string): void {
    this.#outgoing.refuse(code, message, ref)
  }

  /** Speaks it; a prompt of the interview takes the place of what is being spoken. */
  speak(prompt: PromptText, how: { keep: boolean; replace: boolean; interruptible: boolean; voice?: string }): void {
    const { keep, replace, interruptible, voice } = how
    const ref = this.#outgoing.takeRef()
    const id = `p${++this.#promptCount}`
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

  /** Whether the basic socket has had enough spoken in this minute. */
  speaksTooMuch(text: string): boolean {
    return this.options.admission.endpoint === "basic" && this.#spoken.hit(this.options.nowMs(), text.length)
  }

  nextTyped(): number {
    return ++this.#typedCount
  }

  tellInterview(event: InterviewEvent): void {
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
    if (!this.#ended) this.#contained(() => receiveHeard(this, event))
  }

  /** The models have caught up: the client's socket is read again. */
  readOn(): void {
    if (this.#reading) return
    this.#reading = true
    this.options.connection.resumeReading()
  }

  #perform(output: SessionOutput): void {
    switch (output.type) {
      case "session.opened":
        if (this.started !== undefined) this.send(this.started.ready)
        return
      case "prompt.ducked":
        return this.send({ type: "audio.duck", id: output.id, ducked: output.ducked })
      case "session.expiring":
        return this.send({ type: "session.expiring", reason: output.reason, in_ms: output.inMs })
      case "session.closing":
        return this.#close(output.reason)
      case "interview":
        return this.#performInterview(output.output)
    }
  }

  #performInterview(output: InterviewOutput): void {
    const { started } = this
    if (started?.questionnaire === undefined) return
    if (output.type === "turn.opened") return started.listener.armSilence(this.options.noSpeechMs)
    if (output.type === "answer.recording") {
      // The machine's context is the record: it lives as long as the session.
      return this.tellInterview({ type: "answer.stored", linkId: output.record.linkId })
    }
    const { messages, prompt } = performanceOf(started.questionnaire.plan, output)
    for (const message of messages) this.send(message)
    if (output.type === "interview.ended") {
      const { scopes, subject } = this.options.admission
      const message = completedMessage(started.questionnaire, output, {
        responseId: `r-${this.id}`,
        authored: new Date(this.options.nowMs()).toISOString(),
        clinician: scopes.includes("clinician"),
        ...(subject === undefined ? {} : { subject })
      })
      if (message !== undefined) this.send(message)
    }
    if (prompt !== undefined) this.speak(prompt, { keep: prompt.keep, replace: true, interruptible: true })
  }

  /** After each step of the machine: tell the audio path what may be heard, and the client the leading state. */
  #follow(): void {
    if (this.#ended) return
    this.#tuneListener(leadingState(this.actor.getSnapshot()))
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

  #tuneListener(leading: LeadingState): void {
    const { started } = this
    if (started === undefined) return
    const { questionnaire, missingWords, alternatives, partials } = started
    const expectation = this.expectation()
    const decode =
      leading !== "paused" && leading !== "ended" && (questionnaire === undefined || expectation.about !== "nothing")
    const key = `${decode} ${JSON.stringify(expectation)}`
    if (key === this.#turnKey) return
    this.#turnKey = key
    if (!decode) started.listener.disarmSilence()
    const grammar = questionnaire === undefined ? undefined : grammarFor(questionnaire.plan, expectation, missingWords)
    started.listener.setTurn({
      decode,
      endSilenceMs: this.options.endSilenceMs,
      alternatives,
      partials,
      ...(grammar === undefined ? {} : { grammar })
    })
  }

  #refuseAudio(error: unknown): void {
    if (error instanceof WireError) return this.refuse(error.code, error.message)
    this.options.onDefect(error)
    this.#close("internal")
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
      this.options.onDefect(error)
      this.#close("internal")
    }
  }

  #close(reason: EndReason): void {
    if (this.#ended) return
    const ending = endings[reason]
    if (ending !== undefined) this.refuse(ending.code, ending.message)
    const closeCode = ending === undefined ? undefined : errorRow(ending.code).closeCode
    this.#finish(reason, closeCode ?? closeCodes.ended, ending?.code ?? reason)
  }

  #finish(reason: EndReason, closeCode: number, closeReason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.send({ type: "session.ended", reason, resumable: false, trace_id: this.options.admission.traceId })
    this.#outgoing.close(closeCode, closeReason)
    this.started?.listener.close()
    this.actor.stop()
    this.options.onEnded()
  }
}
