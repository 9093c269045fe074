/** The audit log as it stands on disk; every line is held against its schema. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"
import { AuditLine } from "#schemas/audit.ts"

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(AuditLine), { onExcessProperty: "error" })

/** Names within `dataDir`/audit, oldest first. */
export const auditFiles = (dataDir: string): ReadonlyArray<string> =>
  existsSync(join(dataDir, "audit")) ? readdirSync(join(dataDir, "audit")).toSorted() : []

export const auditText = (dataDir: string): string =>
  auditFiles(dataDir)
    .map((name) => readFileSync(join(dataDir, "audit", name), "utf8"))
    .join("")

export const auditLines = (dataDir: string): ReadonlyArray<AuditLine> =>
  auditText(dataDir)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => decode(line))
