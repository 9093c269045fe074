/** `npm run test:cuts`: sessions over connections that break all the time, simulated by the thousand, then of a real server. */
import { machine, progress, readOptions, table } from "../../bench/options.ts"
import { mintToken } from "../../scripts/client.ts"
import { startServer } from "../../scripts/server-process.ts"
import { deliver } from "./delivery.ts"
import { interviewWithCuts } from "./real-cuts.ts"

const { json, numbers } = readOptions(
  "cuts",
  `The client SDK over connections that break at random. Every durable message must come once and in order, and every answer
must stand once. First over a simulated network and clock, then PHQ-9 by touch on a server, through a proxy that cuts.`,
  {
    script: "test:cuts",
    exitCodes: "0: all as promised. 1: something came twice, out of order, or never",
    numbers: {
      simulated: { default: 10_000, about: "cuts of the simulated network" },
      real: { default: 500, about: "cuts of connections to a server" },
      seed: { default: 1, about: "of the first run" }
    }
  }
)
const faults: Array<string> = []
const simulated = { runs: 0, cuts: 0, messages: 0, snapshots: 0 }
while (simulated.cuts < numbers.simulated) {
  const seed = numbers.seed + simulated.runs
  const run = await deliver(seed)
  faults.push(...run.faults.map((fault) => `simulated, seed ${seed}: ${fault}`))
  simulated.runs++
  simulated.cuts += run.cuts
  simulated.messages += run.messages
  simulated.snapshots += run.snapshots
}
progress(`${simulated.cuts} simulated cuts`)

const server = await startServer({ TTS_HOME: "/dev/null/none" })
const real = { runs: 0, cuts: 0, messages: 0, answers: 0 }
try {
  while (real.cuts < numbers.real) {
    const seed = numbers.seed + real.runs
    const token = await mintToken(server.url, server.secret, "voice healthcare", `cuts-${seed}`)
    const run = await interviewWithCuts({ server: server.url, token, seed, cutsMax: numbers.real - real.cuts })
    faults.push(...run.faults.map((fault) => `server, seed ${seed}: ${fault}`))
    real.runs++
    real.cuts += run.cuts
    real.messages += run.messages
    real.answers += run.answers
    progress(`${real.cuts} of ${numbers.real} cuts of the server's connections`)
  }
} finally {
  await server.stop()
}
if (json) console.log(JSON.stringify({ machine: machine(), simulated, real, faults }, undefined, 2))
else {
  console.log(
    `${machine()}\n\n${table([
      { network: "simulated", ...simulated },
      { network: "server", ...real, snapshots: "-" }
    ])}\n`
  )
  console.log(faults.length === 0 ? "once and in order" : `FAILED: ${faults.join("; ")}`)
}
process.exitCode = faults.length === 0 ? 0 : 1
