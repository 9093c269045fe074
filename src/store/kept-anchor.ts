/** How far the audit log has come, sealed: one row. */
import type { DatabaseSync } from "node:sqlite"
import { Effect } from "effect"
import type { Cipher } from "./cipher.ts"
import type { OpenDatabase } from "./database.ts"
import { placeOf, type Step } from "./kept-sessions.ts"
import type { AuditLink } from "./store.ts"

const place = placeOf("anchor", "1", 0)

export const writeAnchor = ({ sql, cipher }: OpenDatabase, { n, chain }: AuditLink): Step<void> => {
  const sealed = cipher.seal(JSON.stringify({ n, chain }), place)
  return Effect.asVoid(sql`INSERT INTO anchors (id, sealed) VALUES (1, ${sealed})
    ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed`)
}

/** By another process. Undefined: none was written yet. */
export const readAnchor = (database: DatabaseSync, cipher: Cipher): AuditLink | undefined => {
  const row = database.prepare("SELECT sealed FROM anchors WHERE id = 1").get()
  return row === undefined ? undefined : (JSON.parse(cipher.open(row["sealed"] as Uint8Array, place)) as AuditLink)
}
