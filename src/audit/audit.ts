/**
 * The audit log as a service. `record` only queues: a scoped writer brings lines to the disk in batches, so that no session
 * waits for it. While the disk fails, lines wait in memory up to a bound and the writer tries again; past it the oldest
 * stand and the newest are counted as lost. Events that anybody can cause are bounded in a minute, so that a flood
 * fills no disk. Nothing here ends anything: how the log fares stands in `/admin/health`.
 */
import { Clock, Context, Effect, Latch, Layer, Schedule, Schema } from "effect"
import { AuditLine, type AuditEvent } from "#schemas/audit.ts"
import { limits } from "#src/limits.ts"
import { Store } from "#src/store/store.ts"
import { WallClock } from "#src/wall-clock.ts"
import { AuditFiles } from "./files.ts"
import { FloodGate } from "./flood-gate.ts"

export interface AuditHealth {
  readonly status: "ready" | "failed"
  readonly sinceMs: number
  /** Why it cannot be written, and how to repair it. */
  readonly reason?: string
  readonly written: number
  /** Not written, only counted: the rest of a flood. */
  readonly leftOut: number
  /** Given up. */
  readonly lost: number
}

export interface AuditOptions {
  /** `DATA_DIR`; the log is in its folder `audit`. */
  readonly folder: string
  readonly retentionDays: number
  /** Monotonic. */
  readonly uptimeMs?: () => number
  readonly fileBytesMax?: number
  readonly bytesMax?: number
}

const sweepInterval = "1 minute"
const retryInterval = "5 seconds"
/** How long the last lines may take when the service stops. */
const lastWriteTimeout = "1 second"

const encode = Schema.encodeSync(Schema.fromJsonString(AuditLine))

const openAudit = Effect.fnUntraced(function* (options: AuditOptions) {
  const store = yield* Store
  const clock = yield* Clock.Clock
  const nowMs = () => clock.currentTimeMillisUnsafe()
  const { fileBytesMax = limits.auditFileBytesMax, bytesMax = limits.auditBytesMax, retentionDays } = options
  const files = new AuditFiles({ folder: `${options.folder}/audit`, fileBytesMax, bytesMax, retentionDays })
  const wallClock = new WallClock(nowMs, options.uptimeMs)
  const flood = new FloodGate(limits.auditFloodLinesPerMinute)
  const wake = yield* Latch.make()
  const pending: Array<string> = []
  let health: AuditHealth = { status: "ready", sinceMs: nowMs(), written: 0, leftOut: 0, lost: 0 }
  let lostUntold = 0
  /** The last write, which goes on whatever becomes of those who wait for it. */
  let writing: Promise<void> = Promise.resolve()

  const lineOf = (event: AuditEvent): string => {
    const { subject, ...fields } = "subject" in event ? event : { ...event, subject: undefined }
    const hash = subject === undefined ? {} : { subject_hash: store.subjectHash(subject) }
    return encode({ at: new Date(nowMs()).toISOString(), ...fields, ...hash } as AuditLine)
  }
  const enqueue = (event: AuditEvent) => {
    if (pending.length < limits.auditLinesWaitingMax) {
      pending.push(lineOf(event))
      return wake.openUnsafe()
    }
    lostUntold++
    health = { ...health, lost: health.lost + 1 }
  }
  const record = (event: AuditEvent) => {
    if (flood.admits(event.event)) return enqueue(event)
    health = { ...health, leftOut: health.leftOut + 1 }
  }

  const tellLeftOut = () => {
    for (const [event, count] of flood.nextMinute()) enqueue({ event: "events.left_out", left_out: event, count })
  }

  const failed = Effect.fnUntraced(function* (reason: string) {
    if (health.reason === reason) return
    health = { ...health, status: "failed", sinceMs: nowMs(), reason }
    yield* Effect.logError("The audit log cannot be written", { reason })
  })
  const succeeded = Effect.fnUntraced(function* (lines: number) {
    const { reason, ...rest } = health
    health = { ...rest, written: rest.written + lines }
    if (reason === undefined) return
    health = { ...health, status: "ready", sinceMs: nowMs() }
    yield* Effect.logInfo("The audit log can be written again")
  })
  /** What waits, and before it how many were lost since the last. */
  const writePending = Effect.suspend(() => {
    const lost = lostUntold
    const waiting = [...pending]
    if (waiting.length + lost === 0) return Effect.void
    const lines = lost === 0 ? waiting : [lineOf({ event: "events.lost", count: lost }), ...waiting]
    writing = files.append(lines, nowMs()).then((link) => {
      store.anchor(link)
      lostUntold -= lost
      pending.splice(0, waiting.length)
    })
    return Effect.tryPromise({
      try: () => writing,
      catch: (cause) => (cause instanceof Error && "code" in cause ? String(cause.code) : "unknown")
    }).pipe(
      Effect.tap(() => succeeded(lines.length)),
      Effect.tapError((code) =>
        failed(`DATA_DIR/audit cannot be written (${code}): check its volume, its owner and the room left.`)
      )
    )
  })
  const write = Effect.gen(function* () {
    yield* wake.await
    wake.closeUnsafe()
    yield* Effect.retry(writePending, Schedule.spaced(retryInterval))
  })
  const sweep = Effect.gen(function* () {
    tellLeftOut()
    const { trusted } = wallClock.look()
    yield* Effect.ignore(Effect.tryPromise(() => files.forget(nowMs(), trusted)))
  })

  // Closed last to first: the writer stops, then what is left is written, unless the disk hangs.
  yield* Effect.addFinalizer(() =>
    Effect.promise(() => writing.catch(() => {})).pipe(
      Effect.andThen(Effect.sync(tellLeftOut)),
      Effect.andThen(writePending),
      Effect.ignore,
      Effect.interruptible,
      Effect.timeoutOption(lastWriteTimeout)
    )
  )
  yield* write.pipe(Effect.forever, Effect.forkScoped)
  yield* sweep.pipe(Effect.repeat(Schedule.spaced(sweepInterval)), Effect.forkScoped)
  return Audit.of({ record, health: () => health })
})

export class Audit extends Context.Service<
  Audit,
  {
    /** Never fails and never waits. */
    readonly record: (event: AuditEvent) => void
    readonly health: () => AuditHealth
  }
>()("sawt/audit/Audit") {
  static readonly layer = (options: AuditOptions): Layer.Layer<Audit, never, Store> =>
    Layer.effect(Audit, openAudit(options))
}
