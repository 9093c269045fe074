/** A store on a real file, and what tests put into it where it matters little. */
import { Context, Effect, Layer, Logger } from "effect"
import type { SessionSummary } from "#schemas/record.ts"
import { Alerts, type NewResponse, Responses } from "#src/store/clinic.ts"
import { layerStore, type StoreOptions } from "#src/store/keeping.ts"
import { Store } from "#src/store/store.ts"

/** Until the scope closes. */
export const openStore = (folder: string, over: Partial<StoreOptions> = {}) =>
  Effect.map(
    Layer.build(
      layerStore({ folder, resumeWindowSeconds: 600, retentionDays: 30, production: false, ...over }).pipe(
        Layer.provide(Logger.layer([]))
      )
    ),
    (context) => ({
      store: Context.get(context, Store),
      responses: Context.get(context, Responses),
      alerts: Context.get(context, Alerts)
    })
  )
export type OpenedStore = Effect.Success<ReturnType<typeof openStore>>

export const phq9 = { id: "phq-9", version: "1.0.0" }

export const responseOf = (authoredAtMs: number, over: Partial<NewResponse> = {}): NewResponse => ({
  questionnaire: phq9,
  status: "completed",
  authoredAtMs,
  content: {
    response: {
      resourceType: "QuestionnaireResponse",
      id: "r",
      questionnaire: "urn:phq-9|1.0.0",
      status: "completed",
      authored: "2026-01-01T00:00:00.000Z"
    },
    scores: [{ id: "44261-6", value: 12, band: "moderate" }],
    alerts: []
  },
  ...over
})

/** Of a session in which nothing was said. */
export const emptySummary: SessionSummary = {
  protocol: "sawt.v1",
  clientAddress: "192.0.2.1",
  traceId: "t",
  state: "asking",
  startedAtMs: 0,
  lastActivityAtMs: 0,
  audioInMs: 0,
  audioOutMs: 0,
  utterances: 0,
  droppedFrames: 0
}
