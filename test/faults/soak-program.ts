/** `npm run test:soak`: a thousand sessions, and what is left of them. */
import { machine, progress, readOptions, type Row, table } from "../../bench/options.ts"
import { mintToken } from "../../scripts/client.ts"
import { startServer } from "../../scripts/server-process.ts"
import { type Footprint, footprintEnv, footprintOf, footprintRow, growthFaults } from "./footprint.ts"
import { soak } from "./soak.ts"

const { json, numbers } = readOptions(
  "soak",
  `Sessions with real audio in file mode on /ws/secure, some at a time. Memory (RSS of the server and of its hosts), file
descriptors and slots are read after a tenth, after half and at the end, when all has come to rest and garbage is
collected.`,
  {
    script: "test:soak",
    exitCodes:
      "0: flat. 1: over 5 % more memory at the end than at half, more descriptors, a slot taken, a session unheard",
    numbers: {
      sessions: { default: 1_000, about: "sessions in all" },
      concurrent: { default: 10, about: "sessions at a time" }
    }
  }
)
const pauseAt = [Math.ceil(numbers.sessions / 10), Math.ceil(numbers.sessions / 2)]

const server = await startServer({ ...footprintEnv, MAX_CONCURRENT_SESSIONS: String(numbers.concurrent + 1) })
try {
  const token = await mintToken(server.url, server.secret, "voice", "soak")
  const rows: Array<Row> = []
  const footprints: Array<Footprint> = []
  const unheard = await soak({
    server,
    token,
    ...numbers,
    pauseAt,
    onPause: async (sessions) => {
      const footprint = await footprintOf(server)
      footprints.push(footprint)
      rows.push(footprintRow(`after ${sessions}`, footprint))
      progress(`${sessions} of ${numbers.sessions} sessions have been`)
    }
  })
  const [half, end] = footprints.slice(-2)
  const faults = [...unheard, ...(half && end ? growthFaults(half, end) : [])]
  if (json) console.log(JSON.stringify({ machine: machine(), rows, faults }, undefined, 2))
  else console.log(`${machine()}\n\n${table(rows)}\n\n${faults.length === 0 ? "flat" : `FAILED: ${faults.join("; ")}`}`)
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  await server.stop()
}
