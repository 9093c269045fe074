/**
 * One visit: the session, its sound in both directions, and what the page is told of them. The microphone opens only after
 * consent: with the first question, which the service asks nobody without it.
 */
import {
  connect,
  type ClientMessage,
  SawtError,
  type ServerMessage,
  type ServerMessageOf,
  type Session,
  type SessionEnd
} from "../../client/sawt-client.ts"
import { Microphone } from "../../client/voice.ts"
import { forget, keep, type Kept } from "./kept.ts"
import { Loudspeaker } from "./loudspeaker.ts"
import type { Question } from "./question.ts"

export type MicrophoneStatus = "closed" | "opening" | "open"

export interface VisitListener {
  readonly message: (message: ServerMessage) => void
  readonly question: (question: Question) => void
  readonly connection: (status: "connected" | "reconnecting" | "ended") => void
  readonly speaking: (isSpeaking: boolean) => void
  readonly microphone: (status: MicrophoneStatus, fault?: SawtError) => void
  /** -Infinity … 0 */
  readonly level: (dbfs: number) => void
  readonly ended: (end: SessionEnd) => void
}

const playedEveryMs = 250
const goodbyeMs = 1_000

export class Visit {
  readonly #listener: VisitListener
  readonly #loudspeaker: Loudspeaker
  #session: Session | undefined
  #microphone: Microphone | undefined
  #status: MicrophoneStatus = "closed"
  #wantsVoice = false
  #over = false
  readonly #timer: number

  private constructor(listener: VisitListener) {
    this.#listener = listener
    this.#loudspeaker = new Loudspeaker({
      changed: () => listener.speaking(this.#loudspeaker.playingId !== undefined),
      heard: (id, playedMs) => this.#tellPlayed(id, playedMs)
    })
    this.#timer = setInterval(() => {
      const id = this.#loudspeaker.playingId
      if (id !== undefined) this.#tellPlayed(id, this.#loudspeaker.playedMs)
    }, playedEveryMs)
  }

  /** To be called within a touch, so that speech may sound. Rejects with a `SawtError`. */
  static async begin(kept: Kept, listener: VisitListener): Promise<Visit> {
    const visit = new Visit(listener)
    const { token, language, questionnaire, resume } = kept
    try {
      visit.#session = await connect({
        server: location.origin,
        endpoint: "healthcare",
        token,
        ...(language === undefined ? {} : { language }),
        ...(questionnaire === undefined ? {} : { questionnaire }),
        ...(resume === undefined ? {} : { resume })
      })
      visit.#listen(visit.#session, kept)
      visit.#receive(visit.#session, kept, visit.#session.ready)
    } catch (error) {
      visit.#close()
      throw error
    }
    return visit
  }

  /** Its answer, or the error, comes as a message. Without a connection it waits for the next one. */
  send(message: ClientMessage): void {
    this.#loudspeaker.wake()
    this.#session?.request(message).catch(() => {})
  }

  /** Opened with the first question, or at once when one stands. */
  useVoice(now: boolean): void {
    this.#wantsVoice = true
    if (now) void this.#openMicrophone()
  }

  async toggleMicrophone(): Promise<void> {
    this.#wantsVoice = this.#status === "closed"
    if (this.#wantsVoice) return this.#openMicrophone()
    this.#closeMicrophone()
  }

  quiet(): void {
    this.#loudspeaker.stop()
    this.#session?.tell({ type: "speech.cancel" })
  }

  /** Once the goodbye has been heard, if one comes. */
  endWhenSilent(): void {
    setTimeout(() => (this.#loudspeaker.playingId === undefined ? this.end() : this.endWhenSilent()), goodbyeMs)
  }

  end(): void {
    void this.#session?.end()
  }

  get #connected(): Session {
    if (this.#session === undefined) throw new SawtError("connection_lost", "The visit has not begun.")
    return this.#session
  }

  #listen(session: Session, kept: Kept): void {
    session.on("message", (message) => this.#receive(session, kept, message))
    session.on("audio", (frame) => this.#loudspeaker.play(frame))
    session.on("connection", ({ status }) => {
      if (status !== "connected") this.#loudspeaker.stop()
      this.#listener.connection(status)
    })
    session.on("ended", (end) => {
      this.#close()
      this.#listener.ended(end)
    })
  }

  #receive(session: Session, kept: Kept, message: ServerMessage): void {
    performance.mark(`sawt:${message.type}`)
    // Another page that comes back does not know what this one has been shown: it asks from the beginning.
    if (message.type === "session.ready" && session.resumePoint !== undefined) {
      keep({ ...kept, resume: { token: session.resumePoint.token, lastSeq: 0 } })
    }
    if (message.type === "questionnaire.completed" || message.type === "consent.withdrawn") forget()
    if (message.type === "audio.duck") this.#loudspeaker.duck(message.ducked)
    if (message.type === "audio.end") this.#endPrompt(message)
    const question =
      message.type === "question.asked" ? message : message.type === "session.snapshot" ? message.question : null
    if (question !== null) {
      this.#listener.question(question)
      if (this.#wantsVoice) void this.#openMicrophone()
    }
    this.#listener.message(message)
  }

  #endPrompt({ id, reason }: ServerMessageOf<"audio.end">): void {
    if (reason === "completed") this.#loudspeaker.finish(id)
    else if (this.#loudspeaker.playingId === id) this.#loudspeaker.stop()
  }

  #tellPlayed(id: string, playedMs: number): void {
    this.#session?.tell({ type: "speech.played", id, played_ms: playedMs })
  }

  async #openMicrophone(): Promise<void> {
    if (this.#status !== "closed" || this.#over) return
    this.#tellMicrophone("opening")
    try {
      const microphone = await Microphone.open(this.#connected, {
        onLevel: (dbfs) => this.#listener.level(dbfs),
        onLost: () => this.#closeMicrophone(new SawtError("microphone_missing", "The microphone was taken away."))
      })
      // Closed again while the browser asked.
      if (!this.#wantsVoice || this.#over) return void microphone.close()
      this.#microphone = microphone
      this.#tellMicrophone("open")
    } catch (error) {
      this.#closeMicrophone(
        error instanceof SawtError ? error : new SawtError("unsupported", "No microphone.", { cause: error })
      )
    }
  }

  #closeMicrophone(fault?: SawtError): void {
    if (this.#microphone !== undefined) this.#session?.tell({ type: "audio.commit" })
    void this.#microphone?.close()
    this.#microphone = undefined
    if (fault !== undefined) this.#wantsVoice = false
    this.#tellMicrophone("closed", fault)
  }

  #tellMicrophone(status: MicrophoneStatus, fault?: SawtError): void {
    this.#status = status
    this.#listener.level(-Infinity)
    this.#listener.microphone(status, fault)
  }

  #close(): void {
    this.#over = true
    clearInterval(this.#timer)
    this.#loudspeaker.close()
    this.#closeMicrophone()
  }
}
