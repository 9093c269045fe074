/** A folder of models of one's own, what is installed into it, and what can be seen in it. */
import { createHash } from "node:crypto"
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Result } from "effect"
import type { DownloadEntry, DownloadEvent, ModelFile, Unpack } from "#schemas/models.ts"
import { ModelError } from "#schemas/models.ts"
import { installAll, type InstallOptions } from "#src/models/install.ts"
import { layoutOf } from "#src/models/layout.ts"
import type { Patience } from "#src/models/patience.ts"
import { zipOf } from "./archives.ts"

export const impatient: Patience = {
  attemptsMax: 4,
  backoffMs: 1,
  backoffMsMax: 4,
  retryAfterMsMax: 5_000,
  paceWindowMs: 300,
  paceBytesMin: 1_024
}

/** Random, so that it does not compress; the same for the same seed. */
export const noise = (seed: string, bytes: number): Buffer => {
  const blocks: Array<Buffer> = []
  for (let at = 0; at * 32 < bytes; at++) blocks.push(createHash("sha256").update(`${seed} ${at}`).digest())
  return Buffer.concat(blocks).subarray(0, bytes)
}

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")

/** The content of a model, and its zip. */
export const contentOf = (seed: string, bytes = 400_000): Readonly<Record<string, Buffer>> => ({
  "am/final.mdl": noise(`${seed} am`, bytes / 2),
  "conf/mfcc.conf": Buffer.from(`--seed=${seed}\n`),
  "graph/words.txt": noise(`${seed} words`, bytes / 2)
})
export const zipOfContent = (content: Readonly<Record<string, Buffer>>): Buffer =>
  zipOf(Object.entries(content).map(([path, bytes]) => ({ name: `toy/${path}`, content: bytes })))

export const entryOf = (file: Partial<ModelFile> = {}, unpack: Partial<Unpack> | undefined = {}): DownloadEntry => ({
  name: "toy",
  kind: "stt",
  languages: ["ar"],
  about: "a toy",
  source: {
    type: "download",
    files: [{ name: "toy.zip", url: "http://127.0.0.1:1/toy.zip", ...file }],
    unpack: { archive: "zip", folder: "toy", bytesMax: 10_000_000, ...unpack }
  },
  licence: { name: "MIT", commercialUse: true },
  memoryBytes: 1_000
})

/** Path and SHA-256 of each file that the model's name leads to; undefined where there is none. */
export const treeOf = (root: string, model = "toy"): Readonly<Record<string, string>> | undefined => {
  const found: Record<string, string> = {}
  const walk = (folder: string, prefix: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      if (lstatSync(path).isDirectory()) walk(path, `${prefix}${name}/`)
      else found[`${prefix}${name}`] = sha256(readFileSync(path))
    }
  }
  try {
    walk(join(root, model), "")
  } catch {
    return undefined
  }
  return found
}

export const hashesOf = (content: Readonly<Record<string, Buffer>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(content).map(([path, bytes]) => [path, sha256(bytes)]))

export class Folder {
  readonly root: string
  readonly events: Array<DownloadEvent> = []

  constructor(root = mkdtempSync(join(tmpdir(), "sawt-models-"))) {
    this.root = root
  }

  get notes(): ReadonlyArray<string> {
    return this.events.flatMap((event) => (event.event === "note" ? [event.message] : []))
  }

  get layout() {
    return layoutOf(this.root)
  }

  effect(entry: DownloadEntry, baseUrl: string, options: Partial<InstallOptions> = {}) {
    return installAll([entry], {
      layout: this.layout,
      patience: impatient,
      tell: (event) => void this.events.push(event),
      environment: {},
      baseUrl,
      reserve: 0,
      ...options
    })
  }

  /** `undefined` when it is installed, else why not. */
  async install(
    entry: DownloadEntry,
    baseUrl: string,
    options: Partial<InstallOptions> = {}
  ): Promise<ModelError | undefined> {
    const [result] = await Effect.runPromise(this.effect(entry, baseUrl, options))
    return result !== undefined && Result.isFailure(result) ? result.failure : undefined
  }

  tree(model?: string) {
    return treeOf(this.root, model)
  }

  /** Whatever lies there besides complete versions. */
  leftovers(): ReadonlyArray<string> {
    return [this.layout.partial, this.layout.staging].flatMap((folder) => readdirSync(folder))
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
