import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { endpointing, frameMs } from "#src/audio/endpointing.ts"
import { joined } from "#src/audio/pcm.ts"
import { limits } from "#src/limits.ts"
import { clipOf, clips, readSamples } from "#test/stt/recordings.ts"
import { activityOf, mixed, noises } from "../../bench/recordings.ts"
import { longRecordings, ofAudio, open, silence, turn } from "./listening.ts"

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
    const told = events.filter((event) => ofAudio(event) && event.type !== "silence.elapsed").map(({ type }) => type)
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

  it("gives the same finals however the audio is split, also in noise, where some is heard twice", async () => {
    const clean = readSamples(longRecordings[0]?.file ?? "")
    const boiler = noises.find(({ name }) => name === "boiler")?.samples ?? silence(1)
    const recording = mixed(clean, boiler, activityOf(clean).rms / 3, 0)
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

  it("counts positions from where a session left off", async () => {
    const { listener, events, settled } = open({ offsetMs: 60_000 })
    listener.push(joined(silence(500), readSamples(clipOf("three").file)))
    await settled()
    const started = events.find((event) => event.type === "speech.started")
    assert.isAbove(started?.atMs ?? 0, 60_400)
    assert.equal(listener.positionMs(), 62_500)
    listener.close()
  })

  it("keeps a pre-roll of at least 250 ms", () => assert.isAtLeast(endpointing.preRollFrames * frameMs, 250))
})
