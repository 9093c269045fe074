/** Clients that take more than their share, each kind for as long as it is told; one that is thrown out comes again. */
import { setImmediate } from "node:timers/promises"
import { joined } from "#src/audio/pcm.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { Client } from "../../scripts/client.ts"
import { sleep } from "./hosts.ts"
import { RawClient, type RawOptions } from "./raw-client.ts"

export interface CrowdOptions extends RawOptions {
  readonly signal: AbortSignal
}

/** What one client does until it is told to stop, and how often the server threw it out. */
export type Nuisance = (options: CrowdOptions) => Promise<number>

const start = async (options: CrowdOptions, mode: "live" | "file"): Promise<RawClient> => {
  const client = await RawClient.connect(options)
  await client.upgrade()
  client.send({ type: "session.start", mode })
  await client.until('"session.ready"')
  return client
}

/** `step` again and again, with a new session each time the server has ended one. */
const again =
  (mode: "live" | "file", step: (client: RawClient, number: number) => Promise<void>): Nuisance =>
  async (options) => {
    let thrownOut = 0
    while (!options.signal.aborted) {
      const client = await start(options, mode)
      for (let number = 0; !options.signal.aborted && !client.socket.destroyed; number++) {
        await step(client, number)
        // A write that the kernel takes at once resolves before any timer: the bystanders' microphones live here too.
        await setImmediate()
      }
      if (!options.signal.aborted) thrownOut++
      client.socket.destroy()
    }
    return thrownOut
  }

const speech = joined(...Array.from({ length: 4 }, () => readSamples(clipOf("previous").file)))
const speechFrames = Array.from({ length: Math.floor(speech.length / 3_200) }, (_, i) =>
  speech.subarray(i * 3_200, (i + 1) * 3_200)
)

export const nuisances: Readonly<Record<string, Nuisance>> = {
  /** Has long texts spoken and reads nothing of them. */
  "slow readers": again("file", async (client, number) => {
    client.socket.pause()
    client.send({ type: "speech.say", text: `${number}: ${"هذا نص طويل يقال ولا يسمعه أحد. ".repeat(8)}` })
    await sleep(1_000)
  }),
  "floods of pings": again("live", async (client) => {
    for (let i = 0; i < 200; i++) client.send({ type: "ping" })
    await sleep(1)
  }),
  "floods of live audio": again("live", async (client, number) => {
    const frame = speechFrames[number % speechFrames.length]
    if (frame !== undefined) await client.sendAudio(frame)
  }),
  /** Honest work, as much as is taken. */
  "files of speech": again("file", async (client, number) => {
    const frame = speechFrames[number % speechFrames.length]
    if (frame !== undefined) await client.sendAudio(frame)
  }),
  "stops in mid-frame": again("live", async (client, number) => {
    if (number === 0) client.sendHalfFrame()
    await sleep(100)
  }),
  /** Sessions that open and end as fast as they can. */
  "comers and goers": async (options) => {
    while (!options.signal.aborted) {
      const client = await Client.open({ server: options.server, path: "/ws/secure", token: options.token })
      client.send({ type: "session.start" })
      await client.next("session.ready")
      await client.end()
    }
    return 0
  }
}
