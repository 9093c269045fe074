/** Makes two invitations in the folder that it is given, begins one, says so, and is gone before anything could be tidied. */
import { Context, Effect, Layer, Redacted, Result, Scope } from "effect"
import { Invitations } from "#src/store/invitations.ts"
import { layerStore } from "#src/store/keeping.ts"

const layer = layerStore({
  folder: process.argv[2] ?? "",
  storageKey: Redacted.make("0f".repeat(32)),
  resumeWindowSeconds: 600,
  retentionDays: 30,
  production: false
})
const invitations = Context.get(await Effect.runPromise(Layer.buildWithScope(layer, Scope.makeUnsafe())), Invitations)
const invited = () =>
  Result.getOrThrow(
    invitations.create({
      subject: "p",
      questionnaire: "phq-9",
      language: "en",
      createdAtMs: Date.now(),
      expiresAtMs: Date.now() + 60_000
    })
  )
const [begun, fresh] = [invited(), invited()]
const { resumeToken } =
  Result.getOrThrow(invitations.begin(begun.id, { id: "s1", endpoint: "healthcare", subject: "p" })) ?? {}
process.stdout.write(JSON.stringify({ begun: begun.token, fresh: fresh.token, resumeToken }), () =>
  process.kill(process.pid, "SIGKILL")
)
