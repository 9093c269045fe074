import { it as effectIt } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { ClientMessage, ServerMessage } from "#schemas/wire.ts"
import { sawtV1 } from "#src/gateway/sawt-v1.ts"

const faultOf = (text: string) => {
  const result = sawtV1.decodeText(text)
  if (Result.isSuccess(result)) throw new Error(`accepted: ${text}`)
  return result.failure
}
const runs = { arbitrary: { runs: 300 } }

describe("round trips", () => {
  effectIt.effect.prop(
    "every client message survives JSON",
    [ClientMessage],
    ([message]) =>
      Effect.sync(() => {
        const text = JSON.stringify(message)
        assert.deepStrictEqual<unknown>(Result.getOrThrow(sawtV1.decodeText(text)), JSON.parse(text))
      }),
    runs
  )

  const decodeServer = Schema.decodeUnknownSync(Schema.fromJsonString(ServerMessage), { onExcessProperty: "error" })
  effectIt.effect.prop(
    "every server message that is sent can be read by the schema",
    [ServerMessage],
    ([message]) =>
      Effect.sync(() => {
        const text = sawtV1.encode(message)
        assert.deepStrictEqual<unknown>(decodeServer(text), JSON.parse(text))
      }),
    runs
  )
})

describe("what is refused", () => {
  it("no text at all makes it throw, and nothing that is no message is accepted", () => {
    fc.assert(fc.property(fc.string(), (text) => Result.isFailure(sawtV1.decodeText(text))))
    fc.assert(fc.property(fc.jsonValue(), (value) => Result.isFailure(sawtV1.decodeText(JSON.stringify(value)))))
  })

  it.each([
    ["{", "The text is not JSON. A message is one JSON object with a `type`."],
    ["[]", "A message is one JSON object with a `type`."],
    ["null", "A message is one JSON object with a `type`."],
    ['{"type":"ping","extra":1}', "ping: `extra` is not a field of it."],
    ['{"type":"ping","__proto__":{"a":1}}', "ping: `__proto__` is not a field of it."],
    ['{"type":"text.input"}', "text.input: `text` is missing."],
    [
      '{"type":"session.start","audio":{"encoding":"mp3","sample_rate":16000}}',
      'session.start: `audio.encoding`: expected "pcm_s16le" | "mulaw" | "opus".'
    ],
    [
      '{"type":"session.start","audio":{"encoding":"opus","sample_rate":16000,"x":1}}',
      "session.start: `audio.x` is not a field of it."
    ],
    [
      '{"type":"ping","a":1,"b":1,"c":1,"d":1,"e":1}',
      "ping: `a` is not a field of it; `b` is not a field of it; `c` is not a field of it; and 2 more."
    ],
    ['{"type":"ping","my name is":1}', "ping: `(a field)` is not a field of it."]
  ])("%s", (text, message) => {
    const fault = faultOf(text)
    assert.strictEqual(fault.code, "invalid_message")
    assert.strictEqual(fault.message, message)
  })

  it("an unknown type is told every type there is", () => {
    for (const text of ['{"type":"session.stop"}', '{"type":5}', "{}", '{"type":"toString"}']) {
      assert.match(faultOf(text).message, /Allowed: session\.start, .*ping\.$/)
    }
  })

  it("a readable ref comes back, an unreadable one does not", () => {
    assert.strictEqual(faultOf('{"type":"x","ref":"r1"}').ref, "r1")
    assert.strictEqual(faultOf('{"type":"ping","x":1,"ref":"r2"}').ref, "r2")
    for (const ref of ["5", '""', JSON.stringify("x".repeat(65)), "{}"]) {
      assert.isUndefined(faultOf(`{"type":"x","ref":${ref}}`).ref)
    }
  })

  it("a value of the person never comes back in a message", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{12,20}$/), (spoken) => {
        const texts = [{ type: "dtmf", digits: spoken }, { type: "ack", seq: spoken }, { type: spoken }]
        for (const value of texts) assert.notInclude(faultOf(JSON.stringify(value)).message, spoken)
      })
    )
  })

  it("nesting as deep as a frame allows is refused like anything else", () => {
    assert.strictEqual(faultOf("[".repeat(8_000) + "]".repeat(8_000)).code, "invalid_message")
    const deep = `{"type":"ping","id":${'{"a":'.repeat(3_000)}1${"}".repeat(3_000)}}`
    assert.strictEqual(faultOf(deep).code, "invalid_message")
  })
})
