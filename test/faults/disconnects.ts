/** Clients that leave in every phase of the protocol and in every rude way. */
import { readSamples, clipOf } from "#test/stt/recordings.ts"
import { inParallel } from "./in-parallel.ts"
import { oneOf, randomOf } from "./random.ts"
import { RawClient, type RawOptions } from "./raw-client.ts"

const word = readSamples(clipOf("previous").file)
const frameSamples = 640
/** After a half-close the server should end its side. */
const closeTimeoutMs = 5_000

const start = async (client: RawClient, questionnaire?: string): Promise<void> => {
  await client.upgrade()
  client.send({ type: "session.start", mode: "file", ...(questionnaire === undefined ? {} : { questionnaire }) })
  await client.until('"session.ready"')
}
const play = (client: RawClient, samples: Int16Array): void => {
  for (let at = 0; at < samples.length; at += frameSamples)
    void client.sendAudio(samples.subarray(at, at + frameSamples))
}

/** How far a client comes before it leaves. */
export const phases: Readonly<Record<string, (client: RawClient) => Promise<unknown>>> = {
  "before the upgrade": async (client) => client.halfHandshake(),
  "after the upgrade": (client) => client.upgrade(),
  "after session.start": (client) => start(client),
  "in audio": async (client) => {
    await start(client)
    play(client, new Int16Array(6_400))
  },
  "in an utterance": async (client) => {
    await start(client)
    play(client, word.subarray(0, 14_000))
    await client.until('"speech.started"')
  },
  "in a prompt": async (client) => {
    await start(client)
    client.send({ type: "speech.say", text: "أهلا وسهلا بكم." })
    await client.until('"audio.begin"')
  },
  "in a questionnaire": async (client) => {
    await start(client, "phq-9")
    await client.until('"consent.requested"')
    client.send({ type: "consent.give", version: "1" })
    await client.until('"question.asked"')
  }
}

/** How it leaves; false: the server held on to the connection. */
export const departures: Readonly<Record<string, (client: RawClient) => Promise<boolean>>> = {
  reset: async (client) => {
    client.socket.resetAndDestroy()
    return true
  },
  "half-close": async (client) => {
    client.socket.end()
    const isClosed = await client.closedWithin(closeTimeoutMs)
    client.socket.destroy()
    return isClosed
  },
  vanishing: async (client) => {
    client.socket.destroy()
    return true
  },
  "half a frame": async (client) => {
    client.sendHalfFrame()
    client.socket.destroy()
    return true
  },
  "half a frame, reset": async (client) => {
    client.sendHalfFrame()
    // A reset drops what is not sent yet.
    await new Promise((resolve) => client.socket.write("", resolve))
    client.socket.resetAndDestroy()
    return true
  }
}

export interface Disconnects {
  readonly count: number
  /** By phase. */
  readonly byPhase: Record<string, number>
  /** Half-closed connections that the server held open, by phase. */
  readonly held: Record<string, number>
  /** The server ended it before its client could. */
  readonly refused: Record<string, number>
}

export const disconnect = async (
  where: Pick<RawOptions, "server" | "token">,
  options: {
    readonly count: number
    readonly width: number
    readonly seed: number
    readonly onDone?: (done: number) => void
  }
): Promise<Disconnects> => {
  const random = randomOf(options.seed)
  const result: Disconnects = { count: options.count, byPhase: {}, held: {}, refused: {} }
  let done = 0
  await inParallel(options.count, options.width, async () => {
    const [phase, advance] = oneOf(random, Object.entries(phases))
    const [, depart] = oneOf(random, Object.entries(departures))
    const path = phase === "in a questionnaire" ? "/ws/secure/healthcare" : "/ws/secure"
    const client = await RawClient.connect({ ...where, path })
    await advance(client)
    const add = (counts: Record<string, number>) => (counts[phase] = (counts[phase] ?? 0) + 1)
    add(result.byPhase)
    if (client.socket.destroyed || client.socket.readableEnded) add(result.refused)
    if (!(await depart(client))) add(result.held)
    options.onDone?.(++done)
  })
  return result
}
