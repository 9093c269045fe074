/** What the gateway let in and refused since the start, for `/admin/health` and `/metrics`: counts only, never who or what. */
import { Context } from "effect"
import type { ErrorCode } from "#schemas/errors.ts"

export class SecurityCounters {
  tokensIssued = 0
  /** Times that one token, or all of a subject, were taken back. */
  tokensRevoked = 0
  authenticationsAccepted = 0
  readonly authenticationsRefused: Record<string, number> = {}
  /** Sessions that their token ended, by the code that they were told. */
  readonly sessionsEndedByToken: Record<string, number> = {}
  adminRefused = 0
  rateLimitRefusals = 0
  sessionLimitRefusals = 0
  malformedMessages = 0
  oversizeFrames = 0
  /** HTTP answers, by class of status: `2xx`. */
  readonly answered: Record<string, number> = {}
  /** Over HTTP and at upgrades, by code. */
  readonly refusals: { [Code in ErrorCode]?: number } = {}

  answer(status: number): void {
    const kind = `${Math.floor(status / 100)}xx`
    this.answered[kind] = (this.answered[kind] ?? 0) + 1
  }

  refuse(code: ErrorCode): void {
    this.refusals[code] = (this.refusals[code] ?? 0) + 1
  }

  refuseAuthentication(reason: string): void {
    this.authenticationsRefused[reason] = (this.authenticationsRefused[reason] ?? 0) + 1
  }

  endByToken(code: string): void {
    this.sessionsEndedByToken[code] = (this.sessionsEndedByToken[code] ?? 0) + 1
  }
}

export class Counters extends Context.Service<Counters, SecurityCounters>()("sawt/registry/Counters") {}
