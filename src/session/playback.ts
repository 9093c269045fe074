/**
 * Speaks one prompt to one client: sentences from the synthesiser become frames of the client's format, paced so that
 * they never come late and never run far ahead. In `live` mode frames leave `playbackLeadMs` before they are due and the
 * prompt ends when the client has played it (as it reports, else by the clock); in `file` mode only the socket's
 * backpressure holds them back. Interrupted: nothing more is sent, and `audio.end` says how much was heard.
 */
import { Clock, Deferred, Effect, Exit, Stream } from "effect"
import type { Prompt } from "#machines/session-events.ts"
import type { SpeechFormat } from "#schemas/wire.ts"
import { SpeechEncoder } from "#src/audio/encode.ts"
import { limits } from "#src/limits.ts"
import type { Manner, SpokenSentence, Tts, TtsError } from "#src/tts/tts.ts"
import type { TurnRecorder } from "#src/telemetry/turn-recorder.ts"
import type { Connection } from "./contract.ts"
import type { Played } from "./played.ts"

export interface PlaybackOptions {
  /** Where the sound goes; messages go through the session, which numbers and answers them. */
  readonly connection: Connection
  readonly send: Connection["send"]
  readonly tts: Tts["Service"]
  readonly speech: SpeechFormat
  readonly mode: "live" | "file"
  readonly language: "ar" | "en"
  readonly manner?: Manner
  /** Hears of all that is played. */
  readonly played: Played
  /** Looks on. */
  readonly turns?: Pick<TurnRecorder, "synthesized" | "promptEnded">
}

/** A client that does not read is asked again this often. */
const drainPollMs = 20

export class Playback {
  /** Speech sent since the connection began. */
  sentMs = 0
  readonly #options: PlaybackOptions
  /** Of the last prompt, if it was interrupted. */
  #cutId: string | undefined
  /** Of the one before it, likewise. */
  #cutBeforeId: string | undefined
  #current:
    { readonly id: string; readonly played: Deferred.Deferred<void>; playedMs: number; durationMs: number } | undefined

  /** Between `audio.begin` and `audio.end`. */
  #soundingId: string | undefined
  #duckedId: string | undefined

  constructor(options: PlaybackOptions) {
    this.#options = options
  }

  /** The client's own account of how far it has played (`speech.played`), and where its microphone was then. */
  played(id: string, playedMs: number, atMs?: number): void {
    const current = this.#current
    // The last word on what was interrupted: less of it was heard than had been sent.
    if (id === this.#cutId) {
      this.#options.played.reported(playedMs, atMs)
      this.#options.played.cut(playedMs)
    } else if (atMs !== undefined) {
      this.#options.played.reports()
      if (id === this.#cutBeforeId) this.#options.played.endedBefore(atMs)
    }
    if (current === undefined || current.id !== id) return
    current.playedMs = Math.max(current.playedMs, playedMs)
    this.#options.played.reported(playedMs, atMs)
    if (current.durationMs > 0 && playedMs >= current.durationMs - limits.playbackFrameMs) {
      Deferred.doneUnsafe(current.played, Effect.void)
    }
  }

  /** Lower it, or restore it: the client is told while it sounds, or with its beginning, and never after its end. */
  duck(id: string, ducked: boolean): void {
    this.#duckedId = ducked ? id : undefined
    if (this.#soundingId === id) this.#tellDuck(id, ducked)
  }

  #tellDuck(id: string, ducked: boolean): void {
    this.#options.played.ducked(ducked)
    this.#options.send({ type: "audio.duck", id, ducked })
  }

  speak(prompt: Prompt): Effect.Effect<void, TtsError> {
    const { connection, send, tts, speech, mode, language, manner, played, turns } = this.#options
    return Effect.gen({ self: this }, function* () {
      const clock = yield* Clock.Clock
      const current = { id: prompt.id, played: Deferred.makeUnsafe<void>(), playedMs: 0, durationMs: 0 }
      this.#current = current
      let encoder: SpeechEncoder | undefined
      let startedAtMs: number | undefined
      let sentMs = 0

      const pace = Effect.gen(function* () {
        while (connection.bufferedBytes() > limits.socketBufferBytesMax) yield* Effect.sleep(drainPollMs)
        if (mode === "file" || startedAtMs === undefined) return
        const aheadMs = sentMs - (clock.currentTimeMillisUnsafe() - startedAtMs)
        if (aheadMs < 0) {
          // The client has played all that there was, and waits.
          startedAtMs -= aheadMs
          played.stalled(-aheadMs, sentMs)
        }
        if (aheadMs > limits.playbackLeadMs) yield* Effect.sleep(aheadMs - limits.playbackLeadMs)
      })
      const sendFrames = Effect.fnUntraced({ self: this }, function* (frames: Iterable<Uint8Array>) {
        for (const frame of frames) {
          yield* pace
          connection.sendAudio(frame)
          sentMs += limits.playbackFrameMs
          this.sentMs += limits.playbackFrameMs
        }
      })
      const begin = (degraded: boolean) => {
        startedAtMs = clock.currentTimeMillisUnsafe()
        this.#cutBeforeId = this.#cutId
        this.#cutId = undefined
        played.begin()
        send({
          type: "audio.begin",
          ...(prompt.ref === undefined ? {} : { ref: prompt.ref }),
          id: prompt.id,
          text: prompt.text,
          encoding: speech.encoding,
          sample_rate: speech.sample_rate,
          interruptible: prompt.interruptible,
          degraded
        })
        this.#soundingId = prompt.id
        if (this.#duckedId === prompt.id) this.#tellDuck(prompt.id, true)
      }
      let lengthMs = 0
      /** When the next sentence was asked for: each is rendered once the one before has been sent. */
      let askedAtMs = performance.now()
      const say = (sentence: SpokenSentence) =>
        Effect.suspend(() => {
          const arrivedAtMs = performance.now()
          const { source, degraded, pcm, sampleRateHz } = sentence
          const audioMs = (pcm.length * 1_000) / sampleRateHz
          turns?.synthesized(prompt.id, { startedAtMs: askedAtMs, endedAtMs: arrivedAtMs, source, degraded, audioMs })
          if (startedAtMs === undefined) begin(sentence.degraded)
          const before = encoder
          const changes = before !== undefined && before.fromHz !== sentence.sampleRateHz
          if (before === undefined || changes) encoder = new SpeechEncoder(sentence.sampleRateHz, speech)
          const rest = changes ? before.flush() : []
          played.add(sentence, lengthMs)
          lengthMs += audioMs
          const sent = sendFrames([...rest, ...(encoder?.push(pcm) ?? [])])
          return Effect.andThen(
            sent,
            Effect.sync(() => (askedAtMs = performance.now()))
          )
        })

      const heardMs = () => {
        if (current.playedMs > 0) return Math.min(current.playedMs, lengthMs)
        if (mode === "file" || startedAtMs === undefined) return Math.min(sentMs, lengthMs)
        return Math.min(clock.currentTimeMillisUnsafe() - startedAtMs, sentMs, lengthMs)
      }
      const end = (exit: Exit.Exit<void, TtsError>) =>
        Effect.sync(() => {
          this.#current = undefined
          this.#soundingId = undefined
          const reason = Exit.isSuccess(exit) ? "completed" : Exit.hasInterrupts(exit) ? "interrupted" : "failed"
          turns?.promptEnded(prompt.id, reason)
          if (startedAtMs === undefined) return
          const heard = reason === "completed" ? undefined : Math.round(heardMs())
          // Until the client tells where it stopped: it may still play what it has been sent.
          if (heard !== undefined) {
            this.#cutId = prompt.id
            played.cut(sentMs)
          }
          send({
            type: "audio.end",
            id: prompt.id,
            reason,
            duration_ms: Math.round(lengthMs),
            ...(heard === undefined ? {} : { heard_ms: heard, heard_text: played.heardText(heard) })
          })
        })

      return yield* Effect.gen(function* () {
        const asked = prompt.voice === undefined ? undefined : { voice: prompt.voice }
        const how = asked ?? (manner === undefined ? {} : { manner })
        yield* tts.speak(prompt.spokenText, { language, keep: prompt.keep, ...how }).pipe(Stream.runForEach(say))
        // Nothing in it can be said aloud (an emoji): it still begins and ends.
        if (startedAtMs === undefined) begin(false)
        if (encoder !== undefined) yield* sendFrames(encoder.flush())
        current.durationMs = lengthMs
        if (mode === "file" || startedAtMs === undefined) return
        const leftMs = startedAtMs + lengthMs - clock.currentTimeMillisUnsafe()
        yield* Deferred.await(current.played).pipe(Effect.timeoutOption(Math.max(0, leftMs)))
      }).pipe(Effect.onExit(end))
    })
  }
}
