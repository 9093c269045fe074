/** A new version has proved itself when it has been loaded and has recognised; until then the one before is kept. */
import { type Layout, otherVersions, pointTo, currentVersion, removeVersion } from "./layout.ts"

/** Removes every version but the one in use. */
export const prove = async (layout: Layout, model: string): Promise<ReadonlyArray<string>> => {
  const old = otherVersions(layout, model)
  for (const version of old) await removeVersion(layout, model, version)
  return old
}

/** Back to the version before, if there is one, and away with the one that failed. Returns what is in use then. */
export const rollBack = async (layout: Layout, model: string): Promise<string | undefined> => {
  const failed = currentVersion(layout, model)
  const [before] = otherVersions(layout, model)
  if (failed === undefined || failed === "by-hand" || before === undefined) return undefined
  await pointTo(layout, model, before)
  await removeVersion(layout, model, failed)
  return before
}
