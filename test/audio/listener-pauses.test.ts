import fc from "fast-check"
import { assert, describe, it } from "vitest"
import type { ListenerEvent, Turn } from "#src/audio/listener-events.ts"
import { endpointing, frameMs } from "#src/audio/endpointing.ts"
import { joined } from "#src/audio/pcm.ts"
import type { HeardSoFar, Stt } from "#src/stt/stt.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { longRecordings, ofAudio, open, recording, silence, stt, turn } from "./listening.ts"

const three = clipOf("three").text
const yes = clipOf("yes").text
const word = (english: string) => readSamples(clipOf(english).file)
const grammar = ["واحد", "اثنان", "ثلاثة", "نعم", "لا", "توقف"]
const early = 224

/** Ends at once after a text that is whole; otherwise waits. */
const judging = (isWhole: (heard: HeardSoFar) => boolean, otherwiseMs = 700): Turn => ({
  ...turn,
  grammar,
  endSilenceMs: 500,
  endSilenceAfter: (heard) => (isWhole(heard) ? early : otherwiseMs)
})
const wholeIs = (...texts: ReadonlyArray<string>) => judging(({ text }) => texts.includes(text))

/** The real recogniser, which answers questions about a pause only when it is let. */
const reticent = () => {
  const asked: Array<() => void> = []
  const service: Stt["Service"] = {
    ...stt,
    open: (options) => {
      const utterance = stt.open(options)
      return {
        push: (samples) => utterance.push(samples),
        peek: (answer) => utterance.peek((heard) => void asked.push(() => answer(heard))),
        conclude: (accept, answer) => utterance.conclude(accept, answer),
        finish: utterance.finish,
        cancel: () => utterance.cancel()
      }
    }
  }
  return { stt: service, asked }
}

describe("a pause in an utterance", () => {
  it("ends the turn at once after a whole answer, and as the turn says after anything else", async () => {
    const waits: Array<number> = []
    for (const [first, isWhole] of [
      [wholeIs(three), true],
      [wholeIs("another"), false]
    ] as const) {
      const { listener, events, finals, settled } = open({}, first)
      listener.push(joined(silence(500), word("three")))
      await settled()
      listener.close()
      const ended = events.find((event) => event.type === "utterance.ended")
      waits.push((ended?.atMs ?? 0) - (finals()[0]?.endMs ?? 0))
      assert.equal(finals()[0]?.transcript.text, three, String(isWhole))
    }
    assert.deepEqual(waits, [endpointing.peekFrames * frameMs, 21 * frameMs])
  })

  it("needs the transcript for it, since what is heard before is unstable", async () => {
    const asked: Array<HeardSoFar> = []
    const { listener, events, finals, settled } = open(
      {},
      judging((heard) => {
        asked.push(heard)
        return heard.confidence === undefined
      })
    )
    listener.push(joined(silence(500), word("three")))
    await settled()
    listener.close()
    assert.lengthOf(asked, 2)
    assert.equal(asked[1]?.text, three)
    const ended = events.find((event) => event.type === "utterance.ended")
    assert.equal((ended?.atMs ?? 0) - (finals()[0]?.endMs ?? 0), 21 * frameMs)
    assert.isFalse(finals()[0]?.transcript.replayed)
  })

  it("loses nothing of what follows when the answer was not whole", async () => {
    const audio = joined(silence(500), word("three"), word("yes"))
    const heard = async (first: Turn) => {
      const { stt: listening, fed } = recording()
      const { listener, finals, settled } = open({ stt: listening }, first)
      listener.push(audio)
      await settled()
      listener.close()
      return { finals: finals(), fed: fed() }
    }
    const { endSilenceAfter: _, ...plain } = wholeIs()
    const judged = await heard(wholeIs("another"))
    const rejected = await heard(judging(({ confidence }) => confidence === undefined))
    const unasked = await heard({ ...plain, endSilenceMs: 700 })
    assert.equal(unasked.finals[0]?.transcript.text, `${three} ${yes}`)
    assert.deepEqual(judged, unasked)
    assert.deepEqual(rejected, unasked)
  })

  it("is judged by the audio alone: any split, and a recogniser of any speed, give the same turns", async () => {
    const audio = readSamples(longRecordings[0]?.file ?? "")
    const text = (longRecordings[0]?.words ?? []).map((said) => said.text)
    const delayed = (delays: ReadonlyArray<number>): Stt["Service"] => {
      let at = 0
      const later = (act: () => void) => void setTimeout(act, delays[at++ % delays.length])
      return {
        ...stt,
        open: (options) => {
          const utterance = stt.open(options)
          return {
            push: (samples) => utterance.push(samples),
            peek: (answer) => utterance.peek((heard) => later(() => answer(heard))),
            conclude: (accept, answer) => utterance.conclude(accept, (accepted) => later(() => answer(accepted))),
            finish: utterance.finish,
            cancel: () => utterance.cancel()
          }
        }
      }
    }
    const hear = async (cuts: ReadonlyArray<number>, delays: ReadonlyArray<number>) => {
      const { listener, events, settled } = open(
        { stt: delayed(delays) },
        {
          ...judging(({ text: heard }) => heard === text[0] || heard === text[2], 1_500),
          partials: false
        }
      )
      let at = 0
      for (const cut of cuts) {
        listener.push(audio.subarray(at, at + cut))
        at += cut
      }
      listener.push(audio.subarray(at))
      listener.push(silence(1_500))
      await settled()
      listener.close()
      // A final comes when it is decoded, maybe after the next utterance has begun.
      const isFinal = ({ type }: ListenerEvent) => type === "transcript.final"
      const told = events.filter((event) => ofAudio(event) && event.type !== "silence.elapsed")
      return [...told.filter((event) => !isFinal(event)), ...told.filter(isFinal)]
    }
    const whole = await hear([], [0])
    const finals = whole.flatMap((event) => (event.type === "transcript.final" ? [event.transcript.text] : []))
    assert.equal(finals[0], text[0])
    assert.isBelow(finals.length, text.length)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 5 }),
        async (cuts, delays) => assert.deepEqual(await hear(cuts, delays), whole)
      ),
      { numRuns: 5 }
    )
  })

  it("holds what follows until it is judged, and counts it as pending", async () => {
    const { stt: waiting, asked } = reticent()
    const { listener, types, settled, until } = open({ stt: waiting }, wholeIs("another"))
    listener.push(joined(silence(500), word("three"), silence(2_000)))
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await until(() => types().includes("speech.paused"))
    assert.isAtLeast(listener.pendingMs(), 1_000)
    assert.notInclude(types(), "utterance.ended")
    asked[0]?.()
    await settled()
    assert.include(types(), "utterance.ended")
    listener.close()
  })

  it("is forgotten with its utterance, and what follows is heard", async () => {
    const { stt: waiting, asked } = reticent()
    const { listener, finals, settled, types } = open({ stt: waiting }, wholeIs("another"))
    listener.push(joined(silence(500), word("three"), silence(600)))
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    listener.clear()
    assert.include(types(), "utterance.cleared")
    asked[0]?.()
    listener.push(joined(silence(300), word("yes"), silence(600)))
    while (asked.length === 1) await new Promise((resolve) => setImmediate(resolve))
    asked[1]?.()
    await settled()
    assert.deepEqual(
      finals().map(({ transcript }) => transcript.text),
      [yes]
    )
    listener.close()
  })

  it("does not keep a commit waiting once all was listened to", async () => {
    const { stt: waiting, asked } = reticent()
    const { listener, finals, until } = open({ stt: waiting }, wholeIs("another"))
    const clip = word("three")
    listener.push(joined(silence(512), clip.subarray(0, clip.length - (clip.length % 512))))
    for (; asked.length === 0; await new Promise((resolve) => setTimeout(resolve, 1))) listener.push(silence(frameMs))
    listener.commit()
    asked[0]?.()
    await until(() => finals().length === 1)
    assert.equal(finals()[0]?.transcript.text, three)
    listener.close()
  })

  it("goes by the turn's own silence where nobody can hear any more", async () => {
    const deaf: Stt["Service"] = {
      ...stt,
      open: (options) => {
        const utterance = stt.open(options)
        return {
          push: (samples) => utterance.push(samples),
          peek: (answer) => answer(undefined),
          conclude: (_, answer) => answer(false),
          finish: utterance.finish,
          cancel: () => utterance.cancel()
        }
      }
    }
    const { listener, events, finals, settled } = open({ stt: deaf }, wholeIs(three))
    listener.push(joined(silence(500), word("three")))
    await settled()
    listener.close()
    const ended = events.find((event) => event.type === "utterance.ended")
    assert.equal((ended?.atMs ?? 0) - (finals()[0]?.endMs ?? 0), 15 * frameMs)
  })
})
