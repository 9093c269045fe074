/**
 * The boundaries at which bytes of strangers come in. Each makes its inputs from seed and number alone, sends them to a
 * service, and counts how they were answered; the first input that is answered otherwise than the protocol allows ends
 * it, told with what repeats it.
 */
import type { ClientMessage, ServerMessage, SessionStart } from "#schemas/wire.ts"
import { sawtV1 } from "#src/gateway/sawt-v1.ts"
import { Result } from "effect"
import { Dice } from "./dice.ts"
import { ask, converse, type Dial, Fault } from "./exchange.ts"
import { framing, isCloseOfClients } from "./framing.ts"
import { binaryFrame, textFrame } from "./frames.ts"
import { message, messagePool, type MessagePool } from "./messages.ts"
import { request } from "./requests.ts"
import { format, opusPackets, sound } from "./sounds.ts"

export interface Target {
  readonly dial: Dial
  readonly tokens: ReadonlyArray<string>
  readonly adminSecret: string
  /** Milliseconds in which a request that is whole is surely answered; then the client ends its half. */
  readonly patienceMs: number
}

export interface Fuzz {
  readonly seed: number
  readonly inputs: number
  readonly target: Target
}

export interface Tally {
  readonly inputs: number
  readonly connections: number
  /** How often each outcome came. */
  readonly outcomes: ReadonlyMap<string, number>
}

/** One connection: how many inputs it carries, and how they were answered. */
interface Attempt {
  readonly inputs: number
  readonly bytes: Buffer
  readonly run: () => Promise<ReadonlyArray<string>>
}

const connectionsAtOnce = 24

const fuzzed =
  (prepare: (fuzz: Fuzz) => (dice: Dice) => Attempt) =>
  async (fuzz: Fuzz): Promise<Tally> => {
    const attemptOf = prepare(fuzz)
    const outcomes = new Map<string, number>()
    let [inputs, connections] = [0, 0]
    let fault: Fault | undefined
    const worker = async () => {
      while (inputs < fuzz.inputs && fault === undefined) {
        const number = connections++
        const attempt = attemptOf(new Dice(fuzz.seed, number))
        inputs += attempt.inputs
        try {
          for (const outcome of await attempt.run()) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        } catch (error) {
          const input = attempt.bytes.subarray(0, 2_000).toString("base64")
          fault ??= new Fault(`seed ${fuzz.seed}, connection ${number}: ${String(error)}\ninput (base64): ${input}`)
        }
      }
    }
    await Promise.all(Array.from({ length: connectionsAtOnce }, worker))
    if (fault !== undefined) throw fault
    return { inputs, connections, outcomes }
  }

const isPong = (last: ServerMessage): boolean => last.type === "pong" && last.id === "last"
const last = textFrame('{"type":"ping","id":"last"}')

const startOf = (dice: Dice, path: string): SessionStart => ({
  type: "session.start",
  mode: dice.pick(["file", "live"]),
  ...(path.endsWith("healthcare") ? { questionnaire: "phq-9" } : {})
})
/** Where nobody is counted with another. */
const ownAddress = (dice: Dice): string =>
  `2001:db8:${dice.whole(0, 0xffff).toString(16)}:${dice.whole(0, 0xffff).toString(16)}::1`

/** What is kept for a resume is written and sealed at each step, which costs more than all the rest: most sessions are basic. */
const endpointOf = (dice: Dice, tokens: Target["tokens"]) => {
  const path = dice.once(20) ? "/ws/secure/healthcare" : dice.once(3) ? "/ws/secure" : "/ws"
  return path === "/ws" ? { path, address: ownAddress(dice) } : { path, token: dice.pick(tokens) }
}
const errorsOf = (messages: ReadonlyArray<ServerMessage>): ReadonlyArray<string> =>
  messages.flatMap((one) => (one.type === "error" ? [`error ${one.code}`] : []))

const upgrade = fuzzed(({ target }) => (dice) => {
  const bytes = request(dice, target)
  return { inputs: 1, bytes, run: async () => [await ask(target.dial, bytes, target.patienceMs)] }
})

/** Up to this many in one connection, or to the third malformed one, which ends a session. All come within a second. */
const messagesMax = 40
const messagesOf = (
  dice: Dice,
  pool: MessagePool,
  isEnough: (message: ClientMessage) => boolean
): ReadonlyArray<Buffer> => {
  const malformedMax = dice.pick([2, 3])
  const sent: Array<Buffer> = []
  for (let malformed = 0; malformed < malformedMax && sent.length < messagesMax;) {
    const one = message(dice, pool)
    sent.push(one)
    const decoded = sawtV1.decodeText(one.toString("utf8"))
    if (Result.isFailure(decoded)) malformed++
    else if (isEnough(decoded.success)) break
  }
  return sent
}

/** Whatever comes before the first `session.start`; then a session starts, unless that one was refused for good. */
const firstMessage = fuzzed(({ seed, inputs, target }) => {
  const pool = messagePool(seed, inputs)
  return (dice) => {
    const endpoint = endpointOf(dice, target.tokens)
    const first = messagesOf(dice, pool, ({ type }) => type === "session.start" || type === "session.end")
    const good = { ...startOf(dice, endpoint.path), ref: "good" }
    const bytes = Buffer.concat([...first, Buffer.from(JSON.stringify(good))].map(textFrame))
    return {
      inputs: first.length,
      bytes,
      run: async () => {
        const told: Array<ServerMessage> = []
        const outcome = await converse(target.dial, {
          ...endpoint,
          bytes,
          isLast: ({ ref }) => ref === "good",
          onMessage: (one) => void told.push(one)
        })
        const ready = told.some(({ type }) => type === "session.ready") ? ["session.ready"] : []
        return [outcome, ...errorsOf(told), ...ready]
      }
    }
  }
})

const messages = fuzzed(({ seed, inputs, target }) => {
  const pool = messagePool(seed, inputs)
  return (dice) => {
    const endpoint = endpointOf(dice, target.tokens)
    const sent = messagesOf(dice, pool, ({ type }) => type === "session.end")
    const bytes = Buffer.concat([textFrame(JSON.stringify(startOf(dice, endpoint.path))), ...sent.map(textFrame), last])
    return {
      inputs: sent.length,
      bytes,
      run: async () => {
        const told: Array<ServerMessage> = []
        const onMessage = (one: ServerMessage) => void told.push(one)
        return [await converse(target.dial, { ...endpoint, bytes, isLast: isPong, onMessage }), ...errorsOf(told)]
      }
    }
  }
})

const soundsPerConnection = 25

const audio = fuzzed(({ target }) => {
  const packets = opusPackets()
  return (dice) => {
    const endpoint = endpointOf(dice, target.tokens)
    const audioFormat = format(dice)
    const start = { ...startOf(dice, endpoint.path), audio: audioFormat }
    const sounds = Array.from({ length: soundsPerConnection }, () => sound(dice, audioFormat.encoding, packets))
    const sent = sounds.map((one) =>
      dice.once(10) ? Buffer.concat([binaryFrame(one), textFrame('{"type":"audio.commit"}')]) : binaryFrame(one)
    )
    const bytes = Buffer.concat(sent)
    return {
      inputs: sounds.length,
      bytes,
      run: async () => {
        const told: Array<ServerMessage> = []
        const first = textFrame(JSON.stringify(start))
        const all = Buffer.concat([bytes, last])
        const outcome = await converse(target.dial, {
          ...endpoint,
          // Sound is for a session that is ready; some comes too early all the same.
          ...(dice.once(10)
            ? { bytes: Buffer.concat([first, all]) }
            : { bytes: first, next: { after: "session.ready" as const, bytes: all } }),
          isLast: isPong,
          onMessage: (one) => void told.push(one)
        })
        return [outcome, `encoding ${audioFormat.encoding}`, ...errorsOf(told)]
      }
    }
  }
})

const frames = fuzzed(({ target }) => (dice) => {
  const bytes = Buffer.concat([framing(dice), last])
  return {
    inputs: 1,
    bytes,
    run: async () => {
      const { patienceMs } = target
      return [
        await converse(target.dial, {
          // No token: the handshake is another boundary's.
          path: "/ws",
          address: ownAddress(dice),
          bytes,
          isLast: isPong,
          patienceMs,
          ownClose: isCloseOfClients,
          mayBeCutOff: true
        })
      ]
    }
  }
})

export const boundaries = {
  "the upgrade request": upgrade,
  "the first message": firstMessage,
  "messages of a session": messages,
  "frames of audio": audio,
  "WebSocket framing": frames
} as const
