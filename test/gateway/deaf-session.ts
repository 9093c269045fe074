/** Real sessions over models that hear and say nothing: for what a session allows its client, without a model host. */
import { fileURLToPath } from "node:url"
import { Layer } from "effect"
import { Audit, type AuditHealth } from "#src/audit/audit.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { sessionsLayer, type SessionsOptions } from "#src/session/sessions.ts"
import { Vad, vadFrameSamples } from "#src/vad/vad.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

const notKept: AuditHealth = { status: "ready", sinceMs: 0, written: 0, leftOut: 0, lost: 0 }

const questionnaires = fileURLToPath(new URL("../../questionnaires", import.meta.url))

export const models = Layer.merge(
  echoLayers(newSeen()),
  Layer.succeed(Vad, {
    health: () => ({ status: "ready", backend: "deaf", sinceMs: 0, degraded: false }),
    onHealth: () => () => {},
    hosts: [],
    open: ({ probabilities }) => ({
      push: (samples) => {
        // As over a pipe, the answer never comes before the call has returned.
        queueMicrotask(() => probabilities(new Float32Array(samples.length / vadFrameSamples)))
        return true
      },
      close: () => {}
    })
  })
)

/** The sessions replace those of the echo, whose models they use. */
export const deafLayers = (options: SessionsOptions) =>
  Layer.merge(
    models,
    sessionsLayer(options).pipe(
      Layer.provide(Questionnaires.layer(questionnaires)),
      Layer.provide(models),
      Layer.provide(Layer.succeed(Audit, { record: () => {}, health: () => notKept }))
    )
  )
