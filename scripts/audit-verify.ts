/**
 * `npm run audit:verify`: whether the audit log of DATA_DIR stands as it was written. With the storage key at hand also
 * whether its end is there: the last link is sealed in the database. Exit code 0: it does. 1: it does not. 2: not to be read.
 */
import { Result } from "effect"
import { AuditFiles } from "#src/audit/files.ts"
import { type Link, verify } from "#src/audit/chain.ts"
import { loadSettings, type Settings } from "#src/config.ts"
import { readAnchor } from "#src/store/kept-anchor.ts"
import { cipherFor, databaseFile, openReading } from "#src/store/offline.ts"

const anchorOf = (settings: Settings): { readonly anchor?: Link; readonly note: string } => {
  try {
    const database = openReading(databaseFile(settings.dataDir))
    try {
      const anchor = readAnchor(database, cipherFor(database, settings.dataDir, settings))
      return anchor === undefined
        ? { note: "no end is sealed in the database yet" }
        : { anchor, note: `line ${anchor.n} is sealed in the database` }
    } finally {
      database.close()
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { note: `whether the end was cut off cannot be told: ${why}` }
  }
}

const main = async (): Promise<number> => {
  const loaded = loadSettings(process.env)
  if (Result.isFailure(loaded)) {
    console.error(loaded.failure.map(({ line }) => line).join("\n"))
    return 2
  }
  const settings = loaded.success
  // Before the files: what is written meanwhile is beyond it.
  const { anchor, note } = anchorOf(settings)
  const folder = `${settings.dataDir}/audit`
  const files = await new AuditFiles({ folder, fileBytesMax: 0, bytesMax: 0, retentionDays: 0 }).read()
  const { lines, first, last, unchained, torn, faults } = verify(files, anchor)
  const where = ({ file, line }: { readonly file: string; readonly line: number }) =>
    file === "" ? "the log" : `${file}:${line}`
  if (unchained > 0)
    console.log(`${unchained} lines are from a version without a chain; nothing shows whether they stand.`)
  if (first > 1) console.log(`The log begins at line ${first}: older files are gone, by age or by hand.`)
  for (const place of torn) console.log(`${where(place)}: torn by a crash; the chain goes on behind it.`)
  for (const fault of faults) console.error(`${where(fault)}: ${fault.what}.`)
  console.log(
    `${lines} lines in ${files.length} files, ${faults.length === 0 ? "unbroken" : `${faults.length} faults`}, up to line ${last.n} ` +
      `(${last.chain.slice(0, 16)}…); ${note}.`
  )
  return faults.length === 0 ? 0 : 1
}
process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error))
  return 2
})
