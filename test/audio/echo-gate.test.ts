import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { BandLevels, bandCount, silenceDb } from "#src/audio/band-levels.ts"
import { EchoGate, type Verdict } from "#src/audio/echo-gate.ts"
import { joined, toSample } from "#src/audio/pcm.ts"
import { clips, mixed, noises, samplesOfMs, silence, trimmed } from "../../bench/recordings.ts"
import { sampled, sine } from "./signals.ts"

const frameMs = 32
const frameSamples = samplesOfMs(frameMs)
/** Somebody who talks on and on, for a prompt. */
const talk = (speaker: string): Int16Array =>
  joined(...clips.filter(({ file }) => file.includes(speaker)).map(({ samples }) => trimmed(samples, 40)))
const prompt = talk("00000014")
const promptMs = prompt.length / 16
const word = trimmed(clips.find(({ file }) => file.startsWith("stop-00000004"))?.samples ?? silence(1), 60)

interface Room {
  readonly echoDb: number
  readonly delayMs: number
  /** Reflections, too. */
  readonly isRoom: boolean
}

/** Put into the microphone: what was played from `fromMs`, softer, later and with a room. */
const echoInto = (microphone: Float32Array, fromMs: number, { echoDb, delayMs, isRoom }: Room): void => {
  const gain = 10 ** (echoDb / 20)
  const paths = [[0, 1], ...(isRoom ? Array.from({ length: 16 }, (_, i) => [7 + i * 9, 0.25 * 0.8 ** i]) : [])]
  for (const [laterMs = 0, share = 0] of paths) {
    const at = samplesOfMs(fromMs + delayMs + laterMs)
    prompt.forEach((sample, i) => {
      if (at + i < microphone.length) microphone[at + i] = (microphone[at + i] ?? 0) + sample * gain * share
    })
  }
}
const noisy = (sound: Float32Array): Int16Array =>
  mixed(Int16Array.from(sound, toSample), noises[0]?.samples ?? silence(1), 15, 0)

const startsMs = [480, 480 + Math.ceil((promptMs + 1_000) / frameMs) * frameMs]
const lengthMs = (startsMs[1] ?? 0) + promptMs + 1_500

/** Another prompt begins, and this is what is heard of it. */
const play = (gate: EchoGate, atMs: number, sound = prompt): void => {
  gate.begin(atMs)
  gate.play(atMs, sound, 16_000)
}

interface Heard {
  readonly room?: Room
  /** Where a person says the word. */
  readonly wordAtMs?: number
  readonly offsetMs?: number
}

/** Whether each is an echo; what is doubtful is what the next frame that is not comes to. */
const decided = (found: ReadonlyArray<Verdict>): ReadonlyArray<boolean> =>
  found.map((_, frame) => found.slice(frame).find((verdict) => verdict !== "doubtful") === "echo")

/** The verdicts of two prompts, by frame. */
const verdicts = ({ room, wordAtMs, offsetMs = 0 }: Heard, gate = new EchoGate()): ReadonlyArray<boolean> => {
  const microphone = new Float32Array(samplesOfMs(lengthMs))
  if (room !== undefined) for (const startMs of startsMs) echoInto(microphone, startMs, room)
  word.forEach((sample, i) => {
    const at = samplesOfMs(wordAtMs ?? 0) + i
    if (wordAtMs !== undefined) microphone[at] = (microphone[at] ?? 0) + sample
  })
  const samples = noisy(microphone)
  const found = Array.from({ length: Math.floor(samples.length / frameSamples) }, (_, frame) => {
    const atMs = frame * frameMs
    if (startsMs.includes(atMs)) play(gate, offsetMs + atMs)
    const sound = samples.subarray(frame * frameSamples, (frame + 1) * frameSamples)
    return gate.isAudible(offsetMs + atMs) ? gate.judge(sound, offsetMs + atMs) : "other"
  })
  return decided(found)
}

/** Frames that pass, of those that count. `tell`: what the gate hears of the playback before each. */
const passedIn = (
  microphone: Float32Array,
  tell: (gate: EchoGate, atMs: number) => void,
  counts: (atMs: number) => boolean
): number => {
  const gate = new EchoGate()
  const samples = noisy(microphone)
  let passed = 0
  for (let frame = 0; frame < samples.length / frameSamples - 1; frame++) {
    const atMs = frame * frameMs
    tell(gate, atMs)
    const sound = samples.subarray(frame * frameSamples, (frame + 1) * frameSamples)
    if (gate.judge(sound, atMs) === "other" && counts(atMs)) passed++
  }
  return passed
}

/** Frames from `fromMs` on that pass, of those in which the echo sounds. */
const passing = (found: ReadonlyArray<boolean>, fromMs: number, toMs: number): number =>
  found.slice(Math.ceil(fromMs / frameMs), Math.floor(toMs / frameMs)).filter((isEcho) => !isEcho).length

const inPrompts = (found: ReadonlyArray<boolean>, delayMs: number): number =>
  startsMs.reduce((sum, startMs) => sum + passing(found, startMs + delayMs, startMs + delayMs + promptMs), 0)

describe("an echo gate", () => {
  /** Of about 600 frames: all of one sound pass where it has been taken for a person's. */
  it("takes a prompt that comes back for an echo, but for its very first sound at most, at any delay and level", () => {
    const rooms = fc.record({
      echoDb: fc.integer({ min: -30, max: -6 }),
      delayMs: fc.integer({ min: 0, max: 500 }),
      isRoom: fc.boolean()
    })
    fc.assert(
      fc.property(rooms, (room) => assert.isAtMost(inPrompts(verdicts({ room }), room.delayMs), 48)),
      { numRuns: 5, seed: 7 }
    )
  })

  it("lets a person through who speaks over it", () => {
    for (const room of [
      { echoDb: -12, delayMs: 120, isRoom: true },
      { echoDb: -20, delayMs: 300, isRoom: false }
    ]) {
      const wordAtMs = (startsMs[1] ?? 0) + 2_000
      const found = verdicts({ room, wordAtMs })
      assert.isAtLeast(passing(found, wordAtMs, wordAtMs + word.length / 16), 7, JSON.stringify(room))
    }
  })

  it("is in nobody's way where nothing comes back", () => {
    const wordAtMs = (startsMs[0] ?? 0) + 1_500
    const found = verdicts({ wordAtMs })
    const frames = Math.floor(word.length / frameSamples)
    assert.isAtLeast(passing(found, wordAtMs, wordAtMs + word.length / 16), frames - 3)
    assert.isUndefined(new EchoGate().delayMs)
  })

  it("finds the delay of the echo", () => {
    for (const delayMs of [0, 96, 400]) {
      const gate = new EchoGate()
      verdicts({ room: { echoDb: -12, delayMs, isRoom: false } }, gate)
      assert.closeTo(gate.delayMs ?? Infinity, delayMs, 24)
    }
  })

  it("judges the same audio alike wherever in a session it comes", () => {
    const heard = { room: { echoDb: -15, delayMs: 130, isRoom: true }, wordAtMs: 3_000 }
    assert.deepEqual(verdicts({ ...heard, offsetMs: 3_600_000 }), verdicts(heard))
  })

  it("has nothing to do where nothing was played, where it is over, and where it was stopped", () => {
    const gate = new EchoGate()
    assert.isFalse(gate.isAudible(0))
    gate.play(1_000, prompt, 16_000)
    assert.isTrue(gate.isAudible(1_000 + promptMs))
    assert.isFalse(gate.isAudible(1_000 + promptMs + 1_300))
    gate.stop(2_000)
    assert.isTrue(gate.isAudible(2_500))
    assert.isFalse(gate.isAudible(3_300))
  })

  it("follows a client that says that it has stalled", () => {
    const stallMs = 640
    const room = { echoDb: -12, delayMs: 100, isRoom: false }
    const passedWith = (isTold: boolean): number => {
      const second = startsMs[1] ?? 0
      const microphone = new Float32Array(samplesOfMs(lengthMs + stallMs))
      echoInto(microphone, startsMs[0] ?? 0, room)
      const half = samplesOfMs(2_016)
      const at = samplesOfMs(second + room.delayMs)
      prompt.forEach((sample, i) => {
        const place = at + i + (i < half ? 0 : samplesOfMs(stallMs))
        if (place < microphone.length) microphone[place] = sample * 10 ** (room.echoDb / 20)
      })
      return passedIn(
        microphone,
        (gate, atMs) => {
          if (startsMs.includes(atMs)) {
            play(gate, atMs)
            gate.delayed(100)
          }
          if (isTold && atMs === second + 2_208) gate.delayed(100 + stallMs)
        },
        (atMs) => atMs > second + 2_100 && atMs < second + promptMs + stallMs
      )
    }
    assert.isBelow(passedWith(true), passedWith(false) / 2)
  })

  it("compares with a prompt from its beginning, whatever was still to be played of the one before", () => {
    const gate = new EchoGate()
    play(gate, 0, talk("00000004"))
    const room = { echoDb: -20, delayMs: 80, isRoom: false }
    assert.isAtMost(inPrompts(verdicts({ room }, gate), room.delayMs), 48)
  })

  it("knows the beginning of a prompt that the client plays sooner than the one before", () => {
    const room = { echoDb: -6, delayMs: 64, isRoom: false }
    const [first = 0, second = 0] = startsMs
    const onset = prompt.findIndex((sample) => Math.abs(sample) > 6_000)
    const microphone = new Float32Array(samplesOfMs(lengthMs))
    echoInto(microphone, second - onset / 16, room)
    microphone.fill(0, 0, samplesOfMs(second + room.delayMs))
    echoInto(microphone, first + 320, room)
    const passed = passedIn(
      microphone,
      (gate, atMs) => {
        if (startsMs.includes(atMs)) play(gate, atMs, atMs === second ? prompt.subarray(onset) : prompt)
        if (atMs === first + 448) gate.delayed(320)
        // As late as what is said of a moment comes after it on a busy machine.
        if (atMs === second + 256) gate.delayed(0)
      },
      (atMs) => atMs >= second + 256 && atMs < second + 640
    )
    assert.isAtMost(passed, 1)
  })

  it("does not learn from a ducked prompt that its echo is soft", () => {
    const passedAfter = (isTold: boolean): number => {
      const room = { echoDb: -6, delayMs: 64, isRoom: false }
      const [first = 0, second = 0] = startsMs
      const microphone = new Float32Array(samplesOfMs(lengthMs))
      echoInto(microphone, first, room)
      // Ducked all through the first prompt but for its first second.
      for (let i = samplesOfMs(first + 1_000); i < samplesOfMs(second); i++) microphone[i] = (microphone[i] ?? 0) * 0.1
      echoInto(microphone, second, room)
      return passedIn(
        microphone,
        (gate, atMs) => {
          if (startsMs.includes(atMs)) play(gate, atMs)
          if (isTold && atMs === first + 992) gate.ducked(true)
          if (isTold && atMs === second - 512) gate.ducked(false)
        },
        (atMs) => atMs >= second
      )
    }
    assert.isBelow(passedAfter(true), passedAfter(false))
  })

  it("learns from the prompt after one that was cut off while it was ducked: a soft voice passes where nothing comes back any more", () => {
    const passedOf = (isCut: boolean): number => {
      const [first = 0, second = 0] = startsMs
      const wordAtMs = second + 3_000
      const microphone = new Float32Array(samplesOfMs(lengthMs))
      echoInto(microphone, first, { echoDb: -6, delayMs: 64, isRoom: false })
      microphone.fill(0, samplesOfMs(first + 1_500))
      word.forEach((sample, i) => (microphone[samplesOfMs(wordAtMs) + i] = sample * 0.2))
      return passedIn(
        microphone,
        (gate, atMs) => {
          if (startsMs.includes(atMs)) play(gate, atMs)
          if (isCut && atMs === first + 1_312) gate.ducked(true)
          if (isCut && atMs === first + 1_504) gate.stop(first + 1_504)
        },
        (atMs) => atMs >= wordAtMs && atMs < wordAtMs + 700
      )
    }
    assert.isAbove(passedOf(false), 10)
    assert.isAbove(passedOf(true), 8)
  })
})

describe("levels of bands", () => {
  it("rise where the sound is, at any sample rate", () => {
    for (const sampleRateHz of [8_000, 16_000, 22_050, 48_000]) {
      const bands = new BandLevels(sampleRateHz, frameMs)
      const loudest = [300, 1_000, 2_500].map((hz) => {
        const levels = new Float32Array(bandCount)
        const sound = sampled(sine(hz, 8_000), sampleRateHz, frameMs)
        bands.measure(sound, 0, sound.length, levels, 0)
        return levels.indexOf(Math.max(...levels))
      })
      assert.deepEqual(
        loudest,
        loudest.toSorted((a, b) => a - b)
      )
      assert.equal(new Set(loudest).size, 3)
    }
  })

  it("are those of a sine whose power is known, and of silence outside of the sound", () => {
    const bands = new BandLevels(16_000, frameMs)
    const levels = new Float32Array(bandCount)
    const sound = sampled(sine(1_000, 16_384), 16_000, frameMs)
    bands.measure(sound, 0, sound.length, levels, 0)
    const power = levels.reduce((sum, level) => sum + 10 ** (level / 10), 0)
    assert.closeTo(10 * Math.log10(power), -9, 1)
    bands.measure(sound, 600, sound.length, levels, 0)
    for (const level of levels) assert.closeTo(level, silenceDb, 0.01)
  })
})
