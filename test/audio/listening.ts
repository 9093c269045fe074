/**
 * A listener over the real detector and the real recogniser, for the tests of its file: importing this starts both hosts
 * before the first test and stops them after the last.
 */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll } from "vitest"
import { frameMs } from "#src/audio/endpointing.ts"
import { Listener, type ListenerOptions } from "#src/audio/listener.ts"
import type { ListenerEvent, Turn } from "#src/audio/listener-events.ts"
import { joined } from "#src/audio/pcm.ts"
import { Stt, type Utterance } from "#src/stt/stt.ts"
import { Vad } from "#src/vad/vad.ts"

export const longRecordings = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/ar-commands/manifest-long.json"), "utf8")
) as ReadonlyArray<{
  readonly file: string
  readonly words: ReadonlyArray<{ readonly text: string; readonly start: number; readonly end: number }>
}>

type Final = Extract<ListenerEvent, { type: "transcript.final" }>

let scope: Scope.Closeable
export let stt: Stt["Service"]
export let vad: Vad["Service"]

beforeAll(async () => {
  scope = Scope.makeUnsafe()
  const context = await Effect.runPromise(Layer.buildWithScope(Layer.mergeAll(Stt.layer(), Vad.layer()), scope))
  stt = Context.get(context, Stt)
  vad = Context.get(context, Vad)
  while (stt.health().status !== "ready" || vad.health().status !== "ready") {
    await new Promise((resolve) => setImmediate(resolve))
  }
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

export const turn: Turn = { decode: true, endSilenceMs: 500, alternatives: 0, partials: true }

export const silence = (durationMs: number) => new Int16Array(durationMs * 16)

/** What is told of the audio; who heard it and how long that took is different each time. */
export const ofAudio = ({ type }: ListenerEvent): boolean => type !== "utterance.heard" && type !== "drained"

/** A listener, its events, and a way to wait until one of them has come. */
export const open = (options: Partial<ListenerOptions> = {}, first: Turn = turn) => {
  const events: Array<ListenerEvent> = []
  const waiting = new Set<() => void>()
  const listener = new Listener({
    vad,
    stt,
    turnDetection: "server_vad",
    emit: (event) => {
      events.push(event)
      for (const wake of waiting) wake()
    },
    ...options
  })
  listener.setTurn(first)
  const until = async (isTrue: () => boolean) => {
    while (!isTrue()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.add(resolve)
      await promise
      waiting.delete(resolve)
    }
  }
  const finals = () => events.filter((event): event is Final => event.type === "transcript.final")
  const count = (...wanted: ReadonlyArray<ListenerEvent["type"]>) =>
    events.filter(({ type }) => wanted.includes(type)).length
  /** A second of silence later everything has been listened to, decoded and delivered. */
  const settled = async () => {
    listener.push(silence(1_000))
    while (listener.pendingMs() >= frameMs) await new Promise((resolve) => setImmediate(resolve))
    await until(() => count("transcript.final", "transcript.failed") === count("utterance.ended"))
  }
  return { listener, events, until, finals, settled, count, types: () => events.map(({ type }) => type) }
}

export const frameSamples = frameMs * 16

/** The real recogniser, and the samples that each utterance got. */
export const recording = () => {
  const fed: Array<Array<Int16Array>> = []
  const service: Stt["Service"] = {
    ...stt,
    open: (options) => {
      const utterance = stt.open(options)
      const pieces: Array<Int16Array> = []
      fed.push(pieces)
      return {
        push: (samples) => {
          pieces.push(samples)
          utterance.push(samples)
        },
        finish: utterance.finish,
        peek: (answer) => utterance.peek(answer),
        conclude: (accept, answer) => utterance.conclude(accept, answer),
        cancel: () => utterance.cancel()
      }
    }
  }
  return { stt: service, fed: () => fed.map((pieces) => joined(...pieces)) }
}

/** Length first, then where they differ: a diff of samples tells nothing. */
export const assertSamples = (actual: Int16Array | undefined, expected: Int16Array, message?: string) => {
  assert.equal(actual?.length, expected.length, message)
  assert.equal(
    actual?.findIndex((sample, index) => sample !== expected[index]),
    -1,
    message
  )
}

/** The real recogniser, with another way to finish its first utterance. */
export const finishing = (first: (utterance: Utterance) => Utterance["finish"]): Stt["Service"] => {
  let opened = 0
  return {
    ...stt,
    open: (options) => {
      const utterance = stt.open(options)
      if (opened++ > 0) return utterance
      return {
        push: (samples) => utterance.push(samples),
        finish: first(utterance),
        peek: (answer) => utterance.peek(answer),
        conclude: (accept, answer) => utterance.conclude(accept, answer),
        cancel: () => utterance.cancel()
      }
    }
  }
}
