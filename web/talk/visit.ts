/**
 * One visit: the session, its sound in both directions, and what the page is told of them. The microphone opens only after
 * consent: with the first question, which the service asks nobody without it.
 */
import {
  connect,
  type ClientMessage,
  SawtError,
  type ServerMessage,
  type Session,
  type SessionEnd
} from "../../client/sawt-client.ts"
import { Microphone, Speaker } from "../../client/voice.ts"
import { forget, keep, type Kept } from "./kept.ts"
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

const goodbyeMs = 1_000

export class Visit {
  readonly #listener: VisitListener
  /** Made within a touch, so that browsers let it sound. */
  readonly #context = new AudioContext({ latencyHint: "interactive" })
  #session: Session | undefined
  #speaker: Speaker | undefined
  #speakerOpened: Promise<void> = Promise.resolve()
  #microphone: Microphone | undefined
  #status: MicrophoneStatus = "closed"
  #wantsVoice = false
  #over = false

  private constructor(listener: VisitListener) {
    this.#listener = listener
    void this.#context.resume()
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
      visit.#speakerOpened = visit.#openSpeaker(visit.#session)
    } catch (error) {
      visit.#close()
      throw error
    }
    return visit
  }

  /** Its answer, or the error, comes as a message. Without a connection it waits for the next one. */
  send(message: ClientMessage): void {
    void this.#speaker?.start()
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
    this.#speaker?.stop()
    this.#session?.tell({ type: "speech.cancel" })
  }

  /** Once the goodbye has been heard, if one comes. */
  endWhenSilent(): void {
    setTimeout(() => (this.#speaker?.playingId === undefined ? this.end() : this.endWhenSilent()), goodbyeMs)
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
    session.on("connection", ({ status }) => this.#listener.connection(status))
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
    const question =
      message.type === "question.asked" ? message : message.type === "session.snapshot" ? message.question : null
    if (question !== null) {
      this.#listener.question(question)
      if (this.#wantsVoice) void this.#openMicrophone()
    }
    this.#listener.message(message)
  }

  /** Without one the page goes on: what is said stands on it too. */
  async #openSpeaker(session: Session): Promise<void> {
    this.#speaker = await Speaker.open(session, {
      context: this.#context,
      onPlaying: ({ state }) => this.#listener.speaking(state === "playing" || state === "ducked")
    }).catch(() => undefined)
    if (this.#over) this.#closeSpeaker()
  }

  #closeSpeaker(): void {
    void this.#speaker?.close()
    this.#speaker = undefined
    this.#listener.speaking(false)
  }

  async #openMicrophone(): Promise<void> {
    if (this.#status !== "closed" || this.#over) return
    this.#tellMicrophone("opening")
    try {
      await this.#speakerOpened
      const microphone = await Microphone.open(this.#connected, {
        onLevel: (dbfs) => this.#listener.level(dbfs),
        onLost: () => this.#closeMicrophone(new SawtError("microphone_missing", "The microphone was taken away.")),
        ...(this.#speaker === undefined ? {} : { speaker: this.#speaker })
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
    this.#closeMicrophone()
    this.#closeSpeaker()
    if (this.#session === undefined) void this.#context.close()
  }
}
