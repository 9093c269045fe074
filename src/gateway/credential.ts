/**
 * The token of one connection: the one that it came with, or the last fresh one that the client has sent since. A fresh one
 * must be of the same subject, allow no more than the first did, and still allow the endpoint; whatever is refused, the
 * connection goes on with the one before.
 */
import { Effect } from "effect"
import { WireError } from "#schemas/errors.ts"
import type { Audit } from "#src/audit/audit.ts"
import { type Admitted, allows, refusalOfAuth } from "#src/gateway/admission.ts"
import type { Auth } from "#src/gateway/auth.ts"
import type { Claims } from "#src/gateway/claims.ts"
import type { SecurityCounters } from "#src/registry/counters.ts"
import type { RevocationList } from "#src/registry/revocations.ts"
import type { Renewal } from "#src/session/contract.ts"

export interface CredentialServices {
  readonly audit: Audit["Service"]
  readonly auth: Auth["Service"]
  readonly counters: SecurityCounters
  readonly revocations: RevocationList
}

export class Credential {
  readonly #services: CredentialServices
  readonly #admitted: Admitted
  readonly #first: Claims
  #claims: Claims

  constructor(services: CredentialServices, admitted: Admitted, claims: Claims) {
    this.#services = services
    this.#admitted = admitted
    this.#first = claims
    this.#claims = claims
  }

  get isRevoked(): boolean {
    return this.#services.revocations.verdict(this.#claims) === "revoked"
  }

  /** Calls once, when it has been revoked; at once when it has been already. Returns how to watch no more. */
  onRevoked(end: () => void): () => void {
    const look = () => {
      if (!this.isRevoked) return
      stop()
      end()
    }
    const stop = this.#services.revocations.onRevoked(look)
    look()
    return stop
  }

  renew(token: string): Effect.Effect<Renewal, WireError> {
    const { auth, counters } = this.#services
    return auth.verify(token).pipe(
      Effect.mapError((error) => {
        this.#recordRefusal(error.reason)
        return refusalOfAuth(error)
      }),
      Effect.flatMap((claims) => {
        const { id, expiresAtMs, scopes } = claims
        const fault = this.#faultOf(claims)
        if (fault === undefined) {
          this.#claims = claims
          return Effect.succeed({ tokenId: id, expiresAtMs, scopes })
        }
        counters.refuseAuthentication(fault.reason)
        this.#recordRefusal(fault.reason)
        return Effect.fail({ code: "forbidden" as const, message: fault.message })
      }),
      Effect.mapError(({ code, message }) => new WireError({ code, message }))
    )
  }

  #faultOf({ subject, scopes, invitation }: Claims): { readonly reason: string; readonly message: string } | undefined {
    if (invitation !== undefined) {
      return { reason: "invitation", message: "An invitation begins a visit; it takes no token's place." }
    }
    if (subject !== this.#first.subject) {
      return { reason: "subject", message: "The fresh token is another subject's." }
    }
    if (!scopes.every((scope) => this.#first.scopes.includes(scope)) || !allows(this.#admitted.endpoint, scopes)) {
      const allowed = this.#first.scopes.join(" ")
      return {
        reason: "scope",
        message: `The fresh token's scope must be within "${allowed}" and allow this endpoint.`
      }
    }
    return undefined
  }

  /** With the subject of the session, whoever the refused token says it is. */
  #recordRefusal(reason: string): void {
    const { endpoint, clientAddress } = this.#admitted
    const { subject } = this.#first
    this.#services.audit.record({
      event: "token.refused",
      reason,
      endpoint,
      client_address: clientAddress,
      ...(subject === undefined ? {} : { subject })
    })
  }
}
