import { assert, describe, it } from "vitest"
import { Lanes } from "#src/stt/lanes.ts"

const settled = async (promise: Promise<void>): Promise<boolean> => {
  let isDone = false
  void promise.then(() => (isDone = true))
  await Promise.resolve()
  await Promise.resolve()
  return isDone
}

describe("lanes to the processors", () => {
  it("are as many as told; who comes next waits for one to be released", async () => {
    const lanes = new Lanes(2)
    await lanes.take(false)
    await lanes.take(false)
    const third = lanes.take(false)
    assert.isFalse(await settled(third))
    assert.isTrue(lanes.awaited)
    lanes.release()
    assert.isTrue(await settled(third))
    assert.isFalse(lanes.awaited)
  })

  it("go to who speaks now before recordings, whoever came first", async () => {
    const lanes = new Lanes(1)
    await lanes.take(false)
    const order: Array<string> = []
    const waiting = [
      lanes.take(false).then(() => order.push("recording 1")),
      lanes.take(false).then(() => order.push("recording 2")),
      lanes.take(true).then(() => order.push("speaker"))
    ]
    assert.isTrue(lanes.pressed)
    for (const _ of waiting) {
      lanes.release()
      await Promise.resolve()
      await Promise.resolve()
    }
    assert.deepStrictEqual(order, ["speaker", "recording 1", "recording 2"])
    assert.isFalse(lanes.pressed)
  })

  it("tell who has one whether anybody else has or wants one", async () => {
    const lanes = new Lanes(2)
    await lanes.take(false)
    assert.isTrue(lanes.isAlone)
    await lanes.take(false)
    assert.isFalse(lanes.isAlone)
    void lanes.take(true)
    lanes.release()
    lanes.release()
    assert.isTrue(lanes.isAlone)
    const single = new Lanes(1)
    await single.take(false)
    void single.take(false)
    assert.isFalse(single.isAlone)
  })

  it("are free again when nobody wants one, and no more than there were", async () => {
    const lanes = new Lanes(1)
    await lanes.take(true)
    lanes.release()
    await lanes.take(true)
    assert.isFalse(await settled(lanes.take(true)))
  })
})
