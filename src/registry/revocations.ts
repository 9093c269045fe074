/**
 * Tokens taken back before their time: one by its id, or all that a subject was issued until now. They are checked in
 * memory, so that an upgrade never waits for a disk. The store writes them down and gives back those of earlier runs, which
 * it names by a keyed hash alone; until it has, a token from before this run may be among them, and is `unknown`.
 */
import { Context } from "effect"
import { limits } from "#src/limits.ts"

/** What is taken back. */
export type Revoked = { readonly tokenId: string } | { readonly subject: string }

/** What a verified token says of itself. */
export interface Issued {
  readonly id: string
  readonly subject?: string
  readonly issuedAtSeconds: number
}

export interface Revocation {
  /** Tokens issued (`iat`) up to and including this second. */
  readonly throughSeconds: number
  /** When no token that it concerns can be valid any more. */
  readonly forgetAtMs: number
}

/** As it is kept: what it concerns is not to be read from it. */
export interface NamedRevocation extends Revocation {
  readonly name: string
}

/** Names by a key, and tells which key. */
export interface Naming {
  readonly keyId: string
  readonly nameOf: (text: string) => string
}

interface Known {
  readonly naming: Naming
  readonly byName: Map<string, Revocation>
}

/** A token issued at the last moment that a clock ahead of ours allows, and accepted as long as one behind ours allows. */
const concernedMs = (limits.tokenSecondsMax + 2 * limits.clockToleranceSeconds) * 1_000

/** Texts that look the same are the same subject, in whatever Unicode form they were written. */
const subjectKey = (subject: string): string => `subject ${subject.normalize("NFC")}`
const tokenKey = (tokenId: string): string => `token ${tokenId}`

export class RevocationList {
  readonly #nowMs: () => number
  readonly #write: () => boolean
  readonly #startedAtSeconds: number
  /** Not written yet, and so known by what it concerns. */
  readonly #pending = new Map<string, Revocation>()
  /** By the key that they are named with: more than one when the storage was replaced under the running service. */
  readonly #known = new Map<string, Known>()
  readonly #listeners = new Set<() => void>()

  /** `write` puts what is pending on disk and says so by `written`; false: it could not. */
  constructor(options: { readonly nowMs: () => number; readonly write: () => boolean }) {
    this.#nowMs = options.nowMs
    this.#write = options.write
    this.#startedAtSeconds = Math.floor(options.nowMs() / 1_000)
  }

  /** `in_memory`: in force like the others, but a restart would forget it. Only `too_many` are not in force. */
  revoke(revoked: Revoked): "kept" | "in_memory" | "too_many" {
    if (this.size >= limits.revocationsMax) return "too_many"
    const nowMs = this.#nowMs()
    const forgetAtMs = nowMs + concernedMs
    if ("tokenId" in revoked) {
      this.#pending.set(tokenKey(revoked.tokenId), { throughSeconds: Number.MAX_SAFE_INTEGER, forgetAtMs })
    } else {
      // A token that was issued since the last one counts as of the second after it.
      const before = this.#through(subjectKey(revoked.subject))
      const throughSeconds = Math.max(Math.floor(nowMs / 1_000), before + 1)
      this.#pending.set(subjectKey(revoked.subject), { throughSeconds, forgetAtMs })
    }
    for (const listener of this.#listeners) listener()
    return this.#write() ? "kept" : "in_memory"
  }

  verdict({ id, subject, issuedAtSeconds }: Issued): "valid" | "revoked" | "unknown" {
    const through = Math.max(
      this.#through(tokenKey(id)),
      subject === undefined ? -1 : this.#through(subjectKey(subject))
    )
    if (issuedAtSeconds <= through) return "revoked"
    return this.#isComplete || issuedAtSeconds > this.#startedAtSeconds ? "valid" : "unknown"
  }

  /** A token that is issued now must not look like one of those that were taken back, or might have been. */
  issuableFromSeconds(subject: string | undefined): number {
    const through = subject === undefined ? -1 : this.#through(subjectKey(subject))
    return Math.max(this.#isComplete ? 0 : this.#startedAtSeconds, through) + 1
  }

  /** Told after each revocation; returns how to be told no more. */
  onRevoked(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Those that storage with this key holds, or has just been given. */
  learn(naming: Naming, revocations: ReadonlyArray<NamedRevocation>): void {
    const { byName } = this.#knownBy(naming)
    for (const { name, throughSeconds, forgetAtMs } of revocations) {
      const known = byName.get(name)
      byName.set(name, {
        throughSeconds: Math.max(throughSeconds, known?.throughSeconds ?? 0),
        forgetAtMs: Math.max(forgetAtMs, known?.forgetAtMs ?? 0)
      })
    }
  }

  pending(naming: Naming): ReadonlyArray<NamedRevocation> {
    return [...this.#pending].map(([key, revocation]) => ({ name: naming.nameOf(key), ...revocation }))
  }

  /** All that storage with this key is to hold. */
  named(naming: Naming): ReadonlyArray<NamedRevocation> {
    const known = [...this.#knownBy(naming).byName].map(([name, revocation]) => ({ name, ...revocation }))
    return [...known, ...this.pending(naming)]
  }

  /** What is pending is on disk. */
  written(naming: Naming): void {
    this.learn(naming, this.pending(naming))
    this.#pending.clear()
  }

  forget(nowMs: number): void {
    for (const revocations of [this.#pending, ...[...this.#known.values()].map(({ byName }) => byName)]) {
      for (const [key, { forgetAtMs }] of revocations) if (forgetAtMs <= nowMs) revocations.delete(key)
    }
  }

  get size(): number {
    return [...this.#known.values()].reduce((sum, { byName }) => sum + byName.size, this.#pending.size)
  }

  /** Whether what earlier runs took back is known. */
  get #isComplete(): boolean {
    return this.#known.size > 0
  }

  #knownBy(naming: Naming): Known {
    const known = this.#known.get(naming.keyId) ?? { naming, byName: new Map<string, Revocation>() }
    this.#known.set(naming.keyId, known)
    return known
  }

  /** -1: none. */
  #through(key: string): number {
    let through = this.#pending.get(key)?.throughSeconds ?? -1
    for (const { naming, byName } of this.#known.values()) {
      if (byName.size === 0) continue
      through = Math.max(through, byName.get(naming.nameOf(key))?.throughSeconds ?? -1)
    }
    return through
  }
}

export class Revocations extends Context.Service<Revocations, RevocationList>()("sawt/registry/Revocations") {}
