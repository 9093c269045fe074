/** The store as a service: journals for sessions, and a clean-up that lets go of what is over. */
import { Clock, Context, Effect, Layer, type Redacted, Result, Schedule, type Scope } from "effect"
import type { StorageKeyError } from "#schemas/record.ts"
import { limits } from "#src/limits.ts"
import { RevocationList, Revocations } from "#src/registry/revocations.ts"
import { WallClock } from "#src/wall-clock.ts"
import { writeAnchor } from "./kept-anchor.ts"
import { Database, type OpenDatabase } from "./database.ts"
import { Deliveries } from "./deliveries.ts"
import * as erasing from "./erasing.ts"
import { journalOf } from "./journal.ts"
import { Invitations } from "./invitations.ts"
import { remind } from "./kept-alerts.ts"
import * as deliveries from "./kept-deliveries.ts"
import * as invitations from "./kept-invitations.ts"
import * as revoked from "./kept-revocations.ts"
import * as runs from "./kept-runs.ts"
import * as sessions from "./kept-sessions.ts"
import { Alerts, Responses } from "./clinic.ts"
import { alertsOf, asCorrupt, deliveriesOf, Listeners, responsesOf } from "./clinic-services.ts"
import { rotate } from "./rotating.ts"
import { deleting } from "./shedding.ts"
import { Store, type Kept, type NewSession, type Owner, type Resumed } from "./store.ts"

export interface StoreOptions {
  readonly folder: string
  readonly storageKey?: Redacted.Redacted
  /** Of the key before, until everything is sealed with this one. */
  readonly storageKeyPrevious?: Redacted.Redacted
  readonly resumeWindowSeconds: number
  readonly retentionDays: number
  /** There, a key in a file beside what it seals is worth a warning. */
  readonly production: boolean
  /** Pages of 4 KiB that the database may have; unset: as the disk allows. */
  readonly pagesMax?: number
  /** A larger database is written anew, after an erasure, when nobody is connected; default 8 MiB. */
  readonly rewrittenAtOnceMaxBytes?: number
  /** Monotonic; windows are counted with it, so that a clock that jumps ends no session. */
  readonly uptimeMs?: () => number
  /** Whether there is a webhook, so that what is raised and completed is put into the outbox. */
  readonly announces?: boolean
}

/** What reads and writes the file. */
export type KeptServices = Invitations | Store | Revocations | Responses | Alerts | Deliveries

const sweepInterval = "1 minute"
/** While the file cannot be written, its rows cannot be sealed anew. */
const rotationRetry = "5 seconds"
const dayMs = 86_400_000

const openStore = (options: StoreOptions): Effect.Effect<Context.Context<KeptServices>, StorageKeyError, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const nowMs = () => clock.currentTimeMillisUnsafe()
    const uptimeMs = options.uptimeMs ?? (() => performance.now())
    const lengthMs = options.resumeWindowSeconds * 1_000
    const resumable = lengthMs > 0
    const writeRevocations = (): boolean => {
      const naming = database.run((open) => revoked.write(open, revocations))
      if (Result.isSuccess(naming)) revocations.written(naming.success)
      return Result.isSuccess(naming)
    }
    const revocations = new RevocationList({ nowMs, write: writeRevocations })
    const database = yield* Database.make({
      ...options,
      onOpened: (open) =>
        Effect.andThen(sessions.recountWindows(open, uptimeMs()), revoked.reconcile(open, revocations))
    })
    const { announces = false } = options
    const due = new Listeners()
    const journal = (id: string, entries: number) =>
      journalOf({ database, id, entries, nowMs, uptimeMs, announces, announced: due.tell })
    const kept = (session: NewSession, resumeToken: string): Kept => ({
      journal: journal(session.id, 0),
      ...(resumable ? { resumeToken } : {})
    })

    const window = () => ({ uptimeMs: uptimeMs(), lengthMs })
    const find = (open: OpenDatabase, token: string, owner: Owner) =>
      resumable ? sessions.find(open, token, owner, window()) : Effect.undefined

    const reminded = (open: OpenDatabase) =>
      Effect.gen(function* () {
        const reminders = yield* remind(open, nowMs() - limits.alertReminderMs, nowMs())
        if (!announces) yield* deliveries.forgetPending(open)
        for (const { id: about, reminders: version } of announces ? reminders : []) {
          yield* deliveries.queue(open, { type: "alert.reminder", about, version }, nowMs())
        }
        return reminders.length
      })

    const wallClock = new WallClock(nowMs, uptimeMs)
    const sweep = Effect.gen(function* () {
      const { jumped, trusted } = wallClock.look()
      if (jumped) yield* Effect.logWarning("The clock was set: nothing is deleted by age for an hour")
      writeRevocations()
      database.run((open) =>
        Effect.gen(function* () {
          yield* sessions.endExpired(open, window(), nowMs())
          const oldestMs = trusted ? nowMs() - options.retentionDays * dayMs : Number.MIN_SAFE_INTEGER
          const forget = Effect.andThen(sessions.forget(open, oldestMs), erasing.forget(open, oldestMs))
          yield* deleting(open.sql, "forgotten", forget)
          yield* deliveries.forget(open, oldestMs)
          if (trusted) yield* revoked.forget(open, revocations, nowMs())
          if (trusted) yield* deleting(open.sql, "forgotten", invitations.forget(open, oldestMs))
        })
      )
      const waiting = database.run(reminded)
      if (Result.isFailure(waiting) || waiting.success === 0) return
      due.tell()
      yield* Effect.logWarning("Alerts wait to be acknowledged", { reminded: waiting.success })
    })
    yield* rotate(database).pipe(Effect.retry(Schedule.spaced(rotationRetry)), Effect.forkScoped)
    yield* sweep.pipe(Effect.repeat(Schedule.spaced(sweepInterval)), Effect.forkScoped)

    const store = Store.of({
      anchor: (link) => void database.run((open) => writeAnchor(open, link), false),
      health: () => database.health,
      subjectHash: (subject) => database.subjectHash(subject),
      begin: (session) =>
        Result.map(
          database.run((open) => sessions.begin(open, session, nowMs())),
          (resumeToken) => kept(session, resumeToken)
        ),
      find: (token, owner) =>
        Result.map(
          database.run((open) => find(open, token, owner)),
          (found) => found?.row.id
        ),
      parked: (page) =>
        resumable ? database.run((open) => sessions.parked(open, window(), nowMs(), page)) : Result.succeed([]),
      unfinished: () =>
        database.run((open) =>
          Effect.map(sessions.unfinished(open), (found) =>
            found.map(({ entries, ...session }) => ({
              ...session,
              entries,
              journal: journal(session.id, entries.length)
            }))
          )
        ),
      end: (id) => database.run((open) => sessions.end(open, id, window(), nowMs())),
      runs: (count) => database.run((open) => runs.runs(open, count)),
      run: (id) => database.run((open) => runs.run(open, id).pipe(Effect.catchDefect(asCorrupt))),
      resume: (token, owner, clientSeq) =>
        database.run((open) =>
          Effect.gen(function* () {
            const found = yield* find(open, token, owner)
            if (found === undefined) return undefined
            const { row } = found
            // Messages that could not be written were sent all the same: the client may be ahead, by so much at most.
            const seen = clientSeq > row.last_seq + limits.outboxMessagesMax ? row.last_seq : clientSeq
            const resumeToken = yield* sessions.takeUp(open, found, seen)
            const messages = yield* sessions.outbox(open, row.id)
            const entries = yield* sessions.log(open, row.id)
            const place = sessions.standing(open, found)
            const summary = sessions.summaryOf(open, row)
            const lastSeq = Math.max(row.last_seq, seen)
            return {
              id: row.id,
              journal: journal(row.id, entries.length),
              resumeToken,
              entries,
              ...(place === undefined ? {} : { place }),
              ...(row.source === null ? {} : { questionnaire: row.source }),
              lastSeq,
              missed: { messages, complete: messages.length === lastSeq - seen },
              connection: row.connections + 1,
              connectedMs: row.connected_ms,
              positionMs: row.position_ms,
              ...(summary === undefined ? {} : { summary })
            } satisfies Resumed
          }).pipe(Effect.catchDefect(asCorrupt))
        )
    })
    const invited = Invitations.of({
      create: (invitation) => database.run((open) => invitations.create(open, invitation)),
      list: (page) => database.run((open) => Effect.catchDefect(invitations.list(open, page), asCorrupt)),
      find: (token) => database.run((open) => Effect.catchDefect(invitations.find(open, token), asCorrupt)),
      begin: (id, session) =>
        Result.map(
          database.run((open) => invitations.begin(open, id, session, nowMs())),
          (resumeToken) => (resumeToken === undefined ? undefined : kept(session, resumeToken))
        ),
      revoke: (id) => database.run((open) => Effect.catchDefect(invitations.revoke(open, id, nowMs()), asCorrupt)),
      revokeOf: (subject) => database.run((open) => invitations.revokeOf(open, subject, nowMs()))
    })
    return Context.make(Store, store).pipe(
      Context.add(Revocations, revocations),
      Context.add(Responses, responsesOf(database)),
      Context.add(Alerts, alertsOf(database, nowMs)),
      Context.add(Invitations, invited),
      Context.add(Deliveries, deliveriesOf(database, nowMs, due))
    )
  })

/** Stands even where nothing can be kept, and tries again; only a wrong key keeps the service from starting. */
export const layerStore = (options: StoreOptions): Layer.Layer<KeptServices, StorageKeyError> =>
  Layer.effectContext(openStore(options))
