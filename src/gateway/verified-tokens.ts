import type { Claims } from "./claims.ts"

/**
 * What tokens claim whose signature this process has verified or made: that a text is signed by one of our keys stays so for as long as the
 * process has these keys. Nothing else about a token does, so expiry and revocation are looked at each time. At the bound
 * the one that was added first goes.
 */
export class VerifiedTokens {
  readonly #claims = new Map<string, Claims>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#claims.size
  }

  claimsOf(token: string): Claims | undefined {
    return this.#claims.get(token)
  }

  add(token: string, claims: Claims): void {
    this.#claims.set(token, claims)
    if (this.#claims.size <= this.#most) return
    const [oldest] = this.#claims.keys()
    if (oldest !== undefined) this.#claims.delete(oldest)
  }
}
