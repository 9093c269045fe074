/** Listeners and async iterators over the same events. A listener that throws stops no other and no session. */
import { SawtError } from "./errors.ts"

/** Events kept for an iterator that is not read. At it the iterator fails: a message left out in silence would be worse. */
const unreadMax = 10_000

interface Reader<Value> {
  readonly unread: Array<Value>
  wake: () => void
  ended: boolean
  error: SawtError | undefined
}

export class Events<Map extends object> {
  readonly #listeners = new Map<keyof Map, Set<(value: never) => void>>()
  readonly #enders = new Set<() => void>()
  #ended = false

  /** Gives what takes the listener away again. */
  on<Type extends keyof Map>(type: Type, listener: (value: Map[Type]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  emit<Type extends keyof Map>(type: Type, value: Map[Type]): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        ;(listener as (value: Map[Type]) => void)(value)
      } catch (error) {
        // To the runtime's own place for errors that nobody caught.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /** No more events: iterators end once they are read. */
  end(): void {
    this.#ended = true
    for (const end of this.#enders) end()
    this.#enders.clear()
  }

  /** From now on; what has been before is not repeated. Leaving the loop ends it. */
  iterate<Type extends keyof Map>(type: Type): AsyncIterableIterator<Map[Type]> {
    const reader: Reader<Map[Type]> = { unread: [], wake: () => {}, ended: this.#ended, error: undefined }
    const end = () => {
      reader.ended = true
      off()
      reader.wake()
    }
    const off = this.on(type, (value) => {
      if (reader.unread.length < unreadMax) reader.unread.push(value)
      else {
        reader.error = new SawtError("reader_too_slow", `${unreadMax} messages came that nobody read.`)
        end()
      }
      reader.wake()
    })
    if (!reader.ended) this.#enders.add(end)
    const next = async (): Promise<IteratorResult<Map[Type]>> => {
      for (;;) {
        const value = reader.unread.shift()
        if (value !== undefined) return { value, done: false }
        if (reader.error !== undefined) throw reader.error
        if (reader.ended) return { value: undefined, done: true }
        await new Promise<void>((resolve) => (reader.wake = resolve))
      }
    }
    const leave = () => {
      reader.unread.length = 0
      this.#enders.delete(end)
      end()
      return Promise.resolve({ value: undefined, done: true as const })
    }
    return {
      next,
      return: leave,
      [Symbol.asyncIterator]() {
        return this
      }
    }
  }
}
