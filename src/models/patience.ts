/** How long a download waits, and how often it tries again. Whatever brings bytes begins the count anew. */
export interface Patience {
  /** Tries in a row that brought nothing; then the download fails. */
  readonly attemptsMax: number
  /** First wait; doubled for each further one, and spread by half. */
  readonly backoffMs: number
  readonly backoffMsMax: number
  /** A server that asks to wait longer than this is not waited for. */
  readonly retryAfterMsMax: number
  /** In each window as many bytes must come, or the try is broken off: a stall, or a server that drips. */
  readonly paceWindowMs: number
  readonly paceBytesMin: number
}

export const patience: Patience = {
  attemptsMax: 8,
  backoffMs: 1_000,
  backoffMsMax: 60_000,
  retryAfterMsMax: 10 * 60_000,
  paceWindowMs: 30_000,
  paceBytesMin: 64 * 1024
}

/** Before try number `attempt` (the second is 2); `random` is in [0, 1). */
export const backoffMs = ({ backoffMs: first, backoffMsMax }: Patience, attempt: number, random: number): number =>
  Math.min(backoffMsMax, first * 2 ** (attempt - 2)) * (0.75 + random / 2)
