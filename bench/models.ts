/**
 * `npm run bench:models`: a large archive downloaded, checked and unpacked by `models:download`, against
 * `curl -o f && bsdtar -xf f` of the same file from the same server, in turns; and the memory that it takes at most.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { downloadArgs, smallEnvironment } from "#src/models/program.ts"
import { serveLargeArchive, watched } from "./large-archive.ts"
import { machine, median, progress, readOptions, rounded, table } from "./options.ts"

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
progress(`making an archive of ${numbers.mib} MiB`)
const archive = await serveLargeArchive(folder, numbers.mib)
try {
  const rounds: Array<{ readonly ours: { seconds: number; rssMiB: number }; readonly theirs: number }> = []
  for (let round = 0; round < numbers.rounds; round++) {
    const theirs = join(folder, "theirs")
    mkdirSync(theirs)
    const baseline = await watched("sh", ["-c", `cd ${theirs} && curl -sf -o f ${archive.url} && bsdtar -xf f`])
    rmSync(theirs, { recursive: true })
    const dataDir = join(folder, "ours")
    const env = { ...process.env, ...smallEnvironment, DATA_DIR: dataDir, MODELS_MANIFEST: archive.manifest }
    const ours = await watched(process.execPath, downloadArgs(), env)
    rmSync(dataDir, { recursive: true })
    rounds.push({ ours, theirs: baseline.seconds })
    progress(`round ${round + 1}: ${ours.seconds.toFixed(1)} s, curl and bsdtar ${baseline.seconds.toFixed(1)} s`)
  }
  const row = {
    "archive MiB": Math.round(archive.bytes / 1024 ** 2),
    "models:download s": rounded(median(rounds.map(({ ours }) => ours.seconds)), 1),
    "curl, bsdtar s": rounded(median(rounds.map(({ theirs }) => theirs)), 1),
    "share of their speed": rounded(median(rounds.map(({ ours, theirs }) => theirs / ours.seconds)), 2),
    "most memory MiB": Math.round(Math.max(...rounds.map(({ ours }) => ours.rssMiB)))
  }
  console.log(json ? JSON.stringify({ machine: machine(), ...row }, null, 2) : `${machine()}\n\n${table([row])}`)
} finally {
  archive.close()
  rmSync(folder, { recursive: true, force: true })
}
