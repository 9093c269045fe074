/**
 * What comes on a stream, gathered from the first moment, while the batch before is written. A stream's own iterator drops
 * what had come when it is cut; here nothing is lost, and the fault is told after the last byte was taken.
 */
import type { Readable } from "node:stream"

/** A write for each packet costs more than its bytes. */
export const batchBytes = 256 * 1024

type Take = (batch: ReadonlyArray<Buffer>, bytes: number) => Promise<void>

export class Arrivals {
  readonly #stream: Readable
  /** So many have come, whether taken or not. */
  bytes = 0
  #waiting: Array<Buffer> = []
  #waitingBytes = 0
  #ended: { readonly error?: unknown } | undefined
  #wake: () => void = () => {}

  constructor(stream: Readable) {
    this.#stream = stream
    stream.on("data", (bytes: Buffer) => {
      this.bytes += bytes.length
      this.#waiting.push(bytes)
      this.#waitingBytes += bytes.length
      if (this.#waitingBytes >= batchBytes) {
        stream.pause()
        this.#wake()
      }
    })
    stream.on("end", () => this.#end({}))
    stream.on("error", (error) => this.#end({ error }))
    stream.on("close", () => this.#end({ error: new Error("closed before its end") }))
  }

  /** Nothing more is wanted; `take` ends with this. */
  end(error: Error): void {
    this.#end({ error })
    this.#stream.destroy()
  }

  /** Hands over batch after batch, each when the one before was taken; ends with the stream, or throws its fault. */
  async take(take: Take): Promise<void> {
    for (;;) {
      if (this.#waitingBytes < batchBytes && this.#ended === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
      const [batch, bytes] = [this.#waiting, this.#waitingBytes]
      this.#waiting = []
      this.#waitingBytes = 0
      this.#stream.resume()
      if (bytes > 0) await take(batch, bytes)
      else if (this.#ended !== undefined) {
        if ("error" in this.#ended) throw this.#ended.error
        return
      }
    }
  }

  #end(how: { readonly error?: unknown }): void {
    this.#ended ??= how
    this.#wake()
  }
}
