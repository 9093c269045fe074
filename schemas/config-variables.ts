/** Every environment variable in one table: name, unit, default, what is allowed, one sentence. */
import { Schema } from "effect"
import { otelVariables } from "./otel-variables.ts"
import { integer, variable } from "./variable.ts"

const OnOff = Schema.Literals(["on", "off"])
const Path = Schema.String.check(Schema.isMaxLength(4_096), Schema.isPattern(/^[^\0]+$/))
const Secret = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(1_024))
/** Origins as a browser writes them: scheme and host, no path. */
const Origins = Schema.String.check(
  Schema.isPattern(/^(\*|https?:\/\/[A-Za-z0-9.:[\]-]+(\s*,\s*https?:\/\/[A-Za-z0-9.:[\]-]+)*)$/)
)
const Origin = Schema.String.check(Schema.isPattern(/^https?:\/\/[A-Za-z0-9.:[\]-]{1,253}$/))
/** Servers that speak with XTTS. */
export const xttsDialects = ["xtts-api-server", "xtts-streaming-server", "tts-server"] as const
export type XttsDialect = (typeof xttsDialects)[number]
export const LogLevels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const

/** Bytes of a secret below which production does not start: the key size of HS256 (RFC 7518, 3.2). */
export const secretBytesMin = 32

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
    about:
      "Former signing secret: its tokens are still accepted, new ones are not signed with it. Needed for 24 hours, the longest life of a token; without it all former tokens are void at once.",
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
    default:
      "`DATA_DIR`/models/vosk-model-ar-mgb2-0.4 in production, the embedded models/vosk-model-tiny-ar in development",
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
  LOG_CONTENT: variable({
    schema: OnOff,
    default: "off",
    allowed: "on or off; only off in production",
    about:
      "Logs what is said, typed and answered, at DEBUG, and never over OTLP: for debugging with invented speech only."
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
  PUBLIC_URL: variable({
    schema: Origin,
    default: "unset: the one of `ALLOWED_ORIGINS` that a request's Host names, or localhost",
    allowed: "an origin such as https://clinic.example, without a path; https in production",
    about: "Where patients reach the service: the links of invitations begin with it."
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
  STORAGE_KEY_PREVIOUS: variable({
    schema: Schema.String.check(Schema.isPattern(/^([0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/)),
    default: "unset",
    allowed: "as `STORAGE_KEY`; needed with a new one until the log says that everything is sealed with that",
    about: "Former storage key, or what `DATA_DIR`/storage.key held: what it sealed is sealed anew.",
    secret: true
  }),
  WEBHOOK_URL: variable({
    schema: Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s@/?#]+(\/[^\s@#]*)?$/), Schema.isMaxLength(2_000)),
    default: "unset: nobody is told, alerts wait in `/admin/alerts`",
    allowed: "a URL without user and password; in production https, or this machine",
    about: "Where alerts and finished responses are told of, by their ids alone."
  }),
  WEBHOOK_SECRET: variable({
    schema: Schema.String.check(Schema.isPattern(/^(whsec_)?[A-Za-z0-9+/]{32,86}={0,2}$/)),
    default: "unset",
    allowed: "24 to 64 random bytes as base64, with or without `whsec_`; needed with `WEBHOOK_URL`",
    about: "Key that signs what the webhook sends (Standard Webhooks, HMAC-SHA256).",
    secret: true
  }),
  RETENTION_DAYS: integer({
    minimum: 1,
    maximum: 3_650,
    default: "30",
    unit: "days",
    about: "How long answers, responses and acknowledged alerts are kept, and the audit log."
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
    about:
      "After so long without speech or a message that a person may have caused (pings do not count), a session ends with `idle_timeout`."
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
  STT_ALLOCATOR: variable({
    schema: Path,
    default: "unset: jemalloc where the system has it (Debian's libjemalloc2), else `system`",
    allowed: "a file, or `system` for the C library's own",
    about: "Memory allocator of the recognition processes, on Linux."
  }),
  VOSK_SAMPLE_RATE: integer({
    minimum: 8_000,
    maximum: 48_000,
    default: "8000",
    unit: "Hz",
    about: "What a client of vosk-server's protocol sends, unless its `config` says another; as vosk-server has it."
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
    allowed:
      "the name of a downloaded Piper voice (`ar_JO-kareem-medium`), the file of any (`.onnx`), or the name of an Arabic voice of eSpeak NG",
    about: "Voice that speaks where a client names none."
  }),
  TTS_RATE_PERCENT: integer({
    minimum: 50,
    maximum: 200,
    default: "100",
    unit: "%",
    about: "How fast the voices here speak, of their own pace; an XTTS server has settings of its own."
  }),
  XTTS_URL: variable({
    schema: Schema.String.check(Schema.isPattern(/^https?:\/\/[A-Za-z0-9.:[\]-]{1,253}(\/[A-Za-z0-9._~/-]*)?$/)),
    default: "unset: no such server",
    allowed: "an http or https URL without user, password and query",
    about:
      "Coqui XTTS server that speaks first; `TTS_VOICE` stands in for it. It gets what is said, names and answers too, and may log it."
  }),
  XTTS_DIALECT: variable({
    schema: Schema.Literals(xttsDialects),
    default: "xtts-streaming-server",
    allowed: `one of ${xttsDialects.join(", ")}`,
    about:
      "Which server it is: daswer123/xtts-api-server, coqui-ai/xtts-streaming-server, or Coqui TTS's own `tts-server`."
  }),
  XTTS_SPEAKER: variable({
    schema: Schema.String.check(Schema.isPattern(/^[^\p{Cc}"\\]{1,200}$/u)),
    default: "unset; needed with `XTTS_URL`",
    allowed: "1 to 200 characters, a speaker that the server has",
    about: "Whose voice the XTTS server speaks with."
  }),
  XTTS_LICENCE_ACCEPTED: variable({
    schema: Schema.Literals(["CPML"]),
    default: "unset; needed with `XTTS_URL`",
    allowed: "CPML",
    about:
      "Says that the operator accepts the Coqui Public Model License of XTTS, which allows no commercial use of the model or its sound."
  }),
  MODELS_DOWNLOAD: variable({
    schema: OnOff,
    default: "on in production, off in development",
    allowed: "on or off",
    about:
      "Whether configured models that are missing under `DATA_DIR`/models are downloaded in the background; `npm run models:download` fetches them beforehand."
  }),
  MODELS_BASE_URL: variable({
    schema: Schema.String.check(
      Schema.isPattern(/^((https?|file):\/\/[^\s@?#]+|\/[^\0]*)$/i),
      Schema.isMaxLength(2_000)
    ),
    default: "unset: from the publishers",
    allowed: "an http, https or file URL without user and password, or a folder's whole path",
    about: "Mirror that holds the files of all models by their names."
  }),
  MODELS_MANIFEST: variable({
    schema: Path,
    default: "models/manifest.json",
    allowed: "a file",
    about: "Manifest of the models that there are, for models of one's own."
  }),
  METRICS_TOKEN: variable({
    schema: Secret,
    default: "unset: `/metrics` takes the admin secret alone",
    allowed: secretAllowed,
    about: "Bearer with which a scraper reads `/metrics`, and nothing else.",
    secret: true
  }),
  CANARY_MINUTES: integer({
    minimum: 0,
    maximum: 1_440,
    default: "5 in production, 0 in development",
    unit: "min",
    about: "How often the service tries itself, from a spoken word to sound, under a label of its own; 0: never."
  }),
  PROFILING: variable({
    schema: OnOff,
    default: "on in development, off in production",
    allowed: "on or off",
    about:
      "Whether SIGUSR2 writes a CPU profile and a heap snapshot to `DATA_DIR`/profiles; a snapshot holds what people say."
  }),
  ...otelVariables,
  HELPLINE_TEXT: variable({
    schema: Schema.String.check(Schema.isMaxLength(1_000)),
    default: "unset",
    allowed: "up to 1000 characters",
    about:
      "What a person in distress is told: whom to call. In production a questionnaire with a safety rule is not offered without it."
  })
} as const

export type VariableName = keyof typeof variables
