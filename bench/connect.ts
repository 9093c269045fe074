/**
 * What authentication and limits cost. Three servers, each in a process of its own and the same but for this: the real one
 * checks each token, and knows the signatures of those that it has issued or verified; to the forgetful one every token comes from elsewhere; the open one takes every
 * token for the first and counts nothing. What any server does - URL, address, subprotocol, Origin, slot, session - all do.
 * Sessions are real, with stand-ins for the models. Tokens take turns, as those of a ward would: 200 of them, so that none
 * is the last one's again.
 */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import type { Profiler } from "node:inspector"
import { join } from "node:path"
import { Client } from "../scripts/client.ts"
import type { ToChild } from "./connect-child.ts"
import { machine, median, medianInterval, progress, readOptions, rounded, table } from "./options.ts"

const { json, numbers } = readOptions(
  "connect",
  `Processor time of a server for one connect (TCP, upgrade, session, close by the client) with a token that it has issued or seen before
and with one from elsewhere, and of the same server without authentication and limits, by turns; and a profile of the server while a session streams audio: which of our files ran at all, and
which below the function that takes a frame.`,
  {
    numbers: {
      pairs: { default: 20, about: "of the servers, by turns" },
      connects: { default: 300, about: "connects of each server in a pair" },
      warm: { default: 5_000, about: "connects of each before the first, in which code is compiled" },
      seconds: { default: 60, about: "seconds of audio streamed for the profile" }
    }
  }
)

interface Server {
  readonly child: ChildProcess
  readonly url: string
  readonly tokens: ReadonlyArray<string>
}

const kinds = ["real", "forgetful", "open"] as const
type Kind = (typeof kinds)[number]
const start = async (kind: Kind): Promise<Server> => {
  const child = fork(join(import.meta.dirname, "connect-child.ts"), [kind])
  const [{ port, tokens }] = (await once(child, "message")) as [{ port: number; tokens: ReadonlyArray<string> }]
  return { child, url: `http://127.0.0.1:${port}`, tokens }
}
const ask = async <A>({ child }: Server, wish: ToChild): Promise<A> => {
  const answer = once(child, "message")
  child.send(wish)
  return ((await answer) as [A])[0]
}
let opening = 0
const opened = ({ url, tokens }: Server): Promise<Client> => {
  const token = tokens[opening++ % tokens.length] ?? ""
  return Client.open({ server: url, path: "/ws/secure", token })
}

const connectsAtOnce = 4
const connects = async (server: Server, count: number): Promise<void> => {
  let left = count
  const one = async () => {
    while (left-- > 0) {
      const client = await opened(server)
      client.socket.close()
      await client.ended()
    }
  }
  await Promise.all(Array.from({ length: connectsAtOnce }, one))
}
/** Milliseconds of processor time for one connect. */
const costOf = async (server: Server, count: number): Promise<number> => {
  const before = await ask<number>(server, "cpu")
  await connects(server, count)
  return ((await ask<number>(server, "cpu")) - before) / count
}

/** What else runs on the machine comes and goes by the second: a pair is made of many short turns, in changing order. */
const turnsOfPair = 9
const pairOf = async (): Promise<Record<Kind, number>> => {
  const cost = { real: 0, forgetful: 0, open: 0 }
  for (let turn = 0; turn < turnsOfPair; turn++) {
    const first = turn % kinds.length
    for (const kind of [...kinds.slice(first), ...kinds.slice(0, first)]) {
      cost[kind] += (await costOf(servers[kind], Math.ceil(numbers.connects / turnsOfPair))) / turnsOfPair
    }
  }
  return cost
}

/** Files of ours with at least one sample: all of them, and those on a stack below `receiveAudio`. */
const filesOf = ({ nodes }: Profiler.Profile) => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const [all, below] = [new Set<string>(), new Set<string>()]
  const walk = (id: number, isBelow: boolean): void => {
    const node = byId.get(id)
    if (node === undefined) return
    const { url, functionName } = node.callFrame
    const ours = /\/((?:src|machines)\/.*)$/.exec(url)?.[1]
    const library = /node_modules\/(?!effect|xstate)((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
    const name = ours ?? library
    const isFrame = isBelow || functionName === "receiveAudio"
    if (name !== undefined) {
      all.add(name)
      if (isFrame) below.add(name)
    }
    for (const child of node.children ?? []) walk(child, isFrame)
  }
  walk(nodes[0]?.id ?? 0, false)
  return { all: [...all].toSorted(), below: [...below].toSorted() }
}
/** What decides who may come in. */
const isGuard = (name: string): boolean =>
  /gateway\/(auth|admission|address|limiter|bucket|guard|require|token|session-token|verified|revo)|registry\/slots|audit\/|^jose/.test(
    name
  )

/** Of turns, spans, metrics and logs; nothing is exported here. */
const isTelemetry = (name: string): boolean => /^src\/telemetry\/|^@opentelemetry\//.test(name)

const frameMs = 20
const profileOf = async (server: Server) => {
  const client = await opened(server)
  client.send({ type: "session.start", mode: "file" })
  await client.next("session.ready")
  await ask(server, "profile")
  const frame = new Uint8Array(frameMs * 32).map((_, at) => (at * 37) & 0xff)
  for (let ms = 0; ms < numbers.seconds * 1_000; ms += frameMs) await client.sendAudio(frame)
  client.send({ type: "ping" })
  await client.next("pong")
  const profile = await ask<Profiler.Profile>(server, "profiled")
  await client.end()
  return filesOf(profile)
}

const servers = { real: await start("real"), forgetful: await start("forgetful"), open: await start("open") }
try {
  for (const kind of kinds) await connects(servers[kind], numbers.warm)
  progress("all servers are warm")
  const pairs: Array<Record<Kind, number>> = []
  for (let pair = 0; pair < numbers.pairs; pair++) {
    pairs.push(await pairOf())
    progress(`pair ${pair + 1} of ${numbers.pairs}`)
  }
  const withoutMs = rounded(median(pairs.map(({ open }) => open)), 3)
  const results = (["real", "forgetful"] as const).map((kind) => {
    const ratios = pairs.map((pair) => pair[kind] / pair.open)
    const [least, most] = medianInterval(ratios)
    return {
      token: kind === "real" ? "issued here" : "from elsewhere",
      "CPU ms of a connect": rounded(median(pairs.map((pair) => pair[kind])), 3),
      "without gate": withoutMs,
      ratio: rounded(median(ratios), 3),
      "95 % of the median, from": rounded(least, 3),
      to: rounded(most, 3)
    }
  })
  const files = await profileOf(servers.real)
  const guards = files.all.filter(isGuard)
  const telemetry = { below: files.below.filter(isTelemetry), all: files.all.filter(isTelemetry) }
  if (json) console.log(JSON.stringify({ machine: machine(), results, files, guards, telemetry }, undefined, 2))
  else {
    console.log(`${machine()}\n\n${table(results)}\n`)
    console.log(`While ${numbers.seconds} s of audio came, below receiveAudio: ${files.below.join(", ")}`)
    console.log(`At all: ${files.all.join(", ")}`)
    console.log(`Of authentication and limits: ${guards.join(", ") || "nothing"}`)
    const { below, all } = telemetry
    console.log(
      `Of telemetry, below receiveAudio: ${below.join(", ") || "nothing"}; at all: ${all.join(", ") || "nothing"}`
    )
  }
} finally {
  for (const { child } of Object.values(servers)) child.disconnect()
}
