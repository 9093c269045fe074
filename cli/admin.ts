/** `sawt token`, `sawt sessions` and `sawt health`: what an operator asks of a running service. */
import { Effect, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { AdminSessions, Health, TokenAnswer } from "#schemas/http.ts"
import { failed } from "./fault.ts"
import { print, printJson } from "./output.ts"
import { adminSecret, ask, jsonFlag, runningService, urlFlag } from "./service.ts"

/** A newer service may tell more than this command knows. */
const decoded = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, answer: unknown) =>
  Schema.decodeUnknownEffect(schema)(answer).pipe(
    Effect.mapError(() => failed("The service's answer is not what this version of the command expects."))
  )

export const token = Command.make(
  "token",
  {
    url: urlFlag,
    json: jsonFlag,
    scope: Flag.String("scope").pipe(
      Flag.withDescription("voice, healthcare, clinician: one or several, separated by spaces"),
      Flag.withDefault("voice")
    ),
    subject: Flag.String("subject").pipe(
      Flag.withDescription("The patient's reference; a questionnaire is bound to it"),
      Flag.optional
    ),
    seconds: Flag.Int("seconds").pipe(Flag.withDescription("How long it lasts (default: an hour)"), Flag.optional)
  },
  Effect.fnUntraced(function* ({ url, json, scope, subject, seconds }) {
    const service = yield* runningService(url)
    const body = {
      scope,
      ...Option.match(subject, { onNone: () => ({}), onSome: (subject) => ({ subject }) }),
      ...Option.match(seconds, { onNone: () => ({}), onSome: (ttl_seconds) => ({ ttl_seconds }) })
    }
    const answer = yield* decoded(
      TokenAnswer,
      yield* ask(service, "/auth/token", { method: "POST", secret: yield* adminSecret, body })
    )
    if (json) printJson(answer)
    else print(answer.token)
  })
).pipe(
  Command.withDescription("Issue a token, by VOICE_SERVICE_SECRET"),
  Command.withExamples([
    {
      command: "export SAWT_TOKEN=$(sawt token --scope healthcare --subject patient-7)",
      description: "For what follows"
    }
  ])
)

type Page = typeof AdminSessions.Type

const pageAfter = (service: string, secret: string, after: string | undefined) =>
  ask(service, `/admin/sessions${after === undefined ? "" : `?after=${encodeURIComponent(after)}`}`, { secret }).pipe(
    Effect.flatMap((answer) => decoded(AdminSessions, answer))
  )

const lineOf = (session: Page["sessions"][number]): string =>
  [
    session.id,
    session.endpoint.padEnd(10),
    (session.connected ? (session.state ?? "") : "away").padEnd(12),
    session.started_at,
    `${session.audio_seconds_in.toFixed(0)} s in`,
    `${session.audio_seconds_out.toFixed(0)} s out`,
    session.questionnaire === null
      ? ""
      : `${session.questionnaire.id} ${session.questionnaire.answered}/${session.questionnaire.total}`
  ]
    .join("  ")
    .trimEnd()

export const sessions = Command.make(
  "sessions",
  {
    url: urlFlag,
    json: jsonFlag,
    end: Flag.String("end").pipe(Flag.withDescription("End the session of this id instead"), Flag.optional)
  },
  Effect.fnUntraced(function* ({ url, json, end }) {
    const service = yield* runningService(url)
    const secret = yield* adminSecret
    if (Option.isSome(end)) {
      yield* ask(service, `/admin/sessions/${encodeURIComponent(end.value)}`, { method: "DELETE", secret })
      return
    }
    let page = yield* pageAfter(service, secret, undefined)
    const all = [...page.sessions]
    while (page.next !== undefined) {
      page = yield* pageAfter(service, secret, page.next)
      all.push(...page.sessions)
    }
    if (json) printJson(all)
    else if (all.length === 0) print("no sessions")
    else for (const session of all) print(lineOf(session))
  })
).pipe(
  Command.withDescription("The sessions of a service, by VOICE_SERVICE_SECRET: who and how far, never what was said")
)

export const health = Command.make(
  "health",
  { url: urlFlag, json: jsonFlag },
  Effect.fnUntraced(function* ({ url, json }) {
    const service = yield* runningService(url)
    const answer = yield* decoded(Health, yield* ask(service, "/health", { alsoFine: [503] }))
    if (json) printJson(answer)
    else {
      print(`${answer.status}${answer.draining ? ", going down" : ""}`)
      for (const [name, { status, backend, reason }] of Object.entries(answer.models))
        print(`  ${name}  ${status}  ${backend}${reason === undefined ? "" : `  ${reason}`}`)
      print(
        `  storage  ${answer.storage.status}${answer.storage.reason === undefined ? "" : `  ${answer.storage.reason}`}`
      )
      print(`  sessions  ${answer.sessions.open} of ${answer.sessions.max}`)
    }
    if (answer.status === "unhealthy") return yield* failed("The service cannot serve.")
  })
).pipe(Command.withDescription("How a service is; exit code 1 where it cannot serve, 3 where none answers"))
