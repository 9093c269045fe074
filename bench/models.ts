/**
 * `npm run bench:models`: a large archive downloaded, checked and unpacked by `models:download`, against
 * `curl -o f && bsdtar -xf f` of the same file from the same server, in turns; and the memory that it takes at most.
 */
import { execFileSync, spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { once } from "node:events"
import {
  closeSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { machine, median, progress, readOptions, rounded, table } from "./options.ts"

const mebibyte = 1024 * 1024
const filesInArchive = 6

/** Half of it does not compress, as weights; half of it does, as text. */
const writeSynthetic = (path: string, mebibytes: number): void => {
  const file = openSync(path, "w")
  const text = Buffer.from(
    Array.from({ length: mebibyte / 2 / 16 }, (_, at) => String((at * 7_919) % 1e15).padStart(15, "0") + "\n").join("")
  )
  for (let at = 0; at < mebibytes; at++) {
    writeSync(file, randomBytes(mebibyte / 2))
    writeSync(file, text)
  }
  closeSync(file)
}

const makeArchive = (folder: string, mebibytes: number): string => {
  mkdirSync(join(folder, "big"))
  for (let at = 0; at < filesInArchive; at++) {
    writeSynthetic(join(folder, "big", `part-${at}`), Math.ceil((mebibytes * 4) / 3 / filesInArchive))
  }
  execFileSync("zip", ["-1", "-q", "-r", "big.zip", "big"], { cwd: folder })
  rmSync(join(folder, "big"), { recursive: true })
  return join(folder, "big.zip")
}

const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash("sha256")
  await pipeline(createReadStream(path), hash)
  return hash.digest("hex")
}

/** Seconds, and mebibytes of the most that it held in memory. */
const measured = async (command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = process.env) => {
  const startedMs = performance.now()
  const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "inherit"] })
  let mostKib = 0
  const look = setInterval(() => {
    try {
      mostKib = Math.max(
        mostKib,
        Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0)
      )
    } catch {
      // Gone.
    }
  }, 50)
  const [code] = (await once(child, "close")) as [number]
  clearInterval(look)
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  return { seconds: (performance.now() - startedMs) / 1_000, rssMiB: mostKib / 1024 }
}

const { json, numbers } = readOptions(
  "models",
  "A large zip: download, check and unpack, against curl and bsdtar. Needs zip, curl and bsdtar.",
  {
    numbers: {
      mib: { default: 1_200, about: "size of the archive, MiB" },
      rounds: { default: 3, about: "of each" }
    }
  }
)

const folder = mkdtempSync(join(tmpdir(), "sawt-bench-models-"))
const server = createServer((_, response) => {
  response.writeHead(200, { "content-length": statSync(archive).size, etag: '"1"' })
  createReadStream(archive, { highWaterMark: mebibyte }).pipe(response)
})
progress(`making an archive of ${numbers.mib} MiB`)
const archive = makeArchive(folder, numbers.mib)
try {
  const bytes = statSync(archive).size
  const sha256 = await sha256Of(archive)
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const source = {
    type: "download",
    files: [{ name: "big.zip", url: `${url}/big.zip`, bytes, sha256 }],
    unpack: { archive: "zip", folder: "big", bytesMax: bytes * 3 }
  }
  const licence = { name: "none", commercialUse: true }
  const model = { name: "big", kind: "stt", languages: [], about: "", source, licence, memoryBytes: 1 }
  const manifest = join(folder, "manifest.json")
  writeFileSync(manifest, JSON.stringify({ version: 1, default: ["big"], models: [model] }))
  const rounds: Array<{ readonly ours: { seconds: number; rssMiB: number }; readonly theirs: number }> = []
  for (let round = 0; round < numbers.rounds; round++) {
    const theirs = join(folder, "theirs")
    mkdirSync(theirs)
    const shell = `curl -sf -o f ${url}/big.zip && bsdtar -xf f`
    const baseline = await measured("sh", ["-c", `cd ${theirs} && ${shell}`])
    rmSync(theirs, { recursive: true })
    const dataDir = join(folder, "ours")
    const script = join(import.meta.dirname, "../scripts/models.ts")
    const env = { ...process.env, DATA_DIR: dataDir, MODELS_MANIFEST: manifest }
    const ours = await measured(
      process.execPath,
      ["--max-semi-space-size=1", "--expose-gc", script, "download", "--json"],
      env
    )
    rmSync(dataDir, { recursive: true })
    rounds.push({ ours, theirs: baseline.seconds })
    progress(`round ${round + 1}: ${ours.seconds.toFixed(1)} s, curl and bsdtar ${baseline.seconds.toFixed(1)} s`)
  }
  const row = {
    "archive MiB": Math.round(bytes / mebibyte),
    "models:download s": rounded(median(rounds.map(({ ours }) => ours.seconds)), 1),
    "curl, bsdtar s": rounded(median(rounds.map(({ theirs }) => theirs)), 1),
    "share of their speed": rounded(median(rounds.map(({ ours, theirs }) => theirs / ours.seconds)), 2),
    "most memory MiB": Math.round(Math.max(...rounds.map(({ ours }) => ours.rssMiB)))
  }
  console.log(json ? JSON.stringify({ machine: machine(), ...row }, null, 2) : `${machine()}\n\n${table([row])}`)
} finally {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
}
