/** `npm run bench:metrics`: what counting, measuring and a scrape cost the server. */
import { Context, Metric } from "effect"
import { SoundMeter } from "#src/audio/sound.ts"
import { exposition } from "#src/telemetry/exposition.ts"
import { MetricBook } from "#src/telemetry/metrics.ts"

/** Microseconds of processor time, which other work on the machine delays less than the clock's; the median of five rounds. */
const microseconds = (times: number, act: () => void): number => {
  const rounds = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage()
    for (let i = 0; i < times; i++) act()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / times
  })
  return rounds.toSorted((a, b) => a - b)[2] ?? 0
}

const book = new MetricBook(Context.make(Metric.MetricRegistry, new Map()))
const meter = new SoundMeter()
const frame = Int16Array.from({ length: 512 }, (_, i) => Math.round(8_000 * Math.sin(i / 5)))
const traceId = "0123456789abcdef0123456789abcdef"

const told = (what: string, figure: number, unit: string): void =>
  void process.stdout.write(`${what.padEnd(48)} ${figure.toFixed(1).padStart(8)} ${unit}\n`)
told(
  "a frame of 32 ms of somebody's speech",
  microseconds(50_000, () => meter.add(frame)),
  "µs"
)
told(
  "a count",
  microseconds(50_000, () =>
    book.count("sawt_transcripts_total", { endpoint: "basic", degraded: "false", replayed: "false" })
  ),
  "µs"
)
told(
  "a measurement, with its trace",
  microseconds(50_000, () => book.observe("sawt_turn_response_seconds", 0.2, { endpoint: "basic" }, traceId)),
  "µs"
)
told("a scrape", microseconds(50, () => void exposition(book, "openmetrics")) / 1_000, "ms")
told("its size", exposition(book, "openmetrics").length / 1_000, "kB")
