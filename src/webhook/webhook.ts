/**
 * Tells the clinic's own system of alerts and finished responses: takes from the outbox what is due, alerts first, and posts
 * it until it is taken. At least once and with the same id; never a name, an answer or what an alert is about. It runs beside
 * the sessions and they never wait for it: a receiver that hangs costs its own attempts only.
 */
import { Cause, Clock, Duration, Effect, Latch, Layer, Redacted, Result, Schedule } from "effect"
import { limits } from "#src/limits.ts"
import { Deliveries, type Attempt, type Delivery } from "#src/store/deliveries.ts"
import { signatureHeaders, webhookKey } from "./signature.ts"

export interface WebhookOptions {
  readonly url: string
  /** `WEBHOOK_SECRET`, as it was decoded at the start. */
  readonly secret: Redacted.Redacted
  readonly timeoutMs?: number
  readonly giveUpMs?: number
}

const { concurrency } = limits.webhook
/** How often the outbox is looked at, should nobody tell. */
const lookIntervalMs = 30_000

/** Doubled from two seconds to a quarter of an hour, each a fifth shorter or longer, so that no two come in step. */
const backoff = Schedule.min([Schedule.exponential("2 seconds"), Schedule.spaced("15 minutes")]).pipe(Schedule.jittered)
const stepsMax = 10

/** The delay before the attempt after `attempts` that failed; counted from the row, so that a restart changes nothing. */
export const delayAfter = (attempts: number): Effect.Effect<Duration.Duration> =>
  Effect.gen(function* () {
    const step = yield* Schedule.toStep(backoff)
    let delay: Duration.Duration = Duration.zero
    for (let n = 0; n < Math.min(attempts, stepsMax); n++) [, delay] = yield* step(0, undefined)
    return delay
  }).pipe(Effect.catchCause(() => Effect.succeed(Duration.minutes(15))))

/** What is sent: that there is something, and where staff read it. */
export const payloadOf = ({ type, about, version, createdAtMs }: Delivery): string => {
  const isAlert = type !== "response.completed"
  return JSON.stringify({
    type,
    schema_version: 1,
    timestamp: new Date(createdAtMs).toISOString(),
    data: isAlert
      ? { alert_id: about, ...(type === "alert.reminder" ? { reminder: version } : {}), inbox: "/clinic" }
      : { response_id: about, version, path: `/responses/${about}` }
  })
}

/** Why it was not taken; undefined: it was. */
const post = (
  { url, timeoutMs = limits.webhook.timeoutMs }: WebhookOptions,
  headers: Readonly<Record<string, string>>,
  body: string
): Effect.Effect<string | undefined> =>
  Effect.tryPromise(async (signal) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", "user-agent": "sawt" },
      body,
      // Elsewhere is not where the operator wants it told.
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    })
    // The status says it all: nothing of the answer is read.
    await response.body?.cancel()
    if (response.ok) return undefined
    const isElsewhere = response.status >= 300 && response.status < 400
    return isElsewhere ? `status ${response.status}: a redirect is not followed` : `status ${response.status}`
  }).pipe(Effect.catchCause((cause) => Effect.succeed(faultOf(Cause.squash(cause)))))

const faultOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  if (inner instanceof Error && inner.name === "TimeoutError") return "no answer in time"
  const code = inner instanceof Error && "code" in inner ? String(inner.code) : "failed"
  return `no connection (${/^[A-Z_]{1,40}$/.test(code) ? code : "failed"})`
}

const run = (options: WebhookOptions) =>
  Effect.gen(function* () {
    const deliveries = yield* Deliveries
    const key = webhookKey(Redacted.value(options.secret))
    if (key === undefined) return yield* Effect.die(new Error("WEBHOOK_SECRET was not checked at the start"))
    const wake = yield* Latch.make()
    yield* Effect.acquireRelease(
      Effect.sync(() => deliveries.onDue(() => wake.openUnsafe())),
      (stop) => Effect.sync(stop)
    )

    const deliver = Effect.fnUntraced(function* (delivery: Delivery) {
      const body = payloadOf(delivery)
      const nowMs = yield* Clock.currentTimeMillis
      const signed = { id: delivery.id, timestampSeconds: Math.floor(nowMs / 1_000), body }
      const fault = yield* post(options, signatureHeaders(signed, key), body)
      const attempt = yield* outcomeOf(delivery, fault, options.giveUpMs ?? limits.webhook.giveUpMs)
      if (attempt.state === "dead") {
        yield* Effect.logError("The webhook was not told of an event", { event: delivery.id, reason: attempt.fault })
      }
      // Not written, it is sent once more, with the same id; but not at once.
      if (Result.isFailure(deliveries.settle(delivery.id, attempt))) yield* Effect.sleep(lookIntervalMs)
    })

    const untilDue = Effect.gen(function* () {
      const next = deliveries.nextAtMs()
      const nextAtMs = Result.isSuccess(next) ? next.success : undefined
      const inMs = (nextAtMs ?? Number.MAX_SAFE_INTEGER) - (yield* Clock.currentTimeMillis)
      yield* Effect.timeoutOption(wake.await, Math.min(Math.max(inMs, 0), lookIntervalMs))
    })

    const turn = Effect.gen(function* () {
      wake.closeUnsafe()
      const due = deliveries.due(yield* Clock.currentTimeMillis, concurrency)
      if (Result.isFailure(due) || due.success.length === 0) return yield* untilDue
      yield* Effect.forEach(due.success, deliver, { concurrency, discard: true })
    })
    yield* turn.pipe(Effect.forever, Effect.forkScoped)
  })

const outcomeOf = Effect.fnUntraced(function* (
  { attempts, triedSinceMs }: Delivery,
  fault: string | undefined,
  giveUpMs: number
): Effect.fn.Return<Attempt> {
  if (fault === undefined) return { state: "delivered" }
  const nowMs = yield* Clock.currentTimeMillis
  if (nowMs - triedSinceMs > giveUpMs) return { state: "dead", fault }
  const delay = yield* delayAfter(attempts + 1)
  return { state: "pending", fault, nextAtMs: Math.round(nowMs + Duration.toMillis(delay)) }
})

export const layerWebhook = (options: WebhookOptions): Layer.Layer<never, never, Deliveries> =>
  Layer.effectDiscard(run(options))
