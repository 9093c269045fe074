/** What the gateway let in and refused since the start, for `/admin/health`: counts only, never who or what. */
import { Context } from "effect"

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

  refuseAuthentication(reason: string): void {
    this.authenticationsRefused[reason] = (this.authenticationsRefused[reason] ?? 0) + 1
  }

  endByToken(code: string): void {
    this.sessionsEndedByToken[code] = (this.sessionsEndedByToken[code] ?? 0) + 1
  }
}

export class Counters extends Context.Service<Counters, SecurityCounters>()("sawt/registry/Counters") {}
