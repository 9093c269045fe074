/** A session without models, for what the gateway does by itself: it echoes, and misbehaves when told to. */
import { createHash, randomUUID } from "node:crypto"
import { Effect, Layer, Result, Stream } from "effect"
import type { WireError } from "#schemas/errors.ts"
import { type SessionSummary, StoreError } from "#schemas/record.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import type { ModelHealth } from "#src/models.ts"
import { RevocationList, Revocations } from "#src/registry/revocations.ts"
import { type Admission, type Renewal, Sessions } from "#src/session/contract.ts"
import { Alerts, Responses } from "#src/store/clinic.ts"
import { Deliveries } from "#src/store/deliveries.ts"
import { Invitations } from "#src/store/invitations.ts"
import { Store, type StoreHealth } from "#src/store/store.ts"
import { Stt } from "#src/stt/stt.ts"
import { Tts } from "#src/tts/tts.ts"
import { Vad } from "#src/vad/vad.ts"

export interface Seen {
  readonly admissions: Array<Admission>
  /** Sessions whose scope has closed. */
  closed: number
  paused: boolean
  disconnected: number
  /** So many of the next sessions fail before they are there. */
  failing: number
  storage: Omit<StoreHealth, "sinceMs">
  models: { stt: ModelHealth["status"]; vad: ModelHealth["status"]; tts: ModelHealth["status"] }
}

export const newSeen = (): Seen => ({
  admissions: [],
  closed: 0,
  paused: false,
  disconnected: 0,
  failing: 0,
  storage: { status: "ready" },
  models: { stt: "ready", vad: "ready", tts: "ready" }
})

const notUsed = new StoreError({ reason: "failed", message: "not used here" })

/** No interview has ended, and nothing waits for anybody. */
export const nothingHeld = Layer.mergeAll(
  Layer.succeed(Responses, {
    list: () => Effect.succeed({ items: [] }),
    get: () => Effect.undefined,
    remove: () => Effect.succeed(false),
    eraseSubject: () => Effect.succeed({ sessions: 0, responses: 0, alerts: 0 })
  }),
  Layer.succeed(Alerts, {
    list: () => Effect.succeed({ items: [] }),
    get: () => Effect.undefined,
    acknowledge: () => Effect.undefined,
    unacknowledged: Effect.succeed({ count: 0 })
  }),
  Layer.succeed(Deliveries, {
    due: () => Result.succeed([]),
    nextAtMs: () => Result.succeed(undefined),
    settle: () => Result.succeed(undefined),
    list: () => Result.succeed({ items: [] }),
    retry: () => Result.succeed(false),
    counts: () => Result.succeed({ pending: 0, dead: 0 }),
    onDue: () => () => {}
  })
)

export const nobodyInvited = Layer.succeed(Invitations, {
  create: () => Result.fail(notUsed),
  list: () => Result.succeed([]),
  find: () => Result.succeed(undefined),
  begin: () => Result.fail(notUsed),
  revoke: () => Result.succeed(undefined),
  revokeOf: () => Result.succeed(undefined)
})

const health = (seen: Seen, model: "stt" | "vad" | "tts") => (): ModelHealth => ({
  status: seen.models[model],
  backend: `test-${model}`,
  sinceMs: 0,
  degraded: false
})

const echoSummary = ({ protocol, clientAddress, traceId }: Admission): SessionSummary => ({
  protocol,
  clientAddress,
  traceId,
  state: "listening",
  startedAtMs: Date.now(),
  lastActivityAtMs: Date.now(),
  audioInMs: 0,
  audioOutMs: 0,
  utterances: 0,
  droppedFrames: 0
})

const renewed = (renewal: Effect.Effect<Renewal, WireError>): Effect.Effect<ServerMessage> =>
  Effect.match(renewal, {
    onFailure: ({ code, message }) => ({ type: "error", code, message, retryable: false }),
    onSuccess: ({ expiresAtMs, scopes }) => ({
      type: "session.refreshed",
      expires_in_ms: expiresAtMs - Date.now(),
      scope: scopes.join(" ")
    })
  })

export const echoLayers = (seen: Seen) =>
  Layer.mergeAll(
    Layer.succeed(Sessions, {
      open: (admission, connection) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            seen.admissions.push(admission)
            if (seen.failing > 0) throw new Error(`the session fails, and ${--seen.failing} more`)
            return {
              id: randomUUID(),
              summary: () => echoSummary(admission),
              ended: false,
              end: Effect.sync(() => connection.close(1000, "ended")),
              receive: (message) => {
                if (message.type === "ping")
                  connection.send({ type: "pong", ...(message.ref ? { ref: message.ref } : {}) })
                if (message.type === "help.request") throw new Error("the session fails on this")
                if (message.type === "session.pause") {
                  connection.pauseReading()
                  seen.paused = true
                }
                // More than a client that does not read may hold back.
                if (message.type === "speech.say")
                  for (let i = 0; i < 64; i++) connection.sendAudio(new Uint8Array(65_536))
                if (message.type === "session.end") connection.close(1000, "ended")
                if (message.type === "session.refresh" && admission.renew !== undefined)
                  void Effect.runPromise(renewed(admission.renew(message.token))).then(connection.send)
              },
              receiveAudio: (bytes) => void connection.sendAudio(bytes),
              refused: (error) =>
                connection.send({
                  type: "error",
                  code: error.code,
                  message: error.message,
                  retryable: false,
                  ...(error.ref === undefined ? {} : { ref: error.ref })
                }),
              disconnected: Effect.sync(() => void seen.disconnected++)
            }
          }),
          () => Effect.sync(() => void seen.closed++)
        ),
      watch: () => undefined,
      drain: () => Effect.void
    }),
    Layer.succeed(Store, {
      health: () => ({ sinceMs: 0, ...seen.storage }),
      begin: () => Result.fail(notUsed),
      find: () => Result.fail(notUsed),
      resume: () => Result.fail(notUsed),
      parked: () => Result.fail(notUsed),
      unfinished: () => Result.succeed([]),
      anchor: () => undefined,
      end: () => Result.succeed(false),
      runs: () => Result.fail(notUsed),
      run: () => Result.fail(notUsed),
      subjectHash: (subject) => createHash("sha256").update(`test key ${subject}`).digest("hex").slice(0, 16)
    }),
    nobodyInvited,
    nothingHeld,
    Layer.sync(Revocations, () => {
      const list = new RevocationList({ nowMs: Date.now, write: () => true })
      list.learn({ keyId: "test", nameOf: (text) => text }, [])
      return list
    }),
    Layer.succeed(Stt, {
      health: health(seen, "stt"),
      onHealth: () => () => {},
      hosts: [],

      renew: Effect.void,
      open: () => {
        throw new Error("not used here")
      },
      openVerbatim: () => {
        throw new Error("not used here")
      },
      missingWords: () => Effect.succeed([])
    }),
    Layer.succeed(Vad, {
      health: health(seen, "vad"),
      onHealth: () => () => {},
      hosts: [],
      open: () => {
        throw new Error("not used here")
      }
    }),
    Layer.succeed(Tts, {
      health: health(seen, "tts"),
      onHealth: () => () => {},
      hosts: [],
      speak: () => Stream.empty,
      prepare: () => Effect.void
    })
  )
