/**
 * Client messages as nobody should write them: those of the schema, then wrong in type, size, depth or number, with keys
 * and characters that hurt careless programs, and then sometimes no longer JSON at all.
 */
import { Effect } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import fc from "fast-check"
import { ClientMessage } from "#schemas/wire.ts"
import type { Dice } from "./dice.ts"

const poolSizeMax = 2_000

/** JSON text of values, some of which JSON.stringify would never write. */
const hostile: ReadonlyArray<string> = [
  "1e999",
  "-1e999",
  "-0",
  "NaN",
  "1E400",
  "9007199254740993",
  "0.1e-400",
  "00",
  "true",
  "null",
  "[]",
  "{}",
  '""',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\\u0000"',
  '"\\u202e\\u2066a"',
  '"\u0000"',
  '"\u202eabc\u202c"',
  '"e\\u0301\\u0301\\u0301"',
  '"../../etc/passwd"',
  '"__proto__"',
  '"constructor"',
  '{"__proto__":{"text":"a","type":"ping"}}',
  '{"constructor":{"prototype":{"text":"a"}}}',
  '{"toString":null,"valueOf":null}',
  '{"length":1e9}',
  '{"then":{}}',
  "[".repeat(2_000) + "]".repeat(2_000),
  '{"a":'.repeat(1_500) + "1" + "}".repeat(1_500),
  `"${"\u0627".repeat(5_000)}"`,
  `"${"\u0301".repeat(3_000)}"`,
  `"${"A".repeat(4_001)}"`,
  `"${"\ud83d\ude00".repeat(2_000)}"`,
  `[${"0,".repeat(4_000)}0]`,
  "9".repeat(400)
]
const keys = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "",
  "then",
  "length",
  "ref",
  "type"
]

export interface MessagePool {
  readonly wellFormed: ReadonlyArray<ClientMessage>
  /** JSON text of arbitrary values. */
  readonly values: ReadonlyArray<string>
}

/** For so many inputs. */
export const messagePool = (seed: number, inputs: number): MessagePool => {
  const poolSize = Math.min(poolSizeMax, Math.ceil(inputs / 10))
  const sampled = Arbitrary.sampleEffect(Arbitrary.schema(ClientMessage), { seed, count: poolSize })
  return {
    wellFormed: Effect.runSync(sampled),
    values: fc.sample(fc.json({ maxDepth: 4 }), { seed, numRuns: poolSize })
  }
}

/** Real words of a conversation, in the order in which they make sense, so that sessions get somewhere. */
const sensible: ReadonlyArray<ClientMessage> = [
  { type: "consent.give", version: "1" },
  { type: "dtmf", digits: "2" },
  { type: "text.input", text: "نعم" },
  { type: "question.back" },
  { type: "session.pause" },
  { type: "session.continue" },
  { type: "audio.commit" },
  { type: "speech.say", text: "أهلا" },
  { type: "speech.cancel" },
  { type: "answer.select", link_id: "44250-9", code: "LA6569-3" },
  { type: "ack", seq: 1 }
]

type Entry = readonly [key: string, value: string]

const mutated = (dice: Dice, message: ClientMessage, { values }: MessagePool): string => {
  const value = () => (dice.once(2) ? dice.pick(hostile) : dice.pick(values))
  let entries = Object.entries(message).map(([key, field]): Entry => [JSON.stringify(key), JSON.stringify(field)])
  for (let times = dice.whole(0, 3); times > 0; times--) {
    const at = dice.whole(0, Math.max(0, entries.length - 1))
    entries = dice.pick([
      () => entries.map(([key, field], i): Entry => [key, i === at ? value() : field]),
      () => entries.filter((_, i) => i !== at),
      () => [...entries, [JSON.stringify(dice.pick(keys)), value()] as const],
      () => [[JSON.stringify(dice.pick(keys)), value()] as const, ...entries],
      () => [...entries, ...entries],
      () => entries.map(([key, field], i): Entry => [key, i === at ? `[${field}]` : field])
    ])()
  }
  return `{${entries.map(([key, field]) => `${key}:${field}`).join(",")}}`
}

/** As bytes, since not all of them are text. */
export const message = (dice: Dice, pool: MessagePool): Buffer => {
  const text = dice.pick([
    () => JSON.stringify(dice.pick(pool.wellFormed)),
    () => JSON.stringify(dice.pick(sensible)),
    () => mutated(dice, dice.pick(pool.wellFormed), pool),
    () => mutated(dice, dice.pick(pool.wellFormed), pool),
    () => mutated(dice, dice.pick(sensible), pool),
    () => dice.pick(pool.values),
    () => dice.pick(hostile)
  ])()
  if (dice.once(60)) return Buffer.from(text + " ".repeat(dice.whole(0, 70_000)))
  if (dice.once(60)) return Buffer.from(`\ufeff${text}`)
  if (dice.once(15)) return dice.damaged(Buffer.from(text))
  return Buffer.from(text)
}
