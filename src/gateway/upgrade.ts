/**
 * WebSocket upgrades on the HTTP server's own port. Whoever is turned away gets a proper HTTP answer and never becomes a
 * WebSocket. A slot is bound to the TCP socket: it comes back when that closes, whatever ended it. Closing the layer
 * turns new clients away, gives live ones the time to finish, tells those that are left 1012, and cuts those that do not go.
 */
import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { Effect, FiberSet, Layer, Schedule } from "effect"
import { type WebSocket, WebSocketServer } from "ws"
import { closeCodes, errorRow } from "#schemas/errors.ts"
import { type Admitted, chooseProtocol, Gate, type Protocol, refusalOfSlot } from "#src/gateway/admission.ts"
import { Auth } from "#src/gateway/auth.ts"
import { Credential } from "#src/gateway/credential.ts"
import { NodeServer } from "#src/gateway/node-server.ts"
import { refuse, type Refusal, refusalStatus, writeRefusal } from "#src/gateway/refusal.ts"
import { sawtV1 } from "#src/gateway/sawt-v1.ts"
import { ClientSocket } from "#src/gateway/socket.ts"
import { UpgradeAttempt } from "#src/gateway/upgrade-attempt.ts"
import { isVoskServers, voskServer } from "#src/gateway/vosk-server.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { limits } from "#src/limits.ts"
import { Counters } from "#src/registry/counters.ts"
import { Live, type LiveSession } from "#src/registry/live.ts"
import { Revocations } from "#src/registry/revocations.ts"
import { type Slot, Slots } from "#src/registry/slots.ts"
import { type Admission, Recognitions, Sessions } from "#src/session/contract.ts"
import type { SpanRef } from "#src/telemetry/trace-context.ts"
import { Turns } from "#src/telemetry/turns.ts"

export interface UpgradeOptions {
  readonly heartbeatMs: number
  /** How long clients have to answer a close before they are cut. */
  readonly closeTimeoutMs: number
  /** `limits.firstMessageMs` unless told otherwise. */
  readonly firstMessageMs?: number
}

export const layerUpgrade = (options: UpgradeOptions) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const server = yield* NodeServer
      const gate = yield* Gate
      const slots = yield* Slots
      const live = yield* Live
      const counters = yield* Counters
      const audit = yield* Audit
      const sessions = yield* Sessions
      const recognitions = yield* Recognitions
      const turns = yield* Turns
      const services = { audit, auth: yield* Auth, counters, revocations: yield* Revocations }
      const { drainSeconds } = yield* AppConfig
      const fork = yield* FiberSet.makeRuntime<never>()
      const clients = new Map<WebSocket, ClientSocket>()

      /** Sessions take their leave and close their sockets; those that do not go are cut. */
      const cutStragglers = Effect.callback<void>((resume) => {
        if (clients.size === 0) return resume(Effect.void)
        const cut = setTimeout(() => {
          for (const socket of clients.keys()) socket.terminate()
        }, options.closeTimeoutMs)
        for (const [socket, client] of clients) {
          client.close(errorRow("draining").closeCode ?? closeCodes.goingAway, "draining")
          socket.once("close", () => {
            if (clients.size > 0) return
            clearTimeout(cut)
            resume(Effect.void)
          })
        }
      })

      const drain = Effect.suspend(() => {
        slots.drain()
        const drained = [sessions.drain(drainSeconds * 1_000), recognitions.drain(drainSeconds * 1_000)]
        return Effect.andThen(Effect.all(drained, { concurrency: "unbounded", discard: true }), cutStragglers)
      })

      const serverOptions = {
        noServer: true,
        maxPayload: limits.frameBytesMax,
        perMessageDeflate: false,
        // One message in a turn of the event loop: a flood of small ones from one client keeps no other waiting.
        allowSynchronousEvents: false,
        clientTracking: false,
        // Known to ws 8.23, not yet to its types.
        closeTimeout: options.closeTimeoutMs,
        // Only the name of a protocol: the one that carries a token is never echoed.
        handleProtocols: (offered: Set<string>) => {
          const protocol = chooseProtocol([...offered])
          return typeof protocol === "object" && protocol.subprotocol
        }
      }
      const wss = new WebSocketServer(serverOptions)

      /** Decided by the first message where the client has named none. */
      const told = (client: ClientSocket, named: Admitted["protocol"]): Effect.Effect<Protocol | undefined> =>
        client.first.pipe(
          Effect.map((first) => {
            if (first === undefined) return undefined
            if (named !== "by first message") return named
            return isVoskServers(first.payload, first.isBinary) ? voskServer : sawtV1
          }),
          Effect.timeoutOrElse({
            duration: options.firstMessageMs ?? limits.firstMessageMs,
            orElse: () =>
              Effect.as(
                Effect.sync(() => client.fail("idle_timeout", "Nothing was said.")),
                undefined
              )
          })
        )

      const serve = (socket: WebSocket, admitted: Admitted, slot: Slot, { span }: UpgradeAttempt) => {
        socket.pause()
        const client = new ClientSocket(socket, counters)
        const credential = admitted.claims && new Credential(services, admitted, admitted.claims)
        clients.set(socket, client)
        const spoken = (protocol: Protocol) => {
          const admission = admissionOf(admitted, protocol, span, credential)
          const listed = (handle: LiveSession["handle"]) =>
            Effect.acquireRelease(
              Effect.sync(() => live.add({ handle, admission })),
              (remove) => Effect.sync(remove)
            )
          if (protocol === sawtV1) return client.serve(sawtV1, Effect.tap(sessions.open(admission, client), listed))
          if (admitted.endpoint === "healthcare") {
            return Effect.sync(() => client.fail("invalid_message", "A questionnaire is not spoken to by vosk-server."))
          }
          return client.serve(voskServer, Effect.tap(recognitions.open(admission, client), listed))
        }
        slot.onEvicted = () => client.fail("sessions_full", "A signed-in session needed this slot.")
        socket.on("error", (error: Error & { code?: string }) => {
          if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") counters.oversizeFrames++
        })
        socket.once("close", () => clients.delete(socket))
        if (credential !== undefined) {
          socket.once(
            "close",
            credential.onRevoked(() => client.fail("unauthorized", "The token has been revoked."))
          )
        }
        const { protocol } = admitted
        // A session of ours has its own clock for `session.start`.
        fork(
          protocol === sawtV1
            ? spoken(protocol)
            : Effect.flatMap(told(client, protocol), (known) => (known === undefined ? Effect.void : spoken(known)))
        )
      }

      const upgrade = Effect.fnUntraced(function* (
        attempt: UpgradeAttempt,
        request: IncomingMessage,
        socket: Duplex,
        head: Buffer
      ) {
        const admitted = yield* Effect.ensuring(
          gate.admit(request),
          Effect.sync(() => attempt.admitted())
        )
        // From here to the end nothing waits: check, slot and handshake are one step.
        if (socket.destroyed) return
        const slot = slots.reserve(admitted)
        if (typeof slot === "string") {
          counters.sessionLimitRefusals++
          if (slot !== "draining") audit.record({ event: "limit.refused", ...slotLimit(slot, admitted) })
          return yield* refusalOfSlot(slot)
        }
        socket.once("close", slot.release)
        wss.handleUpgrade(request, socket, head, (client) => {
          turns.upgraded(attempt.record(101))
          serve(client, admitted, slot, attempt)
        })
      })

      const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        socket.on("error", () => socket.destroy())
        const requestId = randomUUID()
        const attempt = new UpgradeAttempt(request)
        const refused = (refusal: Refusal) =>
          Effect.andThen(
            Effect.logDebug("Upgrade refused", { requestId, code: refusal.code }),
            Effect.sync(() => {
              counters.refuse(refusal.code)
              writeRefusal(socket, requestId, refusal)
              turns.upgraded(attempt.record(refusalStatus(refusal), refusal.code))
            })
          )
        fork(
          upgrade(attempt, request, socket, head).pipe(
            Effect.catch(refused),
            Effect.catchDefect(() => refused(refuse("internal", "The upgrade failed.")))
          )
        )
      }
      /** A handshake that ws itself refuses: bad version, bad key. */
      const onBadHandshake = (_: Error, socket: Duplex) => {
        counters.refuse("invalid_message")
        writeRefusal(
          socket,
          randomUUID(),
          refuse("invalid_message", "This is no valid WebSocket handshake (version 13).")
        )
      }

      wss.on("wsClientError", onBadHandshake)
      yield* Effect.acquireRelease(
        Effect.sync(() => server.addListener("upgrade", onUpgrade)),
        () => Effect.sync(() => server.off("upgrade", onUpgrade))
      )
      // Released first: while clients leave, new ones are still told why they cannot come.
      yield* Effect.addFinalizer(() => drain)
      yield* Effect.sync(() => {
        for (const client of clients.values()) client.heartbeat()
      }).pipe(Effect.repeat(Schedule.spaced(options.heartbeatMs)), Effect.forkScoped)
    })
  )

const slotLimit = (refusal: "sessions_full" | "address_full", { clientAddress, claims }: Admitted) => ({
  limit: refusal === "sessions_full" ? ("sessions" as const) : ("sessions_of_address" as const),
  client_address: clientAddress,
  ...(claims?.subject === undefined ? {} : { subject: claims.subject })
})

const admissionOf = (
  admitted: Admitted,
  protocol: Protocol,
  span: SpanRef,
  credential: Credential | undefined
): Admission => ({
  endpoint: admitted.endpoint,
  protocol: protocol.subprotocol,
  ...(admitted.claims?.subject === undefined ? {} : { subject: admitted.claims.subject }),
  scopes: admitted.claims?.scopes ?? [],
  clientAddress: admitted.clientAddress,
  ...(admitted.gate === undefined ? {} : { gate: admitted.gate }),
  ...(admitted.claims === undefined ? {} : { tokenExpiresAtMs: admitted.claims.expiresAtMs }),
  ...(admitted.claims?.invitation === undefined ? {} : { invitation: admitted.claims.invitation }),
  ...(credential === undefined ? {} : { renew: (token) => credential.renew(token) }),
  traceId: span.traceId,
  upgrade: span
})
