/** Sessions over a real store in this process, without a gateway, so that a test may choose what becomes of the store. */
import { join } from "node:path"
import { Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import type { ServerMessage } from "#schemas/wire.ts"
import { Audit } from "#src/audit/audit.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { Sessions, type Admission } from "#src/session/contract.ts"
import { sessionsLayer } from "#src/session/sessions.ts"
import { layerStore, type StoreOptions } from "#src/store/keeping.ts"
import { Stt } from "#src/stt/stt.ts"
import { Tts } from "#src/tts/tts.ts"
import { Vad } from "#src/vad/vad.ts"
import { recordedConnection } from "#test/session/connection.ts"
import type { Line, LineEvents } from "./patient.ts"
import { repository } from "./service.ts"

const quiet = Logger.layer([])

export interface Models {
  readonly context: Context.Context<Stt | Vad | Tts>
  readonly close: () => Promise<void>
}

export const startModels = async (): Promise<Models> => {
  const scope = Effect.runSync(Scope.make())
  const layers = Layer.mergeAll(
    Stt.layer({}),
    Vad.layer(),
    Tts.layer({ ttsHome: "/dev/null/none", cacheBytesMax: 0 })
  ).pipe(Layer.provide(quiet))
  const context = await Effect.runPromise(Layer.buildWithScope(layers, scope))
  return { context, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

const admission: Admission = {
  endpoint: "healthcare",
  protocol: "sawt.v1",
  subject: "patient-7",
  scopes: ["voice", "healthcare", "clinician"],
  clientAddress: "127.0.0.1",
  traceId: "trace"
}

export interface Served {
  readonly folder: string
  /** `cut` ends what the client sees, not what the session does. */
  readonly dial: (events: LineEvents) => Promise<{ readonly line: Line; readonly cut: () => void }>
  readonly close: () => Promise<void>
}

export const serve = async (
  models: Models,
  folder: string,
  over: Partial<Pick<StoreOptions, "pagesMax">> = {}
): Promise<Served> => {
  const scope = Effect.runSync(Scope.make())
  const layer = sessionsLayer({ idleSeconds: 600, maxMinutes: 60 }).pipe(
    Layer.provide(Audit.layer({ folder, retentionDays: 30 })),
    Layer.provide(Questionnaires.layer(join(repository, "questionnaires"))),
    Layer.provide(layerStore({ folder, resumeWindowSeconds: 600, retentionDays: 30, production: false, ...over })),
    Layer.provide(Layer.succeedContext(models.context)),
    Layer.provide(quiet)
  )
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const sessions = Context.get(context, Sessions)
  return {
    folder,
    dial: async ({ told, fallen }) => {
      let isStanding = true
      const cut = () => {
        isStanding = false
        queueMicrotask(fallen)
      }
      const connection = {
        ...recordedConnection(),
        send: (message: ServerMessage) => {
          if (isStanding) told(structuredClone(message))
        },
        close: cut
      }
      const session = await Effect.runPromise(sessions.open(admission, connection).pipe(Scope.provide(scope)))
      // As over a socket, an answer never comes while its question is still being sent.
      const line: Line = { send: (message) => queueMicrotask(() => isStanding && session.receive(message)) }
      return { line, cut }
    },
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
