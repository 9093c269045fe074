/** `npm run test:disconnects`: thousands of clients that leave rudely, and what is left of them. */
import { machine, progress, readOptions, table } from "../../bench/options.ts"
import { mintToken } from "../../scripts/client.ts"
import { startServer } from "../../scripts/server-process.ts"
import { harmDone, latencyRow, speakAmid } from "./bystanders.ts"
import { disconnect, phases } from "./disconnects.ts"
import { footprintEnv, footprintOf, footprintRow, growthFaults } from "./footprint.ts"
import { sleep } from "./hosts.ts"

const { json, numbers } = readOptions(
  "disconnects",
  `Clients come as far as a random phase of the protocol and leave: by a reset, half a close, vanishing, or half a frame. Two
sessions speak in real time beside them; their words are compared with the same lines alone, their latency with a calm
time before. Memory, descriptors and slots are read after a tenth of the clients and after all.`,
  {
    script: "test:disconnects",
    exitCodes:
      "0: no trace left. 1: memory (over 5 %), descriptors or slots grew, a socket was held, or a session was harmed",
    numbers: {
      count: { default: 10_000, about: "clients that leave" },
      width: { default: 16, about: "of them at a time" },
      seed: { default: 1, about: "of phases and departures" }
    }
  }
)
const calmMs = 20_000
const { count, width, seed } = numbers

const server = await startServer({ ...footprintEnv, MAX_CONCURRENT_SESSIONS: "100" })
try {
  const token = await mintToken(server.url, server.secret, "voice healthcare", "disconnects")
  const where = { server: server.url, token }
  const bystanders = { server, token, sessions: 2 }
  progress("a calm time first")
  const calm = await speakAmid(bystanders, sleep(calmMs))
  const warm = Math.ceil(count / 10)
  await disconnect(where, { count: warm, width, seed: seed + 1 })
  const before = await footprintOf(server)
  const startedAtMs = performance.now()
  const leaving = disconnect(where, {
    count: count - warm,
    width,
    seed,
    onDone: (done) => done % 500 === 0 && progress(`${done + warm} of ${count} have left`)
  })
  const amid = await speakAmid(bystanders, leaving)
  const left = await leaving
  const seconds = (performance.now() - startedAtMs) / 1_000
  const harm = await harmDone(bystanders, amid)
  const after = await footprintOf(server)
  const footprints = [footprintRow(`after ${warm}`, before), footprintRow(`after ${count}`, after)]
  const byPhase = Object.keys(phases).map((phase) => ({
    phase,
    clients: left.byPhase[phase] ?? 0,
    "ended by the server": left.refused[phase] ?? 0,
    "held open": left.held[phase] ?? 0
  }))
  const heldOpen = Object.entries(left.held).map(([phase, held]) => `${held} half-closed sockets held, ${phase}`)
  const latency = [latencyRow("disconnects", calm, amid)]
  const faults = [...harm, ...heldOpen, ...growthFaults(before, after)]
  if (json) console.log(JSON.stringify({ machine: machine(), footprints, byPhase, latency, faults }, undefined, 2))
  else {
    console.log(`${machine()}; ${count - warm} clients in ${seconds.toFixed(0)} s\n\n${table(byPhase)}\n`)
    console.log(`${table(footprints)}\n\n${table(latency)}\n`)
    console.log(faults.length === 0 ? "no trace left" : `FAILED: ${faults.join("; ")}`)
  }
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  await server.stop()
}
