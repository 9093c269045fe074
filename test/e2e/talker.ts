/** A caller who talks: recorded words over the real socket, prompts interrupted, connections dropped and taken up again. */
import { assert } from "vitest"
import type { ClientMessage, ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { joined } from "#src/audio/pcm.ts"
import type { ServerProcess } from "../../scripts/server-process.ts"
import { Caller, silence, tokenOf, wordOf } from "./caller.ts"

type Type = ServerMessage["type"]

/** Shorter than the silence that ends a turn in which more may follow. */
const breathMs = 300
/** A recording without the silence around its word. */
const voiced = (samples: Int16Array): Int16Array => {
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  const isVoiced = (sample: number) => Math.abs(sample) > loudest / 20
  return samples.subarray(samples.findIndex(isVoiced), samples.findLastIndex(isVoiced) + 1)
}

export class Talker {
  readonly #server: ServerProcess
  readonly #subject: string
  #caller: Caller
  /** Messages before this one have been looked at. */
  #at = 0

  private constructor(server: ServerProcess, subject: string, caller: Caller) {
    this.#server = server
    this.#subject = subject
    this.#caller = caller
  }

  static async start(server: ServerProcess, questionnaire: string, subject: string): Promise<Talker> {
    const talker = new Talker(server, subject, await Talker.#connected(server, subject))
    // Live, so that a prompt takes as long as it sounds, and can be interrupted.
    await talker.#caller.start({ questionnaire, mode: "live" })
    return talker
  }

  static async #connected(server: ServerProcess, subject: string): Promise<Caller> {
    const token = await tokenOf(server, "voice healthcare clinician", subject)
    return Caller.open(server.url, { path: "/ws/secure/healthcare", token })
  }

  /** The next message of a type, after those that have been looked at. */
  async next<T extends Type>(
    type: T,
    wanted: (message: ServerMessageOf<T>) => boolean = () => true
  ): Promise<ServerMessageOf<T>> {
    const from = this.#at
    const isWanted = (message: ServerMessage) =>
      message.type === type && this.#caller.messages.indexOf(message) >= from && wanted(message as ServerMessageOf<T>)
    const message = await this.#within(this.#caller.until(isWanted), type)
    this.#at = this.#caller.messages.indexOf(message) + 1
    return message as ServerMessageOf<T>
  }

  /** A run that hangs says where, and what came last. */
  async #within<A>(waiting: Promise<A>, what: string): Promise<A> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const tell = () => reject(new Error(`waited for ${what}: ${JSON.stringify(this.#caller.messages.slice(-8))}`))
      timer = setTimeout(tell, 40_000)
    })
    return Promise.race([waiting, late]).finally(() => clearTimeout(timer))
  }

  async asked(linkId: string): Promise<ServerMessageOf<"question.asked">> {
    return this.next("question.asked", ({ link_id }) => link_id === linkId)
  }

  /** The prompt of the question has begun to sound. */
  async sounding(): Promise<ServerMessageOf<"audio.begin">> {
    return this.next("audio.begin")
  }

  /** Several words are said in one breath. */
  async say(words: string, silenceMs = 900): Promise<void> {
    const spoken = words.split(" ").flatMap((word, index) => {
      const samples = wordOf(word)
      return words === word ? [samples] : [...(index === 0 ? [] : [silence(breathMs)]), voiced(samples)]
    })
    await this.#caller.play(joined(silence(200), ...spoken, silence(silenceMs)))
  }

  async quiet(durationMs: number): Promise<void> {
    await this.#caller.play(silence(durationMs), 8_000)
  }

  /** Until the answer to this question stands; what is read back on the way is said yes to. */
  async answer(linkId: string, word: string): Promise<ServerMessageOf<"answer.recorded">> {
    await this.say(word)
    return this.recorded(linkId, word)
  }

  /** `word`: said once more where it was not understood, as people do. */
  async recorded(linkId: string, word?: string): Promise<ServerMessageOf<"answer.recorded">> {
    for (const from = this.#at; ;) {
      const message = await this.#within(
        this.#caller.until(
          (one) =>
            (one.type === "answer.recorded" ||
              one.type === "answer.confirm" ||
              one.type === "question.reprompt" ||
              (one.type === "question.asked" && one.link_id === linkId)) &&
            this.#caller.messages.indexOf(one) >= Math.max(from, this.#at)
        ),
        linkId
      )
      this.#at = this.#caller.messages.indexOf(message) + 1
      // Asked once more: it was not understood, or the yes to what was read back was heard as a no.
      if (message.type === "question.asked" || (message.type === "question.reprompt" && message.attempt < 4)) {
        if (word !== undefined) await this.say(word)
        continue
      }
      assert.notStrictEqual(message.type, "question.reprompt", JSON.stringify(this.#caller.messages.slice(-8)))
      if (message.type !== "answer.confirm") {
        assert.include(message, { type: "answer.recorded", link_id: linkId })
        return message as ServerMessageOf<"answer.recorded">
      }
      await this.say("yes")
    }
  }

  /** By hand, whatever is being spoken. */
  async by(linkId: string, message: ClientMessage): Promise<ServerMessageOf<"answer.recorded">> {
    this.#caller.send(message)
    return this.recorded(linkId)
  }

  send(message: ClientMessage): void {
    this.#caller.send(message)
  }

  /** What is being spoken is stopped by hand: it is the person's turn. */
  async myTurn(): Promise<void> {
    this.#caller.send({ type: "speech.cancel" })
    await this.next("state.changed", ({ state }) => state === "listening")
  }

  /** The connection is cut, and the session taken up by the next one. */
  async dropped(): Promise<void> {
    const token = this.#caller.of("session.ready")[0]?.resume_token ?? ""
    const lastSeq = Math.max(0, ...this.#caller.messages.map((one) => ("seq" in one ? (one.seq ?? 0) : 0)))
    this.#caller.terminate()
    await this.#caller.client.ended()
    this.#caller = await Talker.#connected(this.#server, this.#subject)
    this.#at = 0
    const ready = await this.#caller.start({ resume_token: token, last_seq: lastSeq, mode: "live" })
    assert.isTrue(ready.resumed)
  }

  end(): Promise<void> {
    return this.#caller.end()
  }
}
