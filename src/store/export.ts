/**
 * What is kept, in the clear, for another system: FHIR responses as newline-delimited JSON (the shape of FHIR's bulk data),
 * scores and alerts beside them. All of one moment, while the service runs.
 */
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { AlertContent, ResponseContent } from "./clinic.ts"
import { placeOf } from "./kept-sessions.ts"
import { cipherFor, databaseFile, openReading } from "./offline.ts"
import type { KeyOptions } from "./vault.ts"

export interface Exported {
  readonly responses: number
  readonly alerts: number
}

/** Into a folder that is not there yet. Throws `StoreError`, `StorageKeyError`, or what the file system says. */
export const exportKept = (dataDir: string, folder: string, keys: KeyOptions): Exported => {
  const database = openReading(databaseFile(dataDir))
  try {
    const cipher = cipherFor(database, dataDir, keys)
    mkdirSync(folder, { recursive: false, mode: 0o700 })
    database.exec("BEGIN")
    const into = (name: string, rows: Iterable<unknown>): number => {
      const file = openSync(join(folder, name), "wx", 0o600)
      let count = 0
      for (const row of rows) {
        writeSync(file, `${JSON.stringify(row)}\n`)
        count++
      }
      closeSync(file)
      return count
    }
    const responses = function* (pick: (content: ResponseContent, row: Record<string, unknown>) => unknown) {
      for (const row of database.prepare("SELECT * FROM responses ORDER BY authored_at_ms, id").iterate()) {
        const place = placeOf("response", String(row["id"]), Number(row["version"]))
        yield pick(JSON.parse(cipher.open(row["sealed"] as Uint8Array, place)) as ResponseContent, row)
      }
    }
    const alerts = function* () {
      for (const row of database.prepare("SELECT * FROM alerts ORDER BY raised_at_ms, id").iterate()) {
        const id = String(row["id"])
        const { sealed, acknowledgement } = row
        const opened = (bytes: unknown, kind: "alert" | "acknowledgement"): unknown =>
          bytes === null ? null : JSON.parse(cipher.open(bytes as Uint8Array, placeOf(kind, id, 0)))
        yield {
          id,
          raised_at: new Date(Number(row["raised_at_ms"])).toISOString(),
          about: opened(sealed, "alert") as AlertContent | null,
          acknowledgement: opened(acknowledgement, "acknowledgement")
        }
      }
    }
    const written = into(
      "QuestionnaireResponse.ndjson",
      responses(({ response }) => response)
    )
    into(
      "scores.ndjson",
      responses(({ scores }, { id, version }) => ({ response_id: id, version, scores }))
    )
    return { responses: written, alerts: into("alerts.ndjson", alerts()) }
  } finally {
    database.close()
  }
}
