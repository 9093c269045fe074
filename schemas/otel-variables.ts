/**
 * OpenTelemetry's own variables, as far as they are honoured: names, meanings and defaults are those of its specification
 * (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables), but that nothing is exported unless an
 * endpoint is named.
 */
import { Schema } from "effect"
import { integer, variable } from "./variable.ts"

const Exporter = Schema.Literals(["otlp", "none"])
const exporter = (signal: string) =>
  variable({
    schema: Exporter,
    default: "otlp",
    allowed: "otlp or none",
    about: `Whether ${signal} are exported; \`none\` keeps them here.`
  })
/** `key=value,key=value`, percent-encoded where it must be (W3C Baggage). */
const Pairs = Schema.String.check(
  Schema.isPattern(/^[^\s=,]+=[^,]*(,\s*[^\s=,]+=[^,]*)*,?$/),
  Schema.isMaxLength(8_192)
)
const pairsAllowed = "key=value pairs, separated by commas; percent-encoded where they must be"
export const samplers = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio"
] as const

export const otelVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: variable({
    schema: Schema.String.check(Schema.isPattern(/^https?:\/\/[^\s@?#]+$/), Schema.isMaxLength(2_000)),
    default: "unset: nothing is exported",
    allowed: "an http or https URL without user, password and query; `/v1/traces` and the like are put behind it",
    about: "Receiver of traces, metrics and logs (OTLP over HTTP)."
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: variable({
    schema: Schema.Literals(["http/protobuf", "http/json"]),
    default: "http/protobuf",
    allowed: "http/protobuf or http/json",
    about: "How they are encoded. gRPC is not spoken."
  }),
  OTEL_EXPORTER_OTLP_HEADERS: variable({
    schema: Pairs,
    default: "unset",
    allowed: pairsAllowed,
    about: "Headers of each export, such as the receiver's key.",
    secret: true
  }),
  OTEL_EXPORTER_OTLP_TIMEOUT: integer({
    minimum: 100,
    maximum: 60_000,
    default: "10000",
    unit: "ms",
    about: "How long one export may take; then it is given up, and what it carried is lost."
  }),
  OTEL_SDK_DISABLED: variable({
    schema: Schema.Literals(["true", "false"]),
    default: "false",
    allowed: "true or false",
    about: "Exports nothing, whatever else is set."
  }),
  OTEL_TRACES_EXPORTER: exporter("traces"),
  OTEL_METRICS_EXPORTER: exporter("metrics"),
  OTEL_LOGS_EXPORTER: exporter("logs"),
  OTEL_SERVICE_NAME: variable({
    schema: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9._/-]{1,255}$/)),
    default: "sawt",
    allowed: "up to 255 letters, digits, dots, dashes, slashes",
    about: "`service.name` of all that is exported."
  }),
  OTEL_RESOURCE_ATTRIBUTES: variable({
    schema: Pairs,
    default: "unset",
    allowed: pairsAllowed,
    about: "Attributes of the resource, such as `deployment.environment.name`."
  }),
  OTEL_TRACES_SAMPLER: variable({
    schema: Schema.Literals(samplers),
    default: "parentbased_always_on",
    allowed: `one of ${samplers.join(", ")}`,
    about:
      "Which traces are exported. A turn has no parent: what a client decided about its own trace is for its session."
  }),
  OTEL_TRACES_SAMPLER_ARG: variable({
    schema: Schema.String.check(Schema.isPattern(/^(0(\.[0-9]{1,9})?|1(\.0{1,9})?)$/)),
    default: "1",
    allowed: "a number from 0 to 1",
    about: "The share of traces, for `traceidratio`."
  }),
  OTEL_BSP_SCHEDULE_DELAY: integer({
    minimum: 10,
    maximum: 60_000,
    default: "5000",
    unit: "ms",
    about: "How long spans and log lines are gathered before they are exported."
  }),
  OTEL_BSP_MAX_QUEUE_SIZE: integer({
    minimum: 512,
    maximum: 100_000,
    default: "2048",
    unit: "spans",
    about: "Spans, and log lines, that wait for the receiver. Over it: dropped."
  }),
  OTEL_METRIC_EXPORT_INTERVAL: integer({
    minimum: 100,
    maximum: 3_600_000,
    default: "60000",
    unit: "ms",
    about: "How often metrics are exported."
  })
} as const
