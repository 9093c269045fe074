/** One row of the deployment checklist: what must hold, looked at one after the other, and how to repair what does not. */
import { fail, type Finding, ok } from "../doctor/finding.ts"
import type { Deployment } from "./deployment.ts"

/** Notes as a fault what does not hold; the row goes on. */
export type Must = (holds: boolean, fault: string) => void

export interface Check {
  readonly name: string
  /** Where it fails, the rows after it would only say the same. */
  readonly needed?: true
  readonly run: (deployment: Deployment) => Promise<Finding>
}

const rowMsMax = 100_000

const inTime = async <A>(work: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing more came within ${rowMsMax / 1_000} s`)), rowMsMax)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** `look` says what it found; faults, and what it throws, make the row fail. */
export const check = (
  name: string,
  repair: string,
  look: (deployment: Deployment, must: Must) => Promise<string | Finding>
): Check => ({
  name,
  run: async (deployment) => {
    const faults: Array<string> = []
    const must: Must = (holds, fault) => void (holds || faults.push(fault))
    try {
      const found = await inTime(look(deployment, must))
      if (faults.length > 0) return fail(name, faults.join("; "), repair)
      return typeof found === "string" ? ok(name, found) : found
    } catch (error) {
      const { message, cause } = error instanceof Error ? error : new Error(String(error))
      const because = cause instanceof Error ? ` (${cause.message})` : ""
      return fail(name, [...faults, `${message}${because}`].join("; "), repair)
    }
  }
})

/** Row after row, each told as soon as it is found. */
export const walk = async (
  checklist: ReadonlyArray<Check>,
  deployment: Deployment,
  tell: (finding: Finding) => void = () => {}
): Promise<ReadonlyArray<Finding>> => {
  const findings: Array<Finding> = []
  for (const { run, needed } of checklist) {
    const finding = await run(deployment)
    findings.push(finding)
    tell(finding)
    if (needed && finding.status === "fail") break
  }
  return findings
}
