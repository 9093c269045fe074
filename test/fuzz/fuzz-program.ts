/** `npm run test:fuzz`: a hundred thousand hostile inputs at each boundary. */
import { machine, progress, readOptions, rounded, type Row, table } from "../../bench/options.ts"
import { boundaryNames, fuzz, inProcess, overTcp, type Report, type Subject } from "./run.ts"

const { json, numbers } = readOptions(
  "fuzz",
  `Hostile bytes at each boundary: the upgrade request, the first message, messages of a session, frames of audio, WebSocket
framing. Most go through the whole service in this process, where a pair of streams stands for TCP and small stand-ins for
the models; some go over TCP to src/main.ts with its models. Memory is that after a warm-up of a tenth as many inputs, and
at the end, garbage collected: of the heap in this process, of the server (RSS) over TCP.`,
  {
    script: "test:fuzz",
    exitCodes: "0: all were served or refused. 1: one was not, something failed inside, or memory grew",
    numbers: {
      inputs: { default: 100_000, about: "inputs at each boundary, in this process" },
      tcp: { default: 5_000, about: "inputs at each boundary, over TCP" },
      seed: { default: 0, about: "of the inputs; 0: another each time" }
    }
  }
)
const seed = numbers.seed === 0 ? 1 + Math.floor(Math.random() * 999_999) : numbers.seed
progress(`seed ${seed}`)

const growthMaxMb = { "this process": 16, TCP: 32 } as const
const rows: Array<Row> = []
const faults: Array<string> = []

const row = (
  where: string,
  { boundary, inputs, connections, megabytes, durationMs, cpuMs, outcomes }: Report
): Row => ({
  where,
  boundary,
  inputs,
  connections,
  outcomes: outcomes.size,
  seconds: rounded(durationMs / 1_000, 1),
  "CPU s": rounded(cpuMs / 1_000, 1),
  "warm MB": rounded(megabytes[0], 1),
  "end MB": rounded(megabytes[1], 1)
})

const all = async (where: keyof typeof growthMaxMb, subject: Subject, inputs: number): Promise<void> => {
  try {
    for (const boundary of boundaryNames) {
      try {
        const report = await fuzz(subject, boundary, seed, inputs)
        rows.push(row(where, report))
        progress(`${where}, ${boundary}: ${[...report.outcomes].map((outcome) => outcome.join(" ")).join(", ")}`)
        const [warm, end] = report.megabytes
        if (end - warm > growthMaxMb[where]) faults.push(`${boundary}: memory grew from ${warm} to ${end} MB`)
      } catch (error) {
        faults.push(`${where}, ${boundary}: ${String(error)}`)
        progress(`FAILED: ${faults.at(-1)}`)
      }
    }
  } finally {
    await subject.close()
  }
}
await all("this process", await inProcess(), numbers.inputs)
await all("TCP", await overTcp(), numbers.tcp)

if (json) console.log(JSON.stringify({ machine: machine(), seed, rows, faults }, undefined, 2))
else
  console.log(
    `${machine()}, seed ${seed}\n\n${rows.length > 0 ? table(rows) : ""}\n\n${faults.join("\n") || "all served or refused"}`
  )
process.exit(faults.length === 0 ? 0 : 1)
