/** What a client writes after the handshake, when it cannot or will not frame as RFC 6455 says. */
import { constants, deflateRawSync } from "node:zlib"
import type { Dice } from "./dice.ts"
import { binaryFrame, frame, opcodes, textFrame } from "./frames.ts"

const start = '{"type":"session.start","mode":"file"}'
/** 16 MiB of zeros in 16 KiB. */
const bomb = deflateRawSync(Buffer.alloc(16 * 1024 * 1024), { finishFlush: constants.Z_SYNC_FLUSH })

/** A close is answered by its own code, where a client may use it (RFC 6455, 7.4); one without a code by none, told as 1005. */
export const isCloseOfClients = (code: number): boolean =>
  code === 1_005 ||
  (code >= 1_000 && code <= 1_014 && ![1_004, 1_006].includes(code)) ||
  (code >= 3_000 && code <= 4_999)

const good = (dice: Dice): Buffer => textFrame(dice.pick([start, '{"type":"ping"}', '{"type":"audio.clear"}']))
const anyOpcode = (dice: Dice): number => dice.pick([...Object.values(opcodes), dice.whole(0, 15)])

const kinds: ReadonlyArray<(dice: Dice) => Buffer> = [
  good,
  good,
  // Anything at all.
  (dice) =>
    frame({
      opcode: anyOpcode(dice),
      payload: dice.bytes(dice.length(300)),
      final: !dice.once(4),
      reserved: dice.once(6) ? dice.whole(1, 7) : 0,
      masked: !dice.once(10)
    }),
  // A message in pieces, with control frames between them, sometimes never finished.
  (dice) => {
    const payload = Buffer.from(`{"type":"ping","id":"${"a".repeat(dice.whole(0, 60))}"}`)
    const pieces: Array<Buffer> = []
    for (let at = 0; at < payload.length;) {
      const piece = payload.subarray(at, at + dice.whole(0, 20))
      const final = at + piece.length >= payload.length && !dice.once(6)
      pieces.push(
        frame({ opcode: at === 0 && pieces.length === 0 ? opcodes.text : opcodes.continuation, payload: piece, final })
      )
      if (dice.once(5)) pieces.push(frame({ opcode: opcodes.ping, payload: dice.bytes(3) }))
      at += piece.length
      if (pieces.length > 40) break
    }
    return Buffer.concat(pieces)
  },
  // Endless small pieces of one message.
  (dice) =>
    Buffer.concat([
      frame({ opcode: opcodes.text, payload: Buffer.from("["), final: false }),
      ...Array.from({ length: dice.length(3_000) }, () =>
        frame({ opcode: opcodes.continuation, payload: Buffer.from("0,"), final: false })
      )
    ]),
  // Lengths that are not so, up to all 64 bits.
  (dice) =>
    frame({
      opcode: dice.pick([opcodes.text, opcodes.binary]),
      payload: dice.bytes(dice.whole(0, 50)),
      length: {
        bytes: dice.pick([1, 2, 8]),
        value: dice.pick([0n, 5n, 125n, 65_535n, 65_536n, 65_537n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])
      }
    }),
  // Control frames in pieces, or longer than 125 bytes.
  (dice) =>
    frame({
      opcode: dice.pick([opcodes.ping, opcodes.pong, opcodes.close]),
      payload: dice.bytes(dice.pick([0, 1, 2, 125, 126, 500])),
      final: !dice.once(3)
    }),
  // Closes of every code and none, with a reason that may be no text.
  (dice) => {
    const code = Buffer.alloc(2)
    code.writeUInt16BE(dice.pick([0, 999, 1_000, 1_001, 1_004, 1_005, 1_006, 1_015, 2_999, 3_000, 4_401, 65_535]))
    return frame({ opcode: opcodes.close, payload: Buffer.concat([code, dice.bytes(dice.whole(0, 10))]) })
  },
  // Text that is not UTF-8, cut in the middle of a character, overlong, a surrogate.
  (dice) =>
    textFrame(
      Buffer.concat([
        Buffer.from('{"type":"ping","id":"'),
        dice.pick([
          Buffer.from([0xd8, 0xa7]),
          Buffer.from([0xd8]),
          Buffer.from([0xc0, 0x80]),
          Buffer.from([0xed, 0xa0, 0x80]),
          Buffer.from([0xf5, 0x80, 0x80, 0x80])
        ]),
        Buffer.from('"}')
      ])
    ),
  // Floods of pings, pongs, nothing.
  (dice) => {
    const one = frame({
      opcode: dice.pick([opcodes.ping, opcodes.pong, opcodes.text, opcodes.binary]),
      payload: Buffer.alloc(dice.pick([0, 0, 1, 125]))
    })
    return Buffer.concat(Array<Buffer>(dice.length(1_000)).fill(one))
  },
  // Compressed, which nobody agreed to.
  (dice) => frame({ opcode: opcodes.text, reserved: 4, payload: dice.once(3) ? bomb : deflateRawSync(dice.bytes(20)) }),
  // Too large, in one frame and in many.
  (dice) =>
    dice.once(4)
      ? binaryFrame(Buffer.alloc(dice.whole(65_000, 70_000)))
      : textFrame(" ".repeat(dice.whole(16_000, 17_000))),
  (dice) => dice.bytes(dice.whole(1, 60)),
  (dice) => dice.damaged(good(dice)),
  () => Buffer.from("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n")
]

export const framing = (dice: Dice): Buffer =>
  Buffer.concat(Array.from({ length: dice.whole(1, 4) }, () => dice.pick(kinds)(dice)))
