/** A zip as large as a large model, a server that has it, and a process that is watched while it works. */
import { execFileSync, spawn } from "node:child_process"
import { createHash, type Hash, randomBytes } from "node:crypto"
import { once } from "node:events"
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"

const mebibyte = 1024 * 1024
const filesInArchive = 6

/** Half of it does not compress, as weights; half of it does, as text. Returns its SHA-256. */
const writeSynthetic = (path: string, mebibytes: number): string => {
  const file = openSync(path, "w")
  const hash: Hash = createHash("sha256")
  const text = Buffer.from(
    Array.from({ length: mebibyte / 2 / 16 }, (_, at) => String((at * 7_919) % 1e15).padStart(15, "0") + "\n").join("")
  )
  for (let at = 0; at < mebibytes; at++) {
    for (const part of [randomBytes(mebibyte / 2), text]) {
      writeSync(file, part)
      hash.update(part)
    }
  }
  closeSync(file)
  return hash.digest("hex")
}

export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash("sha256")
  await pipeline(createReadStream(path), hash)
  return hash.digest("hex")
}

export interface LargeArchive {
  readonly url: string
  readonly bytes: number
  /** Of the model `big`, which the server has. */
  readonly manifest: string
  /** SHA-256 of each file by its name. */
  readonly files: ReadonlyMap<string, string>
  readonly close: () => void
}

/** Of about so many MiB, in `folder`. */
export const serveLargeArchive = async (folder: string, mebibytes: number): Promise<LargeArchive> => {
  mkdirSync(join(folder, "big"))
  const files = new Map<string, string>()
  for (let at = 0; at < filesInArchive; at++) {
    const name = `part-${at}`
    files.set(name, writeSynthetic(join(folder, "big", name), Math.ceil((mebibytes * 4) / 3 / filesInArchive)))
  }
  execFileSync("zip", ["-1", "-q", "-r", "big.zip", "big"], { cwd: folder })
  rmSync(join(folder, "big"), { recursive: true })
  const archive = join(folder, "big.zip")
  const bytes = statSync(archive).size
  const sha256 = await sha256Of(archive)
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-length": bytes, etag: '"1"' })
    createReadStream(archive, { highWaterMark: mebibyte }).pipe(response)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/big.zip`
  const source = {
    type: "download",
    files: [{ name: "big.zip", url, bytes, sha256 }],
    unpack: { archive: "zip", folder: "big", bytesMax: bytes * 3 }
  }
  const licence = { name: "none", commercialUse: true }
  const model = { name: "big", kind: "stt", languages: [], about: "", source, licence, memoryBytes: 1 }
  const manifest = join(folder, "manifest.json")
  writeFileSync(manifest, JSON.stringify({ version: 1, default: ["big"], models: [model] }))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url, bytes, manifest, files, close }
}

/** Seconds, and mebibytes of the most that it held in memory. */
export const watched = async (command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = process.env) => {
  const startedMs = performance.now()
  const child = spawn(command, args, { env, stdio: ["ignore", "ignore", "inherit"] })
  let mostKib = 0
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8")
      mostKib = Math.max(mostKib, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0))
    } catch {
      // Gone.
    }
  }, 50)
  const [code] = (await once(child, "close")) as [number]
  clearInterval(look)
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  return { seconds: (performance.now() - startedMs) / 1_000, rssMiB: mostKib / 1024 }
}
