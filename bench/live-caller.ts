/**
 * One caller at the pace of speech: a microphone that sends 20 ms frames by an absolute schedule, faint noise while
 * nobody speaks, and a person who answers a questionnaire by voice, at times into the prompt. When one interview is over
 * the next begins. Every time here is `performance.now()`, every position a sample of the session.
 */
import type { ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { sureMin } from "#src/questionnaire/understanding/scores.ts"
import { patience, type Patience } from "#src/session/turn-taking.ts"
import { Client } from "../scripts/client.ts"
import { activityOf, clips, mixed, noises, sampleRateHz, samplesOfMs, silence } from "./recordings.ts"

export const frameMs = 20
/** Of PHQ-9. */
const safetyItem = "44260-8"
const frameSamples = samplesOfMs(frameMs)
/** Frames of a prompt hold this much sound. */
const promptFrameMs = 40
/** How long the person listens before answering, turn by turn; a prompt that ends sooner is answered then. */
const patienceMs = [900, 500, 1_500, 3_500]
const pauseAfterPromptMs = 300
/** An answer without a final by then was not heard, and is given again. */
const answerTimeoutMs = 4_000
const pingMs = 500

const background = mixed(silence(2_000), noises[0]?.samples ?? silence(10), 8, 0)

/** One answer and what came of it. */
export interface Turn {
  /** When the sample that ends the speech (by energy) was due to be sent. */
  readonly spokenAtMs: number
  /** When the sample at `speech.stopped.at_ms` was due to be sent. */
  readonly stoppedAtMs: number
  /** The silence that ends such a turn. */
  readonly endSilenceMs: number
  readonly finalAtMs: number
  readonly firstByteAtMs: number
  /** Whether the reply was a prompt known beforehand, or holds the answer and is rendered now. */
  readonly reply: "known" | "rendered"
}

export interface CallerFigures {
  readonly turns: Array<Turn>
  /** Round trips of `ping`, which nothing but the server's loop and the sockets delay. */
  readonly pingsMs: Array<number>
  /** How late the microphone itself was. */
  readonly lateSendsMs: Array<number>
  /** Of each frame of a prompt: arrival after `audio.begin`, less the sound before it. */
  readonly promptLatenessMs: Array<number>
  audioSeconds: number
  unheard: number
  /** Heard otherwise than it was said, or unsurely: which silence ended the turn is not known. */
  unsure: number
  interviews: number
}

interface Answering {
  readonly startSample: number
  readonly endSample: number
  readonly deadlineMs: number
  readonly words: ReadonlyArray<string>
  readonly patience: Patience
  stoppedMs?: number
  finalAtMs?: number
  endSilenceMs?: number | undefined
  reply?: Turn["reply"]
  begun?: boolean
}

const clipOf = (words: ReadonlyArray<string>, turn: number): Int16Array => {
  const fitting = clips.filter(({ text }) => words.includes(text))
  const clip = fitting[turn % Math.max(1, fitting.length)]
  if (clip === undefined) throw new Error(`there is no recording of any of: ${words.join(", ")}`)
  return clip.samples
}

const emptyFigures = (): CallerFigures => ({
  turns: [],
  pingsMs: [],
  lateSendsMs: [],
  promptLatenessMs: [],
  audioSeconds: 0,
  unheard: 0,
  unsure: 0,
  interviews: 0
})

export interface CallOptions {
  readonly server: string
  readonly token: string
  /** Chooses answers and patience, so that callers differ. */
  readonly number: number
  /** Sets callers apart in time. */
  readonly phaseMs: number
  readonly untilMs: number
}

/** One interview after the other until `untilMs`. */
export const call = async (options: CallOptions): Promise<CallerFigures> => {
  const figures = emptyFigures()
  while (performance.now() < options.untilMs) await LiveCaller.interview(options, figures)
  return figures
}

class LiveCaller {
  readonly #options: CallOptions
  readonly #figures: CallerFigures
  #startedAtMs = 0
  #frame = 0
  #turn: number
  /** What the person will say to the prompt that is to come or under way. */
  #words: ReadonlyArray<string> | undefined
  #patience: Patience = patience.decision
  #speakAtFrame = Infinity
  #line: { readonly samples: Int16Array; at: number } | undefined
  #answering: Answering | undefined
  #beginAtMs = 0
  #promptFrames = 0
  #pingAtMs = 0
  #completed = false
  #failure: Error | undefined

  private constructor(options: CallOptions, figures: CallerFigures) {
    this.#options = options
    this.#figures = figures
    this.#turn = options.number + figures.turns.length
  }

  static async interview(options: CallOptions, figures: CallerFigures): Promise<void> {
    const caller = new LiveCaller(options, figures)
    const client = await Client.open({
      server: options.server,
      path: "/ws/secure/healthcare",
      token: options.token,
      onMessage: (message) => caller.#hear(message),
      onAudio: () => caller.#hearSpeech()
    })
    client.send({
      type: "session.start",
      questionnaire: "phq-9",
      mode: "live",
      audio: { encoding: "pcm_s16le", sample_rate: sampleRateHz }
    })
    await client.next("session.ready")
    await caller.#speak(client)
    await client.end()
  }

  async #speak(client: Client): Promise<void> {
    this.#startedAtMs = performance.now() + this.#options.phaseMs
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure
      if (client.closed !== undefined) throw new Error(`the server closed a session: ${client.closed.reason}`)
      if (this.#completed || performance.now() >= this.#options.untilMs) return
      const waitMs = this.#dueMs(this.#frame * frameSamples) - performance.now()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      else this.#sendFrame(client)
    }
  }

  /** When the frame with this sample is due: at the end of its 20 ms, as a microphone gives it. */
  #dueMs(sample: number): number {
    return this.#startedAtMs + (Math.floor(sample / frameSamples) + 1) * frameMs
  }

  #sendFrame(client: Client): void {
    const start = this.#frame * frameSamples
    const sound = new Int16Array(frameSamples)
    for (let i = 0; i < frameSamples; i++) sound[i] = background[(start + i) % background.length] ?? 0
    if (this.#frame >= this.#speakAtFrame) this.#beginAnswer(start)
    if (this.#line !== undefined) {
      const { samples, at } = this.#line
      sound.set(samples.subarray(at, at + frameSamples))
      this.#line.at += frameSamples
      if (this.#line.at >= samples.length) this.#line = undefined
    }
    const nowMs = performance.now()
    this.#figures.lateSendsMs.push(nowMs - this.#dueMs(start))
    client.socket.send(sound, { binary: true })
    this.#frame++
    this.#figures.audioSeconds += frameMs / 1_000
    if (this.#frame % (pingMs / frameMs) === 0) {
      this.#pingAtMs = nowMs
      client.send({ type: "ping" })
    }
    if (this.#answering !== undefined && nowMs > this.#answering.deadlineMs) {
      if (this.#answering.finalAtMs === undefined) this.#figures.unheard++
      this.#answering = undefined
      this.#speakAtFrame = this.#frame
    }
  }

  #beginAnswer(start: number): void {
    this.#speakAtFrame = Infinity
    const words = this.#words ?? ["نعم"]
    const samples = clipOf(words, this.#turn++)
    const activity = activityOf(samples)
    this.#line = { samples, at: 0 }
    const endSample = start + activity.end
    this.#answering = {
      startSample: start + activity.start,
      endSample,
      deadlineMs: this.#dueMs(endSample) + answerTimeoutMs,
      words,
      patience: this.#patience
    }
  }

  #expect(
    words: ReadonlyArray<string>,
    reply: Turn["reply"],
    kind: "decision" | "choice" | "confirmation",
    linkId = ""
  ): void {
    this.#words = words
    this.#patience = linkId === safetyItem ? patience.safety : patience[kind]
    if (this.#answering?.finalAtMs !== undefined) this.#answering.reply ??= reply
  }

  #hear(message: ServerMessage): void {
    switch (message.type) {
      case "pong":
        return void this.#figures.pingsMs.push(performance.now() - this.#pingAtMs)
      case "consent.requested":
        return this.#expect(["نعم"], "known", "decision")
      case "question.asked":
        return this.#expect(this.#choose(message), "known", "choice", message.link_id)
      case "answer.confirm":
        return this.#expect(["نعم"], "rendered", "confirmation", message.link_id)
      case "questionnaire.completed":
        this.#words = undefined
        return
      case "speech.stopped":
        if (this.#answering !== undefined) this.#answering.stoppedMs ??= message.at_ms
        return
      case "transcript.final":
        return this.#hearFinal(message)
      case "audio.begin":
        this.#beginAtMs = performance.now()
        this.#promptFrames = 0
        if (this.#answering?.finalAtMs !== undefined) this.#answering.begun = true
        if (this.#words !== undefined) this.#plan(patienceMs[this.#turn % patienceMs.length] ?? 0)
        return
      case "audio.end":
        if (message.reason !== "completed") return
        if (this.#words === undefined) return this.#complete()
        return this.#plan(pauseAfterPromptMs)
      case "error":
        this.#failure = new Error(`the server refused: ${message.code}: ${message.message}`)
        return
      default:
    }
  }

  #hearFinal({ end_ms: endMs, text, confidence }: ServerMessageOf<"transcript.final">): void {
    const answering = this.#answering
    if (answering === undefined || endMs * 16 < answering.startSample) return
    if (answering.finalAtMs !== undefined) return
    answering.finalAtMs = performance.now()
    const { nothing, whole = nothing } = answering.patience
    const sure = answering.words.includes(text) && (confidence ?? 0) >= sureMin
    answering.endSilenceMs = sure ? whole : undefined
  }

  #hearSpeech(): void {
    const nowMs = performance.now()
    this.#figures.promptLatenessMs.push(nowMs - this.#beginAtMs - this.#promptFrames++ * promptFrameMs)
    const answering = this.#answering
    if (answering?.finalAtMs === undefined || answering.begun !== true) return
    this.#answering = undefined
    if (answering.endSilenceMs === undefined) return void this.#figures.unsure++
    this.#figures.turns.push({
      endSilenceMs: answering.endSilenceMs,
      spokenAtMs: this.#dueMs(answering.endSample),
      stoppedAtMs: this.#dueMs((answering.stoppedMs ?? NaN) * 16),
      finalAtMs: answering.finalAtMs,
      firstByteAtMs: nowMs,
      reply: answering.reply ?? "known"
    })
  }

  /** Speaks in so many milliseconds, unless that is sooner already or an answer is under way. */
  #plan(inMs: number): void {
    if (this.#line !== undefined || (this.#answering !== undefined && this.#answering.begun !== true)) return
    this.#speakAtFrame = Math.min(this.#speakAtFrame, this.#frame + Math.ceil(inMs / frameMs))
  }

  #choose({ options }: ServerMessageOf<"question.asked">): ReadonlyArray<string> {
    const speakable = options.filter(({ spoken }) => clips.some(({ text }) => spoken.includes(text)))
    return speakable[(this.#turn * 7 + this.#options.number) % speakable.length]?.spoken ?? ["نعم"]
  }

  #complete(): void {
    this.#figures.interviews++
    this.#completed = true
  }
}
