/**
 * The chain of the audit log: each line carries its number and a hash over the line and the chain before it, so that a line
 * that was changed, taken out, put in or moved breaks it. The first line of each file carries what went before, so that a
 * file can be checked after older ones are gone. What shows that the end was cut off, or all of it written anew, is the
 * anchor: the last link, sealed in the database.
 */
import { createHash } from "node:crypto"
import type { AuditLink } from "#src/store/store.ts"

/** `n` from 1; `chain`: SHA-256, as hex. */
export type Link = AuditLink

export const genesis: Link = { n: 0, chain: "0".repeat(64) }

const linkPattern =
  /^(?<body>\{.*,"n":(?<n>\d{1,15})(?:,"after":"(?<after>[0-9a-f]{64})")?),"chain":"(?<chain>[0-9a-f]{64})"\}$/

const hashOf = (before: string, body: string): string => createHash("sha256").update(`${before}\n${body}`).digest("hex")

/** `json`: an object with at least one field. `isFirst`: of its file. */
export const linked = (
  before: Link,
  json: string,
  isFirst: boolean
): { readonly line: string; readonly link: Link } => {
  const n = before.n + 1
  const body = `${json.slice(0, -1)},"n":${n}${isFirst ? `,"after":"${before.chain}"` : ""}`
  const chain = hashOf(before.chain, body)
  return { line: `${body},"chain":"${chain}"}`, link: { n, chain } }
}

export interface ReadLine extends Link {
  readonly after?: string
  readonly follows: (before: string) => boolean
}

/** Undefined: it is no line of the chain. */
export const readLine = (line: string): ReadLine | undefined => {
  const { body, n, after, chain } = linkPattern.exec(line)?.groups ?? {}
  if (body === undefined || chain === undefined) return undefined
  return {
    n: Number(n),
    chain,
    ...(after === undefined ? {} : { after }),
    follows: (before) => hashOf(before, body) === chain
  }
}

export interface Place {
  readonly file: string
  /** From 1. */
  readonly line: number
}

export interface Verdict {
  readonly lines: number
  /** 1, or more where older files are gone. */
  readonly first: number
  readonly last: Link
  /** Lines of a version that had no chain yet. */
  readonly unchained: number
  /** Cut off by a crash; nothing is lacking but what was being written then. */
  readonly torn: ReadonlyArray<Place>
  readonly faults: ReadonlyArray<Place & { readonly what: string }>
}

export interface LogFile {
  readonly name: string
  readonly text: string
}

/** `files`: oldest first. `anchor`: what the end must have reached. */
export const verify = (files: Iterable<LogFile>, anchor?: Link): Verdict => {
  const torn: Array<Place> = []
  const faults: Array<Verdict["faults"][number]> = []
  const seen = new Map<number, string>()
  let last: Link | undefined
  let [first, lines, unchained] = [0, 0, 0]
  let isAnchored = anchor === undefined || anchor.n === 0
  for (const { name, text } of files) {
    for (const [at, line] of text.split("\n").entries()) {
      if (line === "") continue
      const place = { file: name, line: at + 1 }
      const read = readLine(line)
      if (read === undefined) {
        if (isJson(line) && last === undefined) unchained++
        else if (isJson(line)) faults.push({ ...place, what: "it has no place in the chain" })
        else torn.push(place)
        continue
      }
      // Written twice, since the disk failed in between.
      if (seen.get(read.n) === read.chain) continue
      lines++
      const what = faultOf(read, last)
      if (what !== undefined) faults.push({ ...place, what })
      if (last === undefined) first = read.n
      last = read
      seen.set(read.n, read.chain)
      if (read.n === anchor?.n) isAnchored = read.chain === anchor.chain
    }
  }
  const end = last ?? genesis
  if (!isAnchored && anchor !== undefined) {
    const isShort = end.n < anchor.n
    const what = isShort
      ? `it ends at ${end.n}, and line ${anchor.n} was written: the end was cut off`
      : `line ${anchor.n} is not the one that was written: the log was written anew`
    faults.push({ file: "", line: 0, what })
  }
  return { lines, first, last: { n: end.n, chain: end.chain }, unchained, torn, faults }
}

const faultOf = (read: ReadLine, last: Link | undefined): string | undefined => {
  const before = last?.chain ?? read.after
  if (last !== undefined && read.n !== last.n + 1)
    return `number ${read.n} follows ${last.n}: lines are lacking or moved`
  if (before === undefined) return "what went before the first line is not told"
  if (read.after !== undefined && read.after !== before) return "it does not follow the file before"
  return read.follows(before) ? undefined : "it was changed, or the line before it"
}

const isJson = (line: string): boolean => {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}
