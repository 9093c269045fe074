/** Turns of real sessions over real models: what is recorded of each. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ClientMessage, SessionStart } from "#schemas/wire.ts"
import { Audit } from "#src/audit/audit.ts"
import { bytesOf, joined } from "#src/audio/pcm.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { type Endpoint, Sessions } from "#src/session/contract.ts"
import { sessionsLayer } from "#src/session/sessions.ts"
import { layerStore } from "#src/store/keeping.ts"
import type { TurnRecord } from "#src/telemetry/turn-record.ts"
import { Turns } from "#src/telemetry/turns.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { consentVersion } from "#src/tts/prompts.ts"
import { type Models, startModels } from "#test/crash/in-process.ts"
import { silence, spoken } from "#test/e2e/caller.ts"
import { recordedConnection } from "#test/session/connection.ts"

const folder = mkdtempSync(join(tmpdir(), "sawt-turns-"))
const scope = Effect.runSync(Scope.make())
let models: Models
let services: Context.Context<Sessions>
beforeAll(async () => {
  models = await startModels()
  const layer = sessionsLayer({ idleSeconds: 600, maxMinutes: 60 }).pipe(
    Layer.provide(Audit.layer({ folder, retentionDays: 1 })),
    Layer.provide(Questionnaires.layer(join(import.meta.dirname, "../../questionnaires"))),
    Layer.provide(layerStore({ folder, resumeWindowSeconds: 600, retentionDays: 1, production: false })),
    Layer.provide(Layer.succeedContext(models.context)),
    Layer.provide(Logger.layer([]))
  )
  services = await Effect.runPromise(Layer.buildWithScope(layer, scope))
})
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await models.close()
  rmSync(folder, { recursive: true })
})

const admission = (endpoint: Endpoint) => ({
  endpoint,
  protocol: "sawt.v1",
  scopes: ["voice", "healthcare"],
  clientAddress: "127.0.0.1",
  traceId: "0af7651916cd43dd8448eb211c80319c"
})

/** A session, and its turns one by one as they end. */
const opened = async (endpoint: Endpoint, start: Omit<SessionStart, "type">) => {
  const turns = Context.get(services, Turns)
  const ended: Array<TurnRecord> = []
  const waiting = new Set<() => void>()
  const stop = turns.onTurn((turn) => {
    ended.push(turn)
    for (const wake of waiting) wake()
  })
  let ready = () => {}
  const started = new Promise<void>((resolve) => (ready = resolve))
  const recorded = recordedConnection()
  const connection = {
    ...recorded,
    send: (message: Parameters<typeof recorded.send>[0]) => {
      recorded.send(message)
      if (message.type === "session.ready") ready()
    }
  }
  const session = await Effect.runPromise(
    Context.get(services, Sessions).open(admission(endpoint), connection).pipe(Scope.provide(scope))
  )
  session.receive({ type: "session.start", mode: "file", ...start })
  await started
  return {
    id: session.id,
    of: () => turns.of(session.id),
    say: (message: ClientMessage) => session.receive(message),
    hear: (samples: Int16Array) => {
      for (let at = 0; at < samples.length; at += 640) session.receiveAudio(bytesOf(samples.slice(at, at + 640)))
    },
    turn: async (number: number): Promise<TurnRecord> => {
      for (;;) {
        const found = ended.find((turn) => turn.number === number)
        if (found !== undefined) return found
        await new Promise<void>((resolve) => waiting.add(resolve))
      }
    },
    end: async () => {
      await Effect.runPromise(session.end)
      stop()
    }
  }
}

const inOrder = (...times: ReadonlyArray<number | undefined>): void => {
  for (const [at, time] of times.entries()) {
    assert.isNumber(time)
    if (at > 0) assert.isAtLeast(time ?? 0, times[at - 1] ?? 0)
  }
}

describe("a turn", () => {
  it("of plain recognition is what was heard, by whom, and when", async () => {
    const session = await opened("secure", {})
    session.hear(spoken("yes"))
    const turn = await session.turn(1)
    assert.include(turn, { cause: "speech", outcome: "transcribed" })
    assert.include(turn.session, { id: session.id, endpoint: "secure", mode: "file" })
    assert.match(turn.traceId, /^[0-9a-f]{32}$/)
    const [hearing, ...others] = turn.hearings
    assert.isEmpty(others)
    assert.isAbove(hearing?.audioMs ?? 0, 500)
    assert.isAbove(hearing?.work?.decodeMs ?? 0, 0)
    assert.isAbove(hearing?.pid ?? 0, 1)
    const { speech } = turn
    inOrder(
      turn.startedAtMs,
      speech?.stoppedAtMs,
      speech?.endedAtMs,
      hearing?.endedAtMs,
      turn.settledAtMs,
      turn.endedAtMs
    )
    await session.end()
  })

  it("of an interview is the answer, what was written, and what was said back until it had been played", async () => {
    const session = await opened("healthcare", { questionnaire: "phq-9" })
    const first = await session.turn(1)
    assert.include(first, { cause: "service", outcome: "told", questionnaire: "phq-9" })
    assert.deepStrictEqual(
      first.spoken.map(({ end }) => end),
      ["completed"]
    )
    session.say({ type: "consent.give", version: consentVersion })
    const consent = await session.turn(2)
    assert.include(consent, { cause: "input", outcome: "answered" })
    assert.isTrue(consent.writes.some(({ isStored }) => isStored))
    const [asked] = consent.spoken
    inOrder(asked?.requestedAtMs, asked?.synthesis[0]?.endedAtMs, asked?.firstByteAtMs, asked?.endedAtMs)
    assert.include(asked?.synthesis[0], { source: "espeak", degraded: false })
    // A yes that is heard as an option's word, and not surely.
    session.hear(joined(silence(200), readSamples(clipOf("yes").file), silence(900)))
    const readBack = await session.turn(3)
    assert.include(readBack, { cause: "speech", outcome: "confirming" })
    assert.isString(readBack.linkId)
    assert.isAbove(readBack.responseMs ?? 0, 0)
    assert.isTrue(readBack.transitions.some(({ machine }) => machine === "interview"))
    assert.isTrue(readBack.transitions.some(({ to }) => to.startsWith("playback.playing")))
    session.hear(spoken("no"))
    const denied = await session.turn(4)
    assert.include(denied, { cause: "speech", outcome: "denied" })
    assert.strictEqual(denied.linkId, readBack.linkId)
    assert.deepStrictEqual(
      session.of().map(({ number }) => number),
      [1, 2, 3, 4]
    )
    await session.end()
  })
})
