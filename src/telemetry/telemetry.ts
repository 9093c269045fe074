/** What is exported, if anything is: without an endpoint nothing of OpenTelemetry is even loaded. */
import { Effect, Layer } from "effect"
import type { Otlp } from "#schemas/otlp.ts"

export const layerTelemetry = (otlp: Otlp | undefined): Layer.Layer<never> =>
  otlp === undefined
    ? Layer.empty
    : Layer.unwrap(
        Effect.map(
          Effect.promise(() => import("./otlp.ts")),
          ({ layerOf }) => layerOf(otlp)
        )
      )
