/**
 * The token behind a session: what it allows, the warning before it runs out, and the fresh one that may take its place. A
 * session whose token has run out takes its leave. When is decided by `machines/token.ts`; what is valid, by the gateway.
 */
import { Effect, FiberSet, type Scope } from "effect"
import { createActor, type Actor } from "xstate"
import { tokenMachine } from "#machines/token.ts"
import type { ClientMessage } from "#schemas/wire.ts"
import type { Admission, Renewal } from "./contract.ts"
import type { Session } from "./session.ts"

interface Watched {
  readonly actor: Actor<typeof tokenMachine>
  readonly run: (effect: Effect.Effect<void>) => void
}

export class SessionToken {
  readonly #renew: Admission["renew"]
  readonly #nowMs: () => number
  #expiresAtMs: number | undefined
  #watched: Watched | undefined
  /** Of the present token: a fresh one may allow less than the one before. */
  scopes: ReadonlyArray<string>

  constructor({ renew, tokenExpiresAtMs, scopes }: Admission, nowMs: () => number) {
    this.#renew = renew
    this.#nowMs = nowMs
    this.#expiresAtMs = tokenExpiresAtMs
    this.scopes = scopes
  }

  /** As long as the scope lasts. A session without a token has nothing that could expire. */
  watch(session: Session): Effect.Effect<void, never, Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      if (this.#expiresAtMs === undefined) return
      const fork = yield* FiberSet.makeRuntime<never>()
      const run = (effect: Effect.Effect<void>) => void fork(effect)
      const actor = createActor(tokenMachine, { input: { leftMs: this.#leftMs() } })
      actor.on("token.expiring", ({ inMs }) => session.send({ type: "session.expiring", reason: "token", in_ms: inMs }))
      actor.on("token.expired", () => run(session.leave("token_expired")))
      session.actor.on("session.opened", () => actor.send({ type: "token.presented", leftMs: this.#leftMs() }))
      this.#watched = { actor, run }
      yield* Effect.acquireRelease(
        Effect.sync(() => actor.start()),
        () => Effect.sync(() => actor.stop())
      )
    })
  }

  /** Verified aside: the one before serves on meanwhile, and also when the fresh one is refused. */
  refresh(session: Session, { token }: Extract<ClientMessage, { type: "session.refresh" }>): void {
    const ref = session.takeRef()
    const watched = this.#watched
    if (watched === undefined || this.#renew === undefined) {
      return session.refuse("forbidden", "this endpoint takes no token: there is none to refresh", ref)
    }
    const renewed = (renewal: Renewal) => {
      if (watched.actor.getSnapshot().status === "done") {
        return session.refuse("token_expired", "the fresh token came too late; connect again with it", ref)
      }
      const { subject, clientAddress } = session.options.admission
      session.options.record({
        event: "token.refreshed",
        session_id: session.id,
        token_id: renewal.tokenId,
        client_address: clientAddress,
        ...(subject === undefined ? {} : { subject })
      })
      this.scopes = renewal.scopes
      this.#expiresAtMs = renewal.expiresAtMs
      watched.actor.send({ type: "token.presented", leftMs: this.#leftMs() })
      session.send({
        type: "session.refreshed",
        expires_in_ms: this.#leftMs(),
        scope: renewal.scopes.join(" "),
        ...(ref === undefined ? {} : { ref })
      })
    }
    watched.run(
      Effect.match(this.#renew(token), {
        onFailure: ({ code, message }) => session.refuse(code, message, ref),
        onSuccess: renewed
      })
    )
  }

  #leftMs(): number {
    return Math.max(0, (this.#expiresAtMs ?? 0) - this.#nowMs())
  }
}
