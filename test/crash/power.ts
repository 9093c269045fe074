/**
 * A power cut at a chosen write of the store: the files as the disk has them at that instant are what is left. The writes
 * are counted where SQLite gets them, statement by statement, so a cut may fall into a transaction, between a commit and
 * the message that tells of it, or - torn - into the commit itself, whose bytes are then partly on disk.
 */
import { cpSync, existsSync, statSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { StatementSync } from "node:sqlite"

export interface Cut {
  /** After so many statements from now. */
  readonly afterStatements: number
  /** Share of the bytes of the last statement that reached the disk; 1: all of them. */
  readonly written: number
}

interface Planned extends Cut {
  readonly from: string
  readonly to: string
  readonly happened: () => void
}

let planned: Planned | undefined
let counted = 0

const walBytes = (folder: string): number => statSync(join(folder, "sawt.db-wal"), { throwIfNoEntry: false })?.size ?? 0

/** The cut happens by itself, before the statement returns; it is forgotten by `spare`. */
export const planCut = (cut: Planned): void => {
  planned = cut
  counted = 0
}
/** True when a cut was still to come. */
export const spare = (): boolean => {
  const wasPlanned = planned !== undefined
  planned = undefined
  return wasPlanned
}

export const copyFiles = (from: string, to: string): void => cpSync(from, to, { recursive: true })

const cutNow = ({ from, to, written, happened }: Planned, bytesBefore: number): void => {
  planned = undefined
  const bytes = walBytes(from)
  copyFiles(from, to)
  const wal = join(to, "sawt.db-wal")
  if (written < 1 && bytes > bytesBefore && existsSync(wal)) {
    truncateSync(wal, bytesBefore + Math.floor((bytes - bytesBefore) * written))
  }
  happened()
}

const run = StatementSync.prototype.run as (this: StatementSync, ...values: ReadonlyArray<unknown>) => never

/** Until `restore` is called. */
export const watchWrites = (): (() => void) => {
  StatementSync.prototype.run = function (this: StatementSync, ...values: ReadonlyArray<unknown>) {
    const due = planned !== undefined && ++counted >= planned.afterStatements ? planned : undefined
    const bytesBefore = due === undefined ? 0 : walBytes(due.from)
    const result = run.apply(this, values as [])
    if (due !== undefined && due === planned) cutNow(due, bytesBefore)
    return result
  } as typeof StatementSync.prototype.run
  return () => {
    StatementSync.prototype.run = run as typeof StatementSync.prototype.run
  }
}
