/**
 * The log: lines of JSON in production, readable ones on a terminal, and to OTLP where that is set. Its level may be changed
 * while the service runs; what is below it is written nowhere.
 */
import { Context, Effect, Layer, Logger, LogLevel, References } from "effect"
import type { LogLevels } from "#schemas/config-variables.ts"
import type { Otlp } from "#schemas/otlp.ts"

export type Level = (typeof LogLevels)[number]

const effectLevels: Record<Level, LogLevel.LogLevel> = {
  TRACE: "Trace",
  DEBUG: "Debug",
  INFO: "Info",
  WARN: "Warn",
  ERROR: "Error",
  FATAL: "Fatal"
}

/** The least level that is logged, as it is now. */
export class LogThreshold {
  #level: Level

  constructor(level: Level) {
    this.#level = level
  }

  get level(): Level {
    return this.#level
  }

  set(level: Level): void {
    this.#level = level
  }

  allows(level: LogLevel.LogLevel): boolean {
    return LogLevel.isGreaterThanOrEqualTo(level, effectLevels[this.#level])
  }
}

/** Without a layer, one that nothing asks. */
export const Threshold: Context.Reference<LogThreshold> = Context.Reference("sawt/telemetry/Threshold", {
  defaultValue: () => new LogThreshold("INFO")
})

/** Of a fiber whose lines hold what people say: they stay in this process's own log. */
export const StaysHere: Context.Reference<boolean> = Context.Reference("sawt/telemetry/StaysHere", {
  defaultValue: () => false
})

/** Lines that may leave for another machine. */
const leaving = (logger: Logger.Logger<unknown, unknown>): Logger.Logger<unknown, void> =>
  Logger.make((options) => {
    if (!options.fiber.getRef(StaysHere)) logger.log(options)
  })

const above = (threshold: LogThreshold, logger: Logger.Logger<unknown, unknown>): Logger.Logger<unknown, void> =>
  Logger.make((options) => {
    if (threshold.allows(options.logLevel)) logger.log(options)
  })

export interface LogOptions {
  readonly level: Level
  readonly isProduction: boolean
  readonly otlp: Otlp | undefined
}

export const layerLogs = ({ level, isProduction, otlp }: LogOptions) => {
  const threshold = new LogThreshold(level)
  const here = isProduction ? Logger.consoleJson : Logger.consolePretty()
  const exported =
    otlp?.signals.logs === true
      ? [
          Effect.flatMap(
            Effect.promise(() => import("./otlp.ts")),
            ({ otlpLogger }) => otlpLogger(otlp)
          )
        ]
      : []
  return Layer.mergeAll(
    Logger.layer([
      above(threshold, here),
      ...exported.map((made) => Effect.map(made, (logger) => above(threshold, leaving(logger))))
    ]),
    // All of them reach the loggers, which ask the threshold: a fiber keeps the level that it began with.
    Layer.succeed(References.MinimumLogLevel, "Trace"),
    Layer.succeed(Threshold, threshold)
  )
}
