/**
 * Which messages are new. Durable messages carry `seq`; after a resume the server sends again what it is not sure of. Each
 * passes once and in order. Pure: no socket, no clock.
 */
import type { ServerMessage } from "../schemas/wire.ts"

export class Inbox {
  #lastSeq = 0
  /** While what follows a snapshot comes: the number up to which it stands for everything. */
  #snapshotSeq: number | undefined

  /** Everything up to here has passed: for `ack` and for `last_seq` of a resume. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** What an earlier page has seen. */
  startFrom(lastSeq: number): void {
    this.#lastSeq = lastSeq
  }

  /** False: it has passed before. */
  take(message: ServerMessage): boolean {
    if (message.type === "session.ready") {
      // Cut off within what followed a snapshot, the next connection gets all of it again.
      this.#snapshotSeq = undefined
      return true
    }
    if (message.type === "session.snapshot") {
      this.#snapshotSeq = message.seq
      return true
    }
    // How a connection ended is told to nobody else: the next one uses the number again.
    const seq = message.type !== "session.ended" && "seq" in message ? message.seq : undefined
    const follows = seq !== undefined && this.#snapshotSeq !== undefined && seq <= this.#snapshotSeq
    if (!follows) this.#leaveSnapshot()
    if (seq === undefined) return true
    if (seq <= this.#lastSeq) return false
    this.#lastSeq = seq
    return true
  }

  #leaveSnapshot(): void {
    this.#lastSeq = Math.max(this.#lastSeq, this.#snapshotSeq ?? 0)
    this.#snapshotSeq = undefined
  }
}
