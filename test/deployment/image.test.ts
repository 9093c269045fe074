/**
 * No container tool runs in tests, so the Dockerfile's own steps are run here: its context as .dockerignore has it, the
 * commands of its build stage on a bare folder, then its command as a user without rights, over a root file system that
 * cannot be written to. Not seen by this: the base image, apt-get, tini, ownership of the volume. The mount needs root.
 */
import { execFileSync, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { chmodSync, chownSync, cpSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { freePort } from "../../scripts/server-process.ts"
import { walk } from "../../scripts/verify/check.ts"
import { checklist } from "../../scripts/verify/checklist.ts"
import { Deployment, isWhole } from "../../scripts/verify/deployment.ts"

const root = join(import.meta.dirname, "../..")
const nobody = 65_534
const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8").replaceAll("\\\n", " ")
const [buildStage = ""] = dockerfile.split(/^FROM .*$/m).slice(1)
const commands = [...buildStage.matchAll(/^RUN (.*)$/gm)].map(([, command = ""]) => command)
const command = /^CMD \[(.*)\]$/m.exec(dockerfile)?.[1] ?? ""
const healthcheck = /CMD \["node", "(.*)"\]/.exec(dockerfile)?.[1] ?? ""

/** The lines of .dockerignore after `*` name what is let in. */
const context = readFileSync(join(root, ".dockerignore"), "utf8")
  .split("\n")
  .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []))

const isRoot = process.getuid?.() === 0
let folder: string
let image: string
let data: string
let bin: string

beforeAll(() => {
  if (!isRoot) return
  folder = mkdtempSync(join(tmpdir(), "sawt-image-"))
  chmodSync(folder, 0o755)
  image = join(folder, "sawt")
  data = join(folder, "data")
  bin = join(folder, "node")
  mkdirSync(image)
  mkdirSync(data)
  chownSync(data, nobody, nobody)
  try {
    linkSync(process.execPath, bin)
  } catch {
    cpSync(process.execPath, bin)
  }
  for (const name of context) cpSync(join(root, name), join(image, name), { recursive: true })
  for (const run of commands) execFileSync("/bin/sh", ["-ec", run], { cwd: image, stdio: "pipe" })
  for (const path of execFileSync("find", [image, "-name", ".bin", "-prune", "-o", "-type", "d", "-print"], {
    encoding: "utf8"
  }).split("\n")) {
    if (path !== "") chmodSync(path, 0o755)
  }
}, 120_000)
afterAll(() => {
  if (isRoot) rmSync(folder, { recursive: true, force: true })
})

/** In a mount namespace of its own, where all of the root but DATA_DIR is read-only, and /dev/null everybody's, as in any container. */
const asNobody = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  spawn(
    "unshare",
    [
      "--mount",
      "sh",
      "-ec",
      '[ -e "$0.null" ] || mknod --mode=666 "$0.null" c 1 3; mount --bind "$0.null" /dev/null; mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; mount --bind "$DATA_DIR" "$DATA_DIR"; mount -o remount,bind,ro /; cd "$0"; exec setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --inh-caps=-all "$@"',
      image,
      ...args
    ],
    { env: { PATH: `${dirname(bin)}:/usr/bin:/bin`, HOME: "/nonexistent", ...env }, stdio: ["ignore", "pipe", "pipe"] }
  )

const ended = async (child: ReturnType<typeof asNobody>): Promise<{ readonly code: number; readonly text: string }> => {
  let text = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (text += part.toString()))
  const [code] = (await once(child, "close")) as [number]
  return { code, text }
}

describe.skipIf(!isRoot)("what the Dockerfile builds", () => {
  it("holds what runs, of this platform alone", () => {
    const size = Number(execFileSync("du", ["-sm", image], { encoding: "utf8" }).split("\t")[0])
    assert.isBelow(size, 320, "megabytes")
    const found = execFileSync("find", [image, "-name", "*.dll", "-o", "-name", "*.dylib"], { encoding: "utf8" })
    assert.strictEqual(found, "")
    for (const name of ["test", "docs", "node_modules/vitest", "node_modules/node"]) {
      assert.throws(() => readFileSync(join(image, name, "package.json")))
    }
  })

  it("serves in production as a user without rights, from a read-only tree, keeping all it keeps in DATA_DIR", async () => {
    const port = String(await freePort())
    const secret = randomBytes(32).toString("hex")
    const tokenSecret = randomBytes(32).toString("hex")
    const env = {
      PORT: port,
      VOICE_SERVICE_ENV: "production",
      VOICE_SERVICE_SECRET: secret,
      VOICE_SERVICE_TOKEN: tokenSecret,
      STORAGE_KEY: randomBytes(32).toString("base64"),
      DATA_DIR: data,
      TTS_HOME: join(data, "tts_cache"),
      VOSK_MODEL_PATH: join(image, "models/vosk-model-tiny-ar"),
      HELPLINE_TEXT: "اتصل بالرقم ٩١١",
      DRAIN_SECONDS: "0",
      TMPDIR: data
    }
    const touch = await ended(asNobody(["touch", "new"], env))
    assert.match(touch.text, /Read-only file system/)
    assert.match((await ended(asNobody(["touch", "/var/tmp/new"], env))).text, /Read-only file system/)
    const healthy = async () => (await ended(asNobody([bin, healthcheck], env))).code
    assert.strictEqual(await healthy(), 1)

    const service = asNobody([bin, ...command.split(",").map((word) => word.trim().slice(1, -1))], env)
    const end = ended(service)
    const url = `http://127.0.0.1:${port}`
    while (!(await isWhole(url)) && service.exitCode === null) await sleep(50)
    assert.strictEqual(await healthy(), 0)
    const deployment = new Deployment({ url, secret, tokenSecret, quick: true })
    const wanted = new Set(["health", "storage", "hears", "speaks", "interview", "sessions"])
    const findings = await walk(
      checklist.filter(({ name }) => wanted.has(name)),
      deployment
    )
    assert.deepStrictEqual(
      findings.filter(({ status }) => status !== "ok"),
      []
    )
    service.kill("SIGTERM")
    assert.strictEqual((await end).code, 0)
  }, 60_000)
})
