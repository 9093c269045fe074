import { Context, Deferred, Effect, Exit, Layer, Scope } from "effect"
import fc from "fast-check"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import {
  endpointing,
  frameMs,
  Listener,
  type ListenerEvent,
  type ListenerOptions,
  type Turn
} from "#src/audio/listener.ts"
import { joined } from "#src/audio/pcm.ts"
import { limits } from "#src/limits.ts"
import { Stt, SttError, type Utterance } from "#src/stt/stt.ts"
import { Vad } from "#src/vad/vad.ts"
import { clipOf, clips, readSamples } from "#test/stt/recordings.ts"

const longRecordings = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/ar-commands/manifest-long.json"), "utf8")
) as ReadonlyArray<{
  readonly file: string
  readonly words: ReadonlyArray<{ readonly text: string; readonly start: number; readonly end: number }>
}>

type Final = Extract<ListenerEvent, { type: "transcript.final" }>

let scope: Scope.Closeable
let stt: Stt["Service"]
let vad: Vad["Service"]

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

const turn: Turn = { decode: true, endSilenceMs: 500, alternatives: 0, partials: true }

const silence = (durationMs: number) => new Int16Array(durationMs * 16)
/** A listener, its events, and a way to wait until one of them has come. */
const open = (options: Partial<ListenerOptions> = {}, first: Turn = turn) => {
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

const frameSamples = frameMs * 16

/** The real recogniser, and the samples that each utterance got. */
const recording = () => {
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
        cancel: () => utterance.cancel()
      }
    }
  }
  return { stt: service, fed: () => fed.map((pieces) => joined(...pieces)) }
}

/** Length first, then where they differ: a diff of samples tells nothing. */
const assertSamples = (actual: Int16Array | undefined, expected: Int16Array, message?: string) => {
  assert.equal(actual?.length, expected.length, message)
  assert.equal(
    actual?.findIndex((sample, index) => sample !== expected[index]),
    -1,
    message
  )
}

/** The real recogniser, with another way to finish its first utterance. */
const finishing = (first: (utterance: Utterance) => Utterance["finish"]): Stt["Service"] => {
  let opened = 0
  return {
    ...stt,
    open: (options) => {
      const utterance = stt.open(options)
      if (opened++ > 0) return utterance
      return {
        push: (samples) => utterance.push(samples),
        finish: first(utterance),
        cancel: () => utterance.cancel()
      }
    }
  }
}

describe("a listener", () => {
  it("hears each of the recorded words once, as the recogniser alone does", async () => {
    const heard = await Promise.all(
      clips.map(async ({ file }) => {
        const { listener, finals, settled } = open()
        listener.push(joined(silence(500), readSamples(file)))
        await settled()
        listener.close()
        return finals().map(({ transcript }) => transcript.text)
      })
    )
    assert.deepEqual(
      heard.map(({ length }) => length),
      clips.map(() => 1)
    )
    const right = heard.filter(([text], index) => text === clips[index]?.text).length
    assert.isAtLeast(right, 58)
  })

  it("tells an utterance in the order of the protocol", async () => {
    const { listener, events, settled, types, until } = open()
    listener.push(joined(silence(500), readSamples(clipOf("three").file)))
    await until(() => types().includes("transcript.partial"))
    await settled()
    const told = types().filter((type) => type !== "silence.elapsed" && type !== "drained")
    assert.equal(told[0], "speech.started")
    assert.deepEqual(told.slice(-3), ["speech.stopped", "utterance.ended", "transcript.final"])
    assert.includeMembers(told, ["speech.confirmed", "transcript.partial"])
    const started = events.find((event) => event.type === "speech.started")
    const stopped = events.find((event) => event.type === "speech.stopped")
    assert.isTrue(started !== undefined && stopped !== undefined && stopped.atMs > started.atMs && started.atMs > 400)
    listener.close()
  })

  it("hears every word of the longer recordings as an utterance of its own, none merged, lost or invented", async () => {
    for (const { file, words } of longRecordings) {
      const { listener, finals, settled } = open()
      listener.push(readSamples(file))
      await settled()
      listener.close()
      assert.lengthOf(finals(), words.length, file)
      for (const [index, { startMs, endMs }] of finals().entries()) {
        const word = words[index]
        assert.isTrue(
          word !== undefined && startMs / 1_000 < word.end && endMs / 1_000 > word.start,
          `${file} ${index}`
        )
      }
    }
  })

  it("gives the same finals however the audio is split", async () => {
    const recording = readSamples(longRecordings[0]?.file ?? "")
    const hear = async (cuts: ReadonlyArray<number>) => {
      const { listener, finals, settled } = open()
      let at = 0
      for (const cut of cuts) {
        listener.push(recording.subarray(at, at + cut))
        at += cut
      }
      listener.push(recording.subarray(at))
      await settled()
      listener.close()
      return finals()
    }
    const whole = await hear([])
    assert.lengthOf(whole, 5)
    const cuts = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(cuts, async (split) => assert.deepEqual(await hear(split), whole)),
      { numRuns: 6 }
    )
  })

  it("decodes nothing and tells nothing while nobody is to listen", async () => {
    const { listener, types, settled } = open({}, { ...turn, decode: false })
    listener.push(joined(silence(500), readSamples(clipOf("three").file)))
    await settled()
    assert.deepEqual(
      types().filter((type) => type !== "silence.elapsed" && type !== "drained"),
      []
    )
    listener.close()
  })

  it("hears only what its turn's grammar allows", async () => {
    const { listener, finals, settled } = open({}, { ...turn, grammar: ["نعم", "لا"] })
    listener.push(joined(silence(500), readSamples(clipOf("yes").file), silence(800), readSamples(clipOf("open").file)))
    await settled()
    assert.deepEqual(
      finals().map(({ transcript }) => transcript.text),
      ["نعم", ""]
    )
    listener.close()
  })

  it("ends an utterance at a commit, without waiting for silence", async () => {
    const { listener, finals, until } = open()
    const clip = readSamples(clipOf("three").file)
    const speech = clip.subarray(0, clip.length - (clip.length % 512))
    listener.push(joined(silence(512), speech.subarray(0, 12_800)))
    listener.commit()
    await until(() => finals().length === 1)
    assert.isAtMost(finals()[0]?.endMs ?? Infinity, 512 + 800)
    listener.close()
  })

  it("takes everything between commits for one utterance when turn detection is off", async () => {
    const { listener, finals, until } = open({ turnDetection: "none" })
    for (const word of ["three", "yes"]) {
      listener.push(readSamples(clipOf(word).file))
      listener.commit()
    }
    await until(() => finals().length === 2)
    assert.deepEqual(
      finals().map(({ transcript }) => transcript.text),
      [clipOf("three").text, clipOf("yes").text]
    )
    listener.close()
  })

  it("forgets an utterance that is cleared, and hears the next", async () => {
    const { listener, finals, types, settled, until } = open()
    listener.push(joined(silence(500), readSamples(clipOf("three").file).subarray(0, 9_600)))
    await until(() => types().includes("speech.started"))
    listener.clear()
    assert.include(types(), "utterance.cleared")
    listener.push(joined(silence(800), readSamples(clipOf("yes").file)))
    await settled()
    assert.deepEqual(
      finals().map(({ transcript }) => transcript.text),
      [clipOf("yes").text]
    )
    listener.close()
  })

  it("ends speech that never stops at its longest, and goes on", async () => {
    const { listener, events, settled } = open({}, { ...turn, partials: false, endSilenceMs: 900 })
    const clip = readSamples(clipOf("three").file)
    listener.push(joined(silence(500), ...Array.from({ length: 34 }, () => clip)))
    await settled()
    const [stopped, second] = events.filter((event) => event.type === "speech.stopped")
    const started = events.find((event) => event.type === "speech.started")
    assert.isDefined(second)
    assert.isAtMost((stopped?.atMs ?? 0) - (started?.atMs ?? 0), limits.utteranceMsMax + frameMs)
    listener.close()
  })

  it("measures silence by the audio, and speech calls it off", async () => {
    const { listener, types, until } = open()
    listener.armSilence(2_000)
    listener.push(joined(silence(1_000), readSamples(clipOf("three").file), silence(1_000)))
    await until(() => types().includes("transcript.final"))
    assert.notInclude(types(), "silence.elapsed")
    listener.armSilence(2_000)
    listener.push(silence(2_500))
    await until(() => types().includes("silence.elapsed"))
    listener.close()
  })

  it("says how much is pending, and when it has caught up", async () => {
    const { listener, until, types } = open()
    const clip = readSamples(clipOf("three").file)
    listener.push(joined(...Array.from({ length: 8 }, () => clip)))
    assert.isAbove(listener.pendingMs(), limits.unackedAudioMsMax)
    await until(() => types().includes("drained"))
    assert.isAtMost(listener.pendingMs(), limits.unackedAudioMsMax / 2)
    listener.close()
  })

  it("goes on with what it has not heard yet when the detector dies, and tells of each outage once", async () => {
    let fail: () => void = () => {}
    let opened = 0
    const dying: Vad["Service"] = {
      health: vad.health,
      open: (to) => {
        opened++
        const stream = vad.open(to)
        fail = () => {
          stream.close()
          to.failed(undefined as never)
        }
        /** Not back yet when it is tried again. */
        if (opened === 2) queueMicrotask(fail)
        return stream
      }
    }
    const { listener, finals, settled, count } = open({ vad: dying })
    listener.push(joined(silence(500), readSamples(clipOf("three").file)))
    fail()
    await settled()
    assert.equal(opened, 3)
    assert.equal(count("detector.failed"), 1)
    fail()
    assert.equal(count("detector.failed"), 2)
    assert.deepEqual(
      finals().map(({ transcript }) => transcript.text),
      [clipOf("three").text]
    )
    listener.close()
  })

  it("does not wait for a recogniser that has died", async () => {
    const dead: Stt["Service"] = {
      ...stt,
      open: ({ onFailed }) => {
        queueMicrotask(() => onFailed?.())
        const gone = new SttError({ reason: "crash", message: "gone" })
        return { push: () => {}, cancel: () => {}, finish: Effect.fail(gone) }
      }
    }
    const { listener, types, until } = open({ stt: dead })
    const clip = readSamples(clipOf("three").file)
    listener.push(joined(...Array.from({ length: 8 }, () => clip)))
    await until(() => types().includes("drained"))
    listener.push(silence(1_000))
    await until(() => types().includes("transcript.failed"))
    listener.close()
  })

  it("counts positions from where a session left off", async () => {
    const { listener, events, settled } = open({ offsetMs: 60_000 })
    listener.push(joined(silence(500), readSamples(clipOf("three").file)))
    await settled()
    const started = events.find((event) => event.type === "speech.started")
    assert.isAbove(started?.atMs ?? 0, 60_400)
    assert.equal(listener.positionMs(), 62_500)
    listener.close()
  })

  it("decodes a pre-roll, the speech and a short tail, and no more of the silence", async () => {
    const { stt: listening, fed } = recording()
    const { listener, finals, settled } = open({ stt: listening })
    const audio = joined(silence(800), readSamples(clipOf("three").file))
    listener.push(joined(audio, silence(1_000)))
    await settled()
    listener.close()
    const [final] = finals()
    assert.isDefined(final)
    assert.equal(final.audioStartMs, final.startMs - endpointing.preRollFrames * frameMs)
    const tailMs = endpointing.tailFrames * frameMs
    assert.lengthOf(fed(), 1)
    assertSamples(
      fed()[0],
      joined(audio, silence(1_000)).subarray(final.audioStartMs * 16, (final.endMs + tailMs) * 16)
    )
  })

  it("decodes a pause within an utterance only once speech goes on", async () => {
    const { stt: listening, fed } = recording()
    const { listener, finals, types, settled } = open({ stt: listening }, { ...turn, endSilenceMs: 2_500 })
    const word = readSamples(clipOf("three").file)
    listener.push(joined(silence(512), word, silence(1_000)))
    /** What the recogniser has not filled a block with stays pending. */
    while (listener.pendingMs() > 160) await new Promise((resolve) => setImmediate(resolve))
    assert.include(types(), "speech.paused")
    const before = fed()[0]?.length ?? 0
    listener.push(word)
    listener.push(silence(3_000))
    await settled()
    listener.close()
    const [final] = finals()
    assert.equal(final?.transcript.text, `${clipOf("three").text} ${clipOf("three").text}`)
    assert.isBelow(before, (word.length + silence(1_000).length) / 1.5)
    const tailMs = endpointing.tailFrames * frameMs
    assert.equal(fed()[0]?.length, ((final?.endMs ?? 0) + tailMs - (final?.audioStartMs ?? 0)) * 16)
  })

  it("tells no partial once speech has stopped", async () => {
    const { listener, types, settled } = open()
    listener.push(joined(silence(500), ...["three", "yes", "four"].map((word) => readSamples(clipOf(word).file))))
    listener.commit()
    await settled()
    const told = types().filter((type) => /^(speech\.st|transcript)/.test(type))
    const afterStop = told.filter((_, index) => told[index - 1] === "speech.stopped")
    assert.isNotEmpty(afterStop)
    assert.isFalse(afterStop.includes("transcript.partial"))
    listener.close()
  })

  it("ends an utterance at each of several commits that come before the first is heard", async () => {
    const { listener, finals, settled } = open()
    for (const word of ["three", "yes", "four"]) {
      listener.push(readSamples(clipOf(word).file).subarray(0, 22 * frameSamples))
      listener.commit()
    }
    await settled()
    assert.lengthOf(finals(), 3)
    finals().forEach(({ startMs, endMs }, index) => {
      assert.isAtLeast(startMs, index * 22 * frameMs)
      assert.isAtMost(endMs, (index + 1) * 22 * frameMs)
    })
    listener.close()
  })

  it("shares every sample out to one utterance when turn detection is off, with exact times", async () => {
    const { stt: listening, fed } = recording()
    const { listener, events, finals, until } = open({ stt: listening, turnDetection: "none" })
    const words = ["three", "yes", "four"].map((word, index) =>
      readSamples(clipOf(word).file).subarray(0, 14_001 + index)
    )
    for (const word of words) {
      listener.push(word)
      listener.commit()
    }
    await until(() => finals().length === words.length)
    assert.lengthOf(fed(), words.length)
    words.forEach((word, index) => assertSamples(fed()[index], word))
    const startsMs = [0, 14_001 / 16, (14_001 + 14_002) / 16].map(Math.floor)
    assert.deepEqual(
      finals().map(({ audioStartMs }) => audioStartMs),
      startsMs
    )
    assert.deepEqual(
      events.flatMap((event) => (event.type === "speech.started" ? [event.atMs] : [])),
      startsMs
    )
    listener.commit()
    assert.lengthOf(fed(), words.length)
    listener.close()
  })

  it("uses nothing of what was cleared when turn detection is off", async () => {
    const { stt: listening, fed } = recording()
    const { listener, finals, until } = open({ stt: listening, turnDetection: "none" })
    listener.push(readSamples(clipOf("three").file).subarray(0, 10_001))
    listener.clear()
    const word = readSamples(clipOf("yes").file)
    listener.push(word)
    listener.commit()
    await until(() => finals().length === 1)
    assertSamples(fed().at(-1), word)
    assert.equal(finals()[0]?.transcript.text, clipOf("yes").text)
    listener.close()
  })

  it("never uses what was pushed before somebody was to listen, also when it is still on its way", async () => {
    for (const turnDetection of ["server_vad", "none"] as const) {
      const { stt: listening, fed } = recording()
      const { listener, finals, settled, until } = open({ stt: listening, turnDetection }, { ...turn, decode: false })
      const speech = readSamples(clipOf("three").file)
      /** In the middle of a word, and of a frame. */
      const before = joined(silence(500), speech.subarray(0, 9_000))
      listener.push(before)
      listener.setTurn(turn)
      const after = joined(speech.subarray(9_000), silence(600), readSamples(clipOf("yes").file))
      listener.push(after)
      listener.commit()
      if (turnDetection === "none") await until(() => finals().length === 1)
      else await settled()
      const [first] = finals()
      assert.isDefined(first, turnDetection)
      const { audioStartMs, startMs } = first
      assert.isAtLeast(Math.min(audioStartMs, startMs), Math.floor(before.length / 16), turnDetection)
      const [samples] = fed()
      const from = turnDetection === "none" ? 0 : audioStartMs * 16 - before.length
      assertSamples(samples, after.subarray(from, from + (samples?.length ?? 0)), turnDetection)
      listener.close()
    }
  })

  it("waits for speech in progress before it measures silence", async () => {
    const { listener, types, until, settled, count } = open()
    const frames = (durationMs: number) => silence(Math.floor(durationMs / frameMs) * frameMs)
    listener.push(joined(frames(512), readSamples(clipOf("three").file).subarray(0, 20 * frameSamples)))
    await until(() => types().includes("speech.confirmed"))
    listener.armSilence(1_000)
    listener.push(frames(900))
    await until(() => types().includes("transcript.final"))
    assert.notInclude(types(), "silence.elapsed")
    await settled()
    assert.equal(count("silence.elapsed"), 1)
    listener.close()
  })

  it("delivers finals in the order of the utterances, though a later one is ready first", async () => {
    const gate = Deferred.makeUnsafe<void>()
    const slow = finishing((utterance) => Effect.andThen(Deferred.await(gate), utterance.finish))
    const finished = Promise.withResolvers<void>()
    let open2 = 0
    const { listener, events, finals, until } = open({
      stt: {
        ...slow,
        open: (options) => {
          const utterance = slow.open(options)
          const second = open2++ === 1
          return {
            push: (samples) => utterance.push(samples),
            cancel: () => utterance.cancel(),
            finish: second ? Effect.tap(utterance.finish, () => Effect.sync(finished.resolve)) : utterance.finish
          }
        }
      }
    })
    const pause = silence(800)
    listener.push(joined(pause, readSamples(clipOf("three").file), pause, readSamples(clipOf("yes").file), pause))
    await finished.promise
    assert.lengthOf(finals(), 0)
    Deferred.doneUnsafe(gate, Effect.void)
    await until(() => finals().length === 2)
    assert.deepEqual(
      events.flatMap((event) =>
        event.type === "transcript.final" ? [[event.utteranceId, event.transcript.text]] : []
      ),
      [
        ["u1", clipOf("three").text],
        ["u2", clipOf("yes").text]
      ]
    )
    listener.close()
  })

  it("tells of an utterance that could not be recognised, and hears the next", async () => {
    const error = new SttError({ reason: "crash", message: "The host ended." })
    const { listener, events, settled } = open({ stt: finishing(() => Effect.fail(error)) })
    const pause = silence(800)
    listener.push(joined(pause, readSamples(clipOf("three").file), pause, readSamples(clipOf("yes").file), pause))
    await settled()
    const outcomes = events.filter(({ type }) => type === "transcript.final" || type === "transcript.failed")
    assert.deepEqual(outcomes[0], { type: "transcript.failed", utteranceId: "u1", error })
    assert.deepInclude(outcomes[1], { type: "transcript.final", utteranceId: "u2" })
    assert.lengthOf(outcomes, 2)
    listener.close()
  })

  it("keeps a pre-roll of at least 250 ms", () => assert.isAtLeast(endpointing.preRollFrames * frameMs, 250))
})
