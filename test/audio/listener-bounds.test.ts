import { Deferred, Effect } from "effect"
import { assert, describe, it } from "vitest"
import { endpointing, frameMs } from "#src/audio/endpointing.ts"
import { joined } from "#src/audio/pcm.ts"
import { Stt, SttError } from "#src/stt/stt.ts"
import { Vad } from "#src/vad/vad.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { assertSamples, finishing, frameSamples, open, recording, silence, stt, turn, vad } from "./listening.ts"

describe("a listener, at its edges", () => {
  it("goes on with what it has not heard yet when the detector dies, and tells of each outage once", async () => {
    let fail: () => void = () => {}
    let opened = 0
    const dying: Vad["Service"] = {
      ...vad,
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

  it("takes no echo for speech, asks once about each frame, and still hears what is none", async () => {
    let fail: () => void = () => {}
    const dying: Vad["Service"] = {
      ...vad,
      open: (to) => {
        const stream = vad.open(to)
        fail = () => {
          stream.close()
          to.failed(undefined as never)
        }
        return stream
      }
    }
    const asked: Array<number> = []
    const { listener, finals, settled, count } = open({
      vad: dying,
      judge: (frame, atMs) => {
        assert.lengthOf(frame, frameSamples)
        return asked.push(atMs) * frameMs <= 2_500 ? "echo" : "other"
      }
    })
    listener.push(joined(silence(500), readSamples(clipOf("three").file)))
    fail()
    await settled()
    assert.equal(count("speech.started"), 0)
    listener.push(readSamples(clipOf("yes").file))
    await settled()
    assert.deepEqual(
      finals().map(({ transcript }) => transcript.text),
      [clipOf("yes").text]
    )
    assert.deepEqual(
      asked,
      asked.map((_, frame) => frame * frameMs)
    )
    listener.close()
  })

  it("does not wait for a recogniser that has died", async () => {
    const dead: Stt["Service"] = {
      ...stt,
      open: ({ onFailed }) => {
        queueMicrotask(() => onFailed?.())
        const gone = new SttError({ reason: "crash", message: "gone" })
        return {
          push: () => {},
          peek: (answer) => answer(undefined),
          conclude: (_, answer) => answer(false),
          cancel: () => {},
          finish: Effect.fail(gone)
        }
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
            peek: (answer) => utterance.peek(answer),
            conclude: (accept, answer) => utterance.conclude(accept, answer),
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
})
