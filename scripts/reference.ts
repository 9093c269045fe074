/** Prints docs/reference/config.md, errors.md, metrics.md and traces.md from their tables: `node scripts/reference.ts`. */
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { variables } from "#schemas/config-variables.ts"
import { type ErrorRow, errorTable } from "#schemas/error-table.ts"
import { closeCodes } from "#schemas/errors.ts"
import { attributeTable, eventNames, eventRow, spanNames, spanRow } from "#src/telemetry/span-table.ts"
import { type LabelValues, metricNames, rowOf } from "#src/telemetry/metric-table.ts"

const file = (name: string): string => fileURLToPath(new URL(`../docs/reference/${name}`, import.meta.url))

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

const page = (title: string, source: string, ...parts: ReadonlyArray<string>): string =>
  [
    `# ${title}`,
    `Printed from \`${source}\` by \`scripts/reference.ts\`; a test checks that it is current.`,
    ...parts
  ].join("\n\n") + "\n"

const configPage = (): string =>
  page(
    "Configuration",
    "schemas/config-variables.ts",
    "Environment variables, read once at the start. An empty value counts as unset. A value that is not allowed stops the start, with one line for each; `npm run config:check` says the same and starts nothing.",
    table(
      ["variable", "unit", "default", "allowed", "meaning"],
      Object.entries(variables).map(([name, row]) => [
        `\`${name}\``,
        "unit" in row ? (row.unit ?? "") : "",
        row.default,
        row.allowed,
        row.about
      ])
    )
  )

const errorsPage = (): string =>
  page(
    "Errors",
    "schemas/errors.ts",
    "One table for `error` messages, WebSocket closes and HTTP refusals. A code without a close code does not end the session.",
    table(
      ["code", "close", "HTTP", "retryable"],
      Object.entries(errorTable).map(([code, row]: [string, ErrorRow]) => [
        `\`${code}\``,
        String(row.closeCode ?? "–"),
        String(row.httpStatus ?? "–"),
        row.retryable ? "yes" : "no"
      ])
    ),
    `Closes that are no errors: ${closeCodes.ended} ended, ${closeCodes.goingAway} going away; frames that break RFC 6455 are closed with ${closeCodes.badFraming}, text that is not UTF-8 with ${closeCodes.badUtf8}.`
  )

const valuesOf = (values: LabelValues): string =>
  "most" in values ? `${values.of}; at most ${values.most}, then \`other\`` : values.join(", ")

const metricsPage = (): string =>
  page(
    "Metrics",
    "src/telemetry/metric-table.ts",
    "What `GET /metrics` gives, to the bearer of `METRICS_TOKEN` or the admin secret: Prometheus's text format, or OpenMetrics with exemplars for whoever accepts it. OTLP exports the same numbers under the same names. No label holds what a person said, is called or comes from, and the values of each are bounded. Endpoint `canary` is the service's own trial, never a person.",
    table(
      ["metric", "kind", "meaning", "labels"],
      metricNames.map((name) => {
        const { kind, about, labels } = rowOf(name)
        return [
          `\`${name}\``,
          kind,
          about,
          Object.keys(labels)
            .map((label) => `\`${label}\``)
            .join(", ")
        ]
      })
    ),
    "## Labels",
    table(
      ["metric", "label", "values"],
      metricNames.flatMap((name) =>
        Object.entries(rowOf(name).labels).map(([label, values]) => [`\`${name}\``, `\`${label}\``, valuesOf(values)])
      )
    ),
    "## Buckets",
    table(
      ["metric", "upper bounds"],
      metricNames.flatMap((name) => {
        const { buckets } = rowOf(name)
        return buckets === undefined ? [] : [[`\`${name}\``, buckets.join(", ")]]
      })
    )
  )

const allowedOf = (row: { readonly type: string; readonly values?: ReadonlyArray<string> }): string =>
  row.values?.map((value) => `\`${value}\``).join(", ") ?? row.type
const listed = (names: ReadonlyArray<string>): string => names.map((name) => `\`${name}\``).join(", ")

const tracesPage = (): string =>
  page(
    "Traces",
    "src/telemetry/span-table.ts",
    "What is exported where `OTEL_EXPORTER_OTLP_ENDPOINT` is set: each turn as a trace of its own, linked to the span of its session. A session's span is in the trace that `session.start` names by `traceparent`, else in its upgrade's, which goes on with the client's own. `trace_id` of a `transcript.final` or an error is the turn's. A client of vosk-server's protocol has a session and no turns: where its utterances begin and end libvosk alone knows, whose answers go by unread. No attribute holds what a person said, answered, is called or comes from; nor do exported log lines, whatever `LOG_CONTENT` is.",
    "## Spans",
    table(
      ["span", "parent", "meaning", "attributes"],
      spanNames.map((name) => {
        const { parent, about, attributes } = spanRow(name)
        return [`\`${name}\``, parent === undefined ? "" : `\`${parent}\``, about, listed(attributes)]
      })
    ),
    "## Events",
    table(
      ["event", "on", "meaning", "attributes"],
      eventNames.map((name) => {
        const { on, about, attributes } = eventRow(name)
        return [`\`${name}\``, `\`${on}\``, about, listed(attributes)]
      })
    ),
    "## Attributes",
    table(
      ["attribute", "values", "meaning"],
      Object.entries(attributeTable).map(([name, row]) => [`\`${name}\``, allowedOf(row), row.about])
    )
  )

export const referencePages = (): ReadonlyArray<{ readonly file: string; readonly text: string }> => [
  { file: file("config.md"), text: configPage() },
  { file: file("errors.md"), text: errorsPage() },
  { file: file("metrics.md"), text: metricsPage() },
  { file: file("traces.md"), text: tracesPage() }
]

if (import.meta.main) for (const { file, text } of referencePages()) await writeFile(file, text)
