/** Binary frames as nobody should send them, for each encoding: any length and content, up to over the bound. */
import OpusScript from "opusscript"
import type { AudioFormat } from "#schemas/wire.ts"
import { limits } from "#src/limits.ts"
import type { Dice } from "./dice.ts"

const rates = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 44_100, 48_000, 47_999]
const opusRates = [8_000, 12_000, 16_000, 24_000, 48_000]

export const format = (dice: Dice): AudioFormat => {
  const encoding = dice.pick(["pcm_s16le", "mulaw", "opus"] as const)
  return { encoding, sample_rate: dice.pick(encoding === "opus" ? opusRates : rates) }
}

/** Real packets to begin from. */
export const opusPackets = (): ReadonlyArray<Buffer> => {
  const encoder = new OpusScript(16_000, 1, OpusScript.Application.VOIP)
  try {
    return Array.from({ length: 20 }, (_, i) => {
      const tone = Buffer.alloc(640)
      for (let at = 0; at < 320; at++) tone.writeInt16LE(Math.round(9_000 * Math.sin((at * (i + 3)) / 20)), at * 2)
      return Buffer.from(encoder.encode(tone, 320))
    })
  } finally {
    encoder.delete()
  }
}

/** Loud enough to be taken for speech. */
const loudTone = (dice: Dice, length: number): Buffer => Buffer.alloc(length, dice.bytes(dice.whole(2, 200)))

export const sound = (dice: Dice, encoding: AudioFormat["encoding"], packets: ReadonlyArray<Buffer>): Buffer => {
  // Over the bound now and then: that ends the connection.
  if (dice.once(150)) return Buffer.alloc(limits.frameBytesMax + dice.pick([0, 1, 2, 1_000]), dice.whole(0, 255))
  if (encoding === "opus") {
    return dice.pick([
      () => dice.pick(packets),
      () => dice.damaged(dice.pick(packets)),
      () => dice.bytes(dice.length(2_000)),
      () => Buffer.concat([Buffer.from([dice.whole(0, 255)]), dice.bytes(dice.whole(0, 100))]),
      () => Buffer.concat([dice.pick(packets), dice.pick(packets)])
    ])()
  }
  const length = dice.once(30) ? dice.whole(0, limits.frameBytesMax) : dice.length(6_000)
  return dice.pick([() => dice.bytes(length), () => Buffer.alloc(length), () => loudTone(dice, length)])()
}
