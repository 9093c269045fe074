/** `npm run test:crowd`: what slow readers and floods cost the sessions beside them. */
import { machine, progress, readOptions, type Row, table } from "../../bench/options.ts"
import { mintToken } from "../../scripts/client.ts"
import { startServer } from "../../scripts/server-process.ts"
import { harmDone, latencyRow, speakAmid } from "./bystanders.ts"
import { nuisances } from "./crowd.ts"
import { footprintEnv, footprintOf } from "./footprint.ts"
import { sleep } from "./hosts.ts"

const { json, numbers } = readOptions(
  "crowd",
  `Two sessions speak in real time, first alone, then beside each kind of client that takes more than its share. Their words
must be those of the same lines alone. Their latency, from the end of the speech to the final, is given beside the
calm one; a ratio up to 1.2 is aimed at.`,
  {
    script: "test:crowd",
    exitCodes: "0: no word of others was harmed, whatever the latency. 1: some were, or a slot stayed taken",
    numbers: {
      clients: { default: 3, about: "of each kind" },
      seconds: { default: 20, about: "for each kind" }
    }
  }
)
const { clients, seconds } = numbers

const server = await startServer({ ...footprintEnv, MAX_CONCURRENT_SESSIONS: "40" })
try {
  const token = await mintToken(server.url, server.secret, "voice", "crowd")
  const where = { server: server.url, path: "/ws/secure", token }
  const bystanders = { server, token, sessions: 2 }
  progress("alone")
  const calm = await speakAmid(bystanders, sleep(seconds * 1_000))
  const rows: Array<Row> = []
  const faults: Array<string> = []
  for (const [name, nuisance] of Object.entries(nuisances)) {
    progress(`beside ${clients} ${name}`)
    const over = new AbortController()
    const crowd = Promise.all(Array.from({ length: clients }, () => nuisance({ ...where, signal: over.signal })))
    const amid = await speakAmid(
      bystanders,
      sleep(seconds * 1_000).then(() => over.abort())
    )
    const thrownOut = (await crowd).reduce((sum, count) => sum + count, 0)
    rows.push({ ...latencyRow(name, calm, amid), "thrown out": thrownOut })
    faults.push(...(await harmDone(bystanders, amid)).map((fault) => `${name}: ${fault}`))
    const { sessions } = await footprintOf(server)
    if (sessions > 0) faults.push(`${name}: ${sessions} slots stay taken`)
  }
  if (json) console.log(JSON.stringify({ machine: machine(), rows, faults }, undefined, 2))
  else
    console.log(`${machine()}\n\n${table(rows)}\n\n${faults.length === 0 ? "no harm" : `FAILED: ${faults.join("; ")}`}`)
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  await server.stop()
}
