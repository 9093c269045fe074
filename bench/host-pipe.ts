/**
 * What the model hosts and their pipes cost: CPU seconds per second of audio, of the server and of each host, while
 * sessions push 20 ms frames in real time. Beside it the bare model in this process. Run: `node bench/host-pipe.ts`.
 * Reads /proc, so Linux only. Figures of one machine; compare the lines with each other.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { startHost, startSharedHost, whenReady } from "#src/host/start.ts"
import type { Host } from "#src/host/host.ts"
import { embeddedSttModelPath, Stt } from "#src/stt/stt.ts"
import { loadLibvosk } from "#src/stt/libvosk.ts"
import { embeddedVadModelPath, Vad, vadFrameSamples } from "#src/vad/vad.ts"
import { InferenceSession, Tensor } from "onnxruntime-node"

const sampleRateHz = 16_000
const seconds = 10
const sessions = 8
const fixtures = fileURLToPath(new URL("../test/fixtures/ar-commands", import.meta.url))
const clips = readdirSync(fixtures).filter((file) => file.startsWith("long-"))
const speech = new Int16Array(seconds * sampleRateHz)
{
  let at = 0
  for (const file of clips) {
    const bytes = readFileSync(join(fixtures, file)).subarray(44)
    const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1)))
    const taken = samples.subarray(0, Math.min(samples.length, speech.length - at))
    speech.set(taken, at)
    at += taken.length
  }
}

const ownCpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
/** utime and stime of another process, in ticks of 10 ms. */
const cpuSecondsOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}
const pidOf = (host: Host): number => {
  const status = host.status()
  return status._tag === "Ready" ? status.pid : 0
}

/** Feeds every session in real time, each with a phase of its own, in pieces of `pieceSamples`. */
const feed = (pieceSamples: number, push: (session: number, samples: Int16Array) => void): Promise<void> => {
  const pieceMs = (pieceSamples * 1_000) / sampleRateHz
  const pieces = Math.floor(speech.length / pieceSamples)
  const one = async (session: number): Promise<void> => {
    const start = performance.now() + (session * pieceMs) / sessions
    for (let i = 0; i < pieces; i++) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + i * pieceMs - performance.now())))
      push(session, speech.subarray(i * pieceSamples, (i + 1) * pieceSamples))
    }
  }
  return Promise.all(Array.from({ length: sessions }, (_, session) => one(session))).then(() => {})
}

const audioSeconds = seconds * sessions
const line = (name: string, parts: Record<string, number>): void => {
  const figures = Object.entries(parts).map(([part, value]) => `${part} ${(value / audioSeconds).toFixed(5)}`)
  console.log(`${name.padEnd(34)} ${figures.join("   ")}`)
}

const measure = async (name: string, hosts: ReadonlyArray<Host>, run: () => Promise<void>): Promise<void> => {
  const pids = [...new Set(hosts.map(pidOf))]
  const before = pids.map(cpuSecondsOf)
  const own = ownCpuSeconds()
  await run()
  const server = ownCpuSeconds() - own
  const each = pids.map((pid, i) => cpuSecondsOf(pid) - (before[i] ?? 0))
  line(name, { server, ...Object.fromEntries(each.map((value, i) => [`host${i + 1}`, value])) })
}

const runStt = (stt: Stt["Service"], push: (session: number, samples: Int16Array) => void) => async () => {
  const utterances = Array.from({ length: sessions }, () => stt.open({ alternatives: 0, onPartial: () => {} }))
  await feed(320, (session, samples) => {
    utterances[session]?.push(samples)
    push(session, samples)
  })
  await Promise.all(utterances.map((utterance) => Effect.runPromise(utterance.finish)))
}

/** The same samples with no pauses between them: what the pipe itself adds to the bare loop. */
const runSttUnpaced = (stt: Stt["Service"]) => async () => {
  for (let session = 0; session < sessions; session++) {
    const utterance = stt.open({ alternatives: 0, onPartial: () => {} })
    utterance.push(speech)
    await Effect.runPromise(utterance.finish)
  }
}

/** Gathers 20 ms frames to the detector's 32 ms. */
const makeVadFeed = (vad: Vad["Service"]) => {
  const streams = Array.from({ length: sessions }, () => {
    const stream = vad.open({ probabilities: () => {}, failed: () => {} })
    const frame = new Int16Array(vadFrameSamples)
    let filled = 0
    return (samples: Int16Array): void => {
      for (let at = 0; at < samples.length;) {
        const taken = Math.min(frame.length - filled, samples.length - at)
        frame.set(samples.subarray(at, at + taken), filled)
        filled += taken
        at += taken
        if (filled < frame.length) continue
        stream.push(frame)
        filled = 0
      }
    }
  })
  return (session: number, samples: Int16Array): void => streams[session]?.(samples)
}

const bareVosk = async (): Promise<void> => {
  const vosk = await loadLibvosk(undefined)
  const model = vosk.newModel(embeddedSttModelPath)
  if (model === null) throw new Error("no model")
  const before = ownCpuSeconds()
  for (let session = 0; session < sessions; session++) {
    const recognizer = vosk.newRecognizer(model, sampleRateHz)
    if (recognizer === null) throw new Error("no recogniser")
    vosk.setWords(recognizer, 1)
    const bytes = new Uint8Array(speech.buffer)
    for (let at = 0; at < bytes.length; at += 4_096) {
      await vosk.accept(recognizer, bytes.subarray(at, at + 4_096))
      vosk.partialResult(recognizer)
    }
    await vosk.finalResult(recognizer)
    vosk.freeRecognizer(recognizer)
  }
  line("bare libvosk, 128 ms blocks", { cpu: ownCpuSeconds() - before })
}

const bareSilero = async (): Promise<void> => {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const
  const model = await InferenceSession.create(embeddedVadModelPath, options)
  for (const size of [1, 4, 8, 16]) {
    const feeds = {
      input: new Tensor("float32", new Float32Array(size * 576), [size, 576]),
      state: new Tensor("float32", new Float32Array(2 * size * 128), [2, size, 128]),
      sr: new Tensor("int64", new BigInt64Array([16_000n]), [])
    }
    const run = async (times: number) => {
      for (let i = 0; i < times; i++) await model.run(feeds)
    }
    await run(50)
    const times = 2_000 / size
    const before = ownCpuSeconds()
    await run(times)
    const msPerFrame = ((ownCpuSeconds() - before) * 1_000) / (times * size)
    const perSecond = (msPerFrame * sampleRateHz) / vadFrameSamples / 1_000
    console.log(
      `bare Silero, batch ${size}: ${msPerFrame.toFixed(4)} ms a frame, ${perSecond.toFixed(5)} CPU s per audio s`
    )
  }
}

const sttOptions = { modelPath: embeddedSttModelPath, idleRecognizersMax: 32 }
const vadOptions = { modelPath: embeddedVadModelPath }

await bareVosk()
await bareSilero()
console.log(`${sessions} sessions, ${seconds} s each in real time; CPU s per audio s`)
await measure("the loop of this bench alone", [], () => feed(320, () => {}))
await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const sttHost = yield* startHost("stt", sttOptions)
      const vadHost = yield* startHost("vad", vadOptions)
      yield* whenReady(sttHost)
      yield* whenReady(vadHost)
      const stt = Stt.overHost(sttHost, "bench")
      const vad = Vad.overHost(vadHost)
      yield* Effect.promise(() => measure("stt, without pauses", [sttHost], runSttUnpaced(stt)))
      yield* Effect.promise(() =>
        measure(
          "stt",
          [sttHost],
          runStt(stt, () => {})
        )
      )
      yield* Effect.promise(() => measure("vad", [vadHost], () => feed(320, makeVadFeed(vad))))
      yield* Effect.promise(() => measure("stt + vad, own hosts", [sttHost, vadHost], runStt(stt, makeVadFeed(vad))))
    })
  )
)
await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const hosts = yield* startSharedHost([
        { kind: "stt", options: sttOptions },
        { kind: "vad", options: vadOptions }
      ])
      for (const host of hosts) yield* whenReady(host)
      const [sttHost, vadHost] = hosts
      if (sttHost === undefined || vadHost === undefined) return
      const stt = Stt.overHost(sttHost, "bench")
      const vad = Vad.overHost(vadHost)
      yield* Effect.promise(() => measure("stt + vad, one host", hosts, runStt(stt, makeVadFeed(vad))))
    })
  )
)
