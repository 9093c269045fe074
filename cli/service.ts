/**
 * The service that a command talks to: the one of `--url` or `SAWT_URL`; without either, one of its own on a free port of
 * this machine, which ends with the command. Secrets come from the environment alone: an argument stands in every list of
 * processes.
 */
import { Effect, Option, type Scope } from "effect"
import { Flag } from "effect/cli"
import { Fault, attempt, exitCodes, failed, misused } from "./fault.ts"
import { startServer } from "../scripts/server-process.ts"
import { mintToken } from "../scripts/client.ts"

export const urlFlag = Flag.String("url").pipe(
  Flag.withDescription("The service (default: SAWT_URL; else a service of the command's own)"),
  Flag.optional
)
export const jsonFlag = Flag.Boolean("json").pipe(Flag.withDescription("For machines"), Flag.withDefault(false))

export interface Service {
  readonly url: string
  /** Undefined where there is neither token nor secret: the basic socket is left. */
  readonly token: (scope: string) => Effect.Effect<string | undefined, Fault>
}

const environment = (name: string): string | undefined => {
  const value = process.env[name]
  return value === undefined || value === "" ? undefined : value
}

const namedUrl = (flag: Option.Option<string>): string | undefined =>
  Option.getOrUndefined(flag) ?? environment("SAWT_URL")

const checkedUrl = (text: string): Effect.Effect<string, Fault> => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === "http:" || url?.protocol === "https:"
    ? Effect.succeed(text.replace(/\/$/, ""))
    : Effect.fail(misused(`${text} is no address of a service: https://host is, or http://localhost:8080`))
}

const tokenOf = (url: string, secret: string, scope: string): Effect.Effect<string, Fault> =>
  attempt(() => mintToken(url, secret, scope, "sawt-command-line"))

/** `sessions`: how many at once a service of one's own has to take. */
export const serviceFor = (flag: Option.Option<string>, sessions = 1): Effect.Effect<Service, Fault, Scope.Scope> => {
  const named = namedUrl(flag)
  if (named !== undefined) {
    return Effect.map(checkedUrl(named), (url) => ({
      url,
      token: (scope) => {
        const [token, secret] = [environment("SAWT_TOKEN"), environment("VOICE_SERVICE_SECRET")]
        return token === undefined && secret !== undefined ? tokenOf(url, secret, scope) : Effect.succeed(token)
      }
    }))
  }
  // Prompts are not rendered ahead of a questionnaire that may not come.
  const env = { MAX_CONCURRENT_SESSIONS: String(sessions + 1), TTS_HOME: "/dev/null/none" }
  return Effect.acquireRelease(
    attempt(() => startServer(env)),
    (server) => Effect.promise(() => server.stop())
  ).pipe(Effect.map(({ url, secret }) => ({ url, token: (scope) => tokenOf(url, secret, scope) })))
}

const localUrl = "http://localhost:8080"

/** A running service: nothing that it is asked could be told by one of the command's own. */
export const runningService = (flag: Option.Option<string>): Effect.Effect<string, Fault> =>
  checkedUrl(namedUrl(flag) ?? localUrl)

export const adminSecret: Effect.Effect<string, Fault> = Effect.suspend(() => {
  const secret = environment("VOICE_SERVICE_SECRET")
  return secret === undefined
    ? Effect.fail(misused("This asks for the service's secret: set VOICE_SERVICE_SECRET in the environment."))
    : Effect.succeed(secret)
})

interface Request {
  readonly method?: string
  readonly secret?: string
  readonly body?: unknown
  /** Other answers than 2xx that are answers, too. */
  readonly alsoFine?: ReadonlyArray<number>
}

/** The decoded body; undefined where there is none. What the service refuses, it says in its own words. */
export const ask = (
  url: string,
  path: string,
  { method = "GET", secret, body, alsoFine = [] }: Request = {}
): Effect.Effect<unknown, Fault> =>
  attempt(async (signal) => {
    const response = await fetch(new URL(`${url}${path}`), {
      method,
      signal,
      headers: {
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    }).catch(() => {
      throw new Fault({ message: `No service answers at ${url}.`, exitCode: exitCodes.unreachable })
    })
    const text = await response.text()
    const answer: unknown = text === "" ? undefined : parsed(text)
    if (response.ok || alsoFine.includes(response.status)) return answer
    const { error } = (answer ?? {}) as { readonly error?: { readonly code?: string; readonly message?: string } }
    throw failed(
      `The service refused with ${response.status}: ${error?.message ?? "without a word"} (${error?.code ?? "?"})`
    )
  })

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw failed("What answers there is no Sawt service.")
  }
}
