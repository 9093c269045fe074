/**
 * Every environment variable in one table: name, unit, default, what is allowed, one sentence. `decodeConfig` turns an
 * environment into settings once, at the start; it collects every fault instead of stopping at the first, and a fault
 * never repeats a secret. docs/reference/config.md is printed from the same table. An empty value counts as unset.
 */
import { Redacted, Result, Schema, SchemaIssue } from "effect"

const Integer = (minimum: number, maximum: number) =>
  Schema.String.check(Schema.isPattern(/^[0-9]{1,9}$/)).pipe(
    Schema.decodeTo(Schema.FiniteFromString.check(Schema.isBetween({ minimum, maximum })))
  )
const OnOff = Schema.Literals(["on", "off"])
const Path = Schema.String.check(Schema.isMaxLength(4_096), Schema.isPattern(/^[^\0]+$/))
const Secret = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(1_024))
/** Origins as a browser writes them: scheme and host, no path. */
const Origins = Schema.String.check(
  Schema.isPattern(/^(\*|https?:\/\/[A-Za-z0-9.:[\]-]+(\s*,\s*https?:\/\/[A-Za-z0-9.:[\]-]+)*)$/)
)
const LogLevels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const

/** Bytes of a secret below which production does not start: the key size of HS256 (RFC 7518, 3.2). */
export const secretBytesMin = 32

interface Variable<S> {
  readonly schema: S
  readonly unit?: string
  /** As the reference page shows it. */
  readonly default: string
  readonly allowed: string
  readonly about: string
  readonly secret?: true
}
const variable = <const S extends Schema.Codec<unknown, string>>(row: Variable<S>): Variable<S> => row
const integer = (row: { minimum: number; maximum: number; default: string; unit?: string; about: string }) =>
  variable({
    schema: Integer(row.minimum, row.maximum),
    ...(row.unit === undefined ? {} : { unit: row.unit }),
    default: row.default,
    allowed: `an integer from ${row.minimum} to ${row.maximum}`,
    about: row.about
  })
const secretAllowed = `up to 1024 characters; in production at least ${secretBytesMin} bytes, random`

export const variables = {
  VOICE_SERVICE_SECRET: variable({
    schema: Secret,
    default: "none in production; generated for the run in development",
    allowed: secretAllowed,
    about: "Admin secret: the bearer of `/auth/token` and of `/admin`.",
    secret: true
  }),
  VOICE_SERVICE_TOKEN: variable({
    schema: Secret,
    default: "none in production; generated for the run in development",
    allowed: secretAllowed,
    about: "Secret that signs the clients' tokens (JWT, HS256).",
    secret: true
  }),
  JWT_SECRET: variable({
    schema: Secret,
    default: "unset",
    allowed: "the same as `VOICE_SERVICE_TOKEN`",
    about: "Alias of `VOICE_SERVICE_TOKEN`; set one of the two.",
    secret: true
  }),
  VOICE_SERVICE_TOKEN_PREVIOUS: variable({
    schema: Secret,
    default: "unset",
    allowed: secretAllowed,
    about: "Former signing secret: its tokens are still accepted, new ones are not signed with it.",
    secret: true
  }),
  MAX_CONCURRENT_SESSIONS: integer({
    minimum: 1,
    maximum: 1_000,
    default: "10",
    unit: "sessions",
    about: "Sessions that may be open at once; over it `sessions_full`."
  }),
  RATE_LIMIT_PER_MINUTE: integer({
    minimum: 1,
    maximum: 100_000,
    default: "60",
    unit: "requests a minute",
    about: "Requests and upgrades per client address, and upgrades per token subject; over it `rate_limited`."
  }),
  VOSK_MODEL_PATH: variable({
    schema: Path,
    default: "the embedded models/vosk-model-tiny-ar",
    allowed: "a folder",
    about: "Folder of the Vosk model; the embedded one serves while it cannot."
  }),
  TTS_HOME: variable({
    schema: Path,
    default: "`/data/tts_cache` in production, `DATA_DIR`/tts_cache in development",
    allowed: "a folder",
    about: "Folder of rendered speech."
  }),
  LOG_LEVEL: variable({
    schema: Schema.Literals(LogLevels),
    default: "INFO",
    allowed: `one of ${LogLevels.join(", ")}`,
    about: "Least level that is logged."
  }),
  VOICE_SERVICE_ENV: variable({
    schema: Schema.Literals(["development", "production"]),
    default: "development",
    allowed: "development or production",
    about: "Production refuses weak secrets and logs JSON lines."
  }),
  PORT: integer({ minimum: 0, maximum: 65_535, default: "8080", about: "TCP port; 0 takes a free one." }),
  HOST: variable({
    schema: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9.:_-]{1,253}$/)),
    default: "0.0.0.0 in production, 127.0.0.1 in development",
    allowed: "a host name or an IP address",
    about: "Address to listen on."
  }),
  DATA_DIR: variable({
    schema: Path,
    default: "`/data` in production, `.data` in development",
    allowed: "a folder",
    about: "Folder of everything that is kept."
  }),
  ALLOWED_ORIGINS: variable({
    schema: Origins,
    default: "unset: same origin, and clients that send no Origin",
    allowed: "origins such as https://clinic.example, separated by commas; `*` in development only",
    about: "Web origins that may call the service (CORS) and open sockets."
  }),
  TRUSTED_PROXY_HOPS: integer({
    minimum: 0,
    maximum: 10,
    default: "0",
    unit: "proxies",
    about: "Reverse proxies in front, counted from the server: so many entries of X-Forwarded-For are believed."
  }),
  STORAGE_KEY: variable({
    schema: Schema.String.check(Schema.isPattern(/^([0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/)),
    default: "unset: a random key, made once at `DATA_DIR`/storage.key",
    allowed: "32 random bytes as 64 hex digits or as base64; `openssl rand -base64 32` makes them",
    about: "Key that seals answers and messages at rest (AES-256-GCM).",
    secret: true
  }),
  RETENTION_DAYS: integer({
    minimum: 1,
    maximum: 3_650,
    default: "30",
    unit: "days",
    about: "How long the answers of a finished or abandoned session are kept."
  }),
  DRAIN_SECONDS: integer({
    minimum: 0,
    maximum: 3_600,
    default: "20 in production, 0 in development",
    unit: "s",
    about: "Time that live sessions have to finish after SIGTERM; then they end with 1012 and may resume."
  }),
  RESUME_WINDOW_SECONDS: integer({
    minimum: 0,
    maximum: 86_400,
    default: "600",
    unit: "s",
    about: "How long a dropped session waits for its client, counted again from a server's start; 0: none waits."
  }),
  SESSION_IDLE_SECONDS: integer({
    minimum: 5,
    maximum: 3_600,
    default: "120",
    unit: "s",
    about: "Silence on the wire after which a session ends with `idle_timeout`."
  }),
  SESSION_MAX_MINUTES: integer({
    minimum: 1,
    maximum: 1_440,
    default: "60",
    unit: "min",
    about: "Longest session; over it `duration_exceeded`."
  }),
  BASIC_SOCKET: variable({
    schema: OnOff,
    default: "on",
    allowed: "on or off",
    about: "Whether the unauthenticated socket `/ws` is open."
  }),
  BASIC_SESSIONS_MAX: integer({
    minimum: 0,
    maximum: 1_000,
    default: "3 in production, 10 in development",
    unit: "sessions",
    about: "Slots that unauthenticated sessions may hold, within `MAX_CONCURRENT_SESSIONS`."
  }),
  VOSK_LIBRARY: variable({
    schema: Path,
    default: "unset: the library of the installed package",
    allowed: "a file",
    about: "Native Vosk library to load instead."
  }),
  STT_HOSTS: integer({
    minimum: 1,
    maximum: 16,
    default: "1",
    unit: "processes",
    about: "Recognition processes; each holds the model in memory."
  }),
  TTS_VOICE: variable({
    schema: Path,
    default: "unset: eSpeak NG, voice ar",
    allowed: "the file of a Piper voice (`.onnx`), or the name of an Arabic voice of eSpeak NG",
    about: "Voice that speaks where a client names none."
  }),
  HELPLINE_TEXT: variable({
    schema: Schema.String.check(Schema.isMaxLength(1_000)),
    default: "unset",
    allowed: "up to 1000 characters",
    about: "What a person in distress is told: whom to call."
  })
} as const

export type VariableName = keyof typeof variables
/** What was set, as written. */
type Given = { readonly [Name in VariableName]?: string }
type Raw = { readonly [Name in VariableName]?: (typeof variables)[Name]["schema"]["Type"] }

const names = Object.keys(variables) as ReadonlyArray<VariableName>
const Environment = Schema.Struct(
  Object.fromEntries(
    names.map((name) => [name, Schema.optionalKey<Schema.Codec<unknown, string>>(variables[name].schema)])
  )
)
const decodeEnvironment = Schema.decodeUnknownResult(Environment, { errors: "all" })
const toStandard = SchemaIssue.makeFormatterStandardSchemaV1()

export interface Config {
  readonly environment: "development" | "production"
  readonly logLevel: (typeof LogLevels)[number]
  readonly port: number
  readonly host: string
  readonly dataDir: string
  readonly ttsHome: string
  /** Absent: generated by whoever starts the service, for this run. Never absent in production. */
  readonly adminSecret?: Redacted.Redacted
  readonly tokenSecret?: Redacted.Redacted
  readonly tokenSecretPrevious?: Redacted.Redacted
  readonly sessionsMax: number
  readonly basicSocket: boolean
  readonly basicSessionsMax: number
  readonly ratePerMinute: number
  readonly allowedOrigins: ReadonlyArray<string>
  readonly trustedProxyHops: number
  readonly storageKey?: Redacted.Redacted
  readonly retentionDays: number
  readonly drainSeconds: number
  readonly resumeWindowSeconds: number
  readonly sessionIdleSeconds: number
  readonly sessionMaxMinutes: number
  /** Absent: the embedded model. */
  readonly voskModelPath?: string
  readonly voskLibrary?: string
  readonly sttHosts: number
  readonly ttsVoice?: string
  readonly helplineText?: string
}

/** One line for an operator. The value is there only where it is no secret. */
export interface ConfigFault {
  readonly variable: VariableName
  readonly line: string
}

const fault = (name: VariableName, value: string | undefined, problem: string): ConfigFault => ({
  variable: name,
  line: `${name}${value === undefined ? "" : `=${JSON.stringify(value.slice(0, 120))}`}: ${problem}`
})

/** Words that stand in examples and templates, and must never be a real secret. */
const placeholder =
  /change[-_ ]?(me|this|it)|place[-_ ]?holder|your[-_ ]?(secret|token|key|jwt)|example|replace|insecure|password|secret[-_ ]?(key|token)|^(?<unit>.{1,8})\k<unit>+$/i

const weakness = (secret: string): string | undefined =>
  new TextEncoder().encode(secret).length < secretBytesMin
    ? `must have at least ${secretBytesMin} bytes in production; \`openssl rand -base64 48\` makes one`
    : placeholder.test(secret)
      ? "is a known placeholder; `openssl rand -base64 48` makes a real one"
      : undefined

const productionFaults = (raw: Given, tokenSecret: string | undefined): ReadonlyArray<ConfigFault> => {
  const faults: Array<ConfigFault> = []
  const secrets = [
    ["VOICE_SERVICE_SECRET", raw.VOICE_SERVICE_SECRET, true],
    [raw.JWT_SECRET === undefined ? "VOICE_SERVICE_TOKEN" : "JWT_SECRET", tokenSecret, true],
    ["VOICE_SERVICE_TOKEN_PREVIOUS", raw.VOICE_SERVICE_TOKEN_PREVIOUS, false]
  ] as const
  for (const [name, secret, required] of secrets) {
    if (secret === undefined) {
      if (required) faults.push(fault(name, undefined, "is required in production"))
      continue
    }
    const problem = weakness(secret)
    if (problem !== undefined) faults.push(fault(name, undefined, problem))
  }
  if (raw.VOICE_SERVICE_SECRET !== undefined && raw.VOICE_SERVICE_SECRET === tokenSecret) {
    faults.push(fault("VOICE_SERVICE_SECRET", undefined, "must differ from VOICE_SERVICE_TOKEN"))
  }
  if (raw.ALLOWED_ORIGINS === "*")
    faults.push(fault("ALLOWED_ORIGINS", "*", "is refused in production; name the origins"))
  return faults
}

const redacted = <Key extends string>(
  key: Key,
  secret: string | undefined
): { readonly [K in Key]?: Redacted.Redacted } =>
  (secret === undefined ? {} : { [key]: Redacted.make(secret, { label: key }) }) as { [K in Key]?: Redacted.Redacted }
const present = <Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } =>
  (value === undefined ? {} : { [key]: value }) as { [K in Key]?: string }

/** Variables that are not in the table are none of ours and are left alone. */
export const decodeConfig = (
  environment: Readonly<Record<string, string | undefined>>
): Result.Result<Config, ReadonlyArray<ConfigFault>> => {
  const given: Partial<Record<VariableName, string>> = {}
  for (const name of names) {
    const value = environment[name]?.trim()
    if (value !== undefined && value !== "") given[name] = name === "LOG_LEVEL" ? value.toUpperCase() : value
  }
  const decoded = decodeEnvironment(given)
  const faults: Array<ConfigFault> = []
  if (Result.isFailure(decoded)) {
    const wrong = new Set(toStandard(decoded.failure.issue).issues.map((issue) => issue.path?.[0]))
    for (const name of names.filter((name) => wrong.has(name))) {
      const row: Variable<unknown> = variables[name]
      faults.push(fault(name, row.secret ? undefined : given[name], `not allowed; allowed is ${row.allowed}`))
    }
  }
  const tokenSecret = given.VOICE_SERVICE_TOKEN ?? given.JWT_SECRET
  if (tokenSecret !== (given.JWT_SECRET ?? tokenSecret)) {
    faults.push(
      fault("JWT_SECRET", undefined, "is an alias of VOICE_SERVICE_TOKEN and differs from it; set one of the two")
    )
  }
  const production = given.VOICE_SERVICE_ENV === "production"
  if (production) faults.push(...productionFaults(given, tokenSecret))
  if (Result.isFailure(decoded) || faults.length > 0) return Result.fail(faults)

  const raw = decoded.success as Raw
  const dataDir = raw.DATA_DIR ?? (production ? "/data" : ".data")
  return Result.succeed({
    environment: production ? "production" : "development",
    logLevel: raw.LOG_LEVEL ?? "INFO",
    port: raw.PORT ?? 8_080,
    host: raw.HOST ?? (production ? "0.0.0.0" : "127.0.0.1"),
    dataDir,
    ttsHome: raw.TTS_HOME ?? (production ? "/data/tts_cache" : `${dataDir}/tts_cache`),
    ...redacted("adminSecret", raw.VOICE_SERVICE_SECRET),
    ...redacted("tokenSecret", tokenSecret),
    ...redacted("tokenSecretPrevious", raw.VOICE_SERVICE_TOKEN_PREVIOUS),
    sessionsMax: raw.MAX_CONCURRENT_SESSIONS ?? 10,
    basicSocket: raw.BASIC_SOCKET !== "off",
    basicSessionsMax: raw.BASIC_SESSIONS_MAX ?? (production ? 3 : 10),
    ratePerMinute: raw.RATE_LIMIT_PER_MINUTE ?? 60,
    allowedOrigins: raw.ALLOWED_ORIGINS?.split(",").map((origin) => origin.trim().toLowerCase()) ?? [],
    trustedProxyHops: raw.TRUSTED_PROXY_HOPS ?? 0,
    ...redacted("storageKey", raw.STORAGE_KEY),
    retentionDays: raw.RETENTION_DAYS ?? 30,
    drainSeconds: raw.DRAIN_SECONDS ?? (production ? 20 : 0),
    resumeWindowSeconds: raw.RESUME_WINDOW_SECONDS ?? 600,
    sessionIdleSeconds: raw.SESSION_IDLE_SECONDS ?? 120,
    sessionMaxMinutes: raw.SESSION_MAX_MINUTES ?? 60,
    ...present("voskModelPath", raw.VOSK_MODEL_PATH),
    ...present("voskLibrary", raw.VOSK_LIBRARY),
    sttHosts: raw.STT_HOSTS ?? 1,
    ...present("ttsVoice", raw.TTS_VOICE),
    ...present("helplineText", raw.HELPLINE_TEXT)
  })
}
