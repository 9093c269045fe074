/**
 * `npm run data:backup -- FOLDER`, `data:restore -- FOLDER [--replace]`, `data:export -- FOLDER`: what is kept, by the same
 * environment as the service. Exit code 0: done. 1: not done, and nothing has changed. 2: wrong usage.
 */
import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { Result } from "effect"
import { loadSettings, type Settings } from "#src/config.ts"
import { restoreBackup, takeBackup } from "#src/store/backup.ts"
import { exportKept } from "#src/store/export.ts"

const key =
  "The storage key is not in it: keep STORAGE_KEY (or DATA_DIR/storage.key) apart, without it nothing can be read."

const acts: Readonly<Record<string, (settings: Settings, folder: string, replace: boolean) => string>> = {
  backup: (settings, backup) => {
    const taken = takeBackup({ dataDir: settings.dataDir, backup }, settings, Date.now())
    const { sessions, responses, alerts, keyId } = taken
    return `Backed up and checked: ${sessions} sessions, ${responses} responses, ${alerts} alerts, sealed with key ${keyId}.\n${key}`
  },
  restore: (settings, backup, replace) => {
    const { takenAt, sessions, responses, alerts, erasedAgain } = restoreBackup(
      { dataDir: settings.dataDir, backup },
      settings,
      { replace }
    )
    return (
      `Restored as of ${takenAt}: ${sessions} sessions, ${responses} responses, ${alerts} alerts. ` +
      `${erasedAgain} persons who were erased since then, by the audit log of DATA_DIR, were erased again.`
    )
  },
  export: (settings, folder) => {
    const { responses, alerts } = exportKept(settings.dataDir, folder, settings)
    return `${responses} responses and ${alerts} alerts, in the clear, with names: protect ${folder}, and delete it soon.`
  }
}

const usage = "Usage: npm run data:backup|data:restore|data:export -- FOLDER   (restore: [--replace])"

const main = (): number => {
  const [name = "", ...rest] = process.argv.slice(2)
  const act = acts[name]
  try {
    const { positionals, values } = parseArgs({
      args: rest,
      allowPositionals: true,
      options: { replace: { type: "boolean", default: false } }
    })
    const [folder] = positionals
    if (act === undefined || folder === undefined || positionals.length > 1) throw new Error("one folder is needed")
    const loaded = loadSettings(process.env)
    if (Result.isFailure(loaded)) {
      console.error(loaded.failure.map(({ line }) => line).join("\n"))
      return 1
    }
    try {
      console.log(act(loaded.success, resolve(folder), values.replace))
      return 0
    } catch (error) {
      console.error(error instanceof Error ? error.message : String(error))
      return 1
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    return 2
  }
}
process.exitCode = main()
