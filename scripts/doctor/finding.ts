/** What the doctor finds: one line each, and where something is wrong, how to repair it. */
export interface Finding {
  readonly check: string
  readonly status: "ok" | "warn" | "fail"
  readonly found: string
  readonly repair?: string
}

export const ok = (check: string, found: string): Finding => ({ check, status: "ok", found })
export const warn = (check: string, found: string, repair: string): Finding => ({
  check,
  status: "warn",
  found,
  repair
})
export const fail = (check: string, found: string, repair: string): Finding => ({
  check,
  status: "fail",
  found,
  repair
})

export const lineOf = ({ check, status, found, repair }: Finding): string =>
  `${status.padEnd(4)}  ${check.padEnd(14)} ${found}${repair === undefined ? "" : ` — ${repair}`}`
