/**
 * What stands in for what when a model is down (R4.4), and how long each is waited for. Sessions always go on.
 *
 * | we …   | with                   | else                                   | else                     | else               |
 * |--------|------------------------|----------------------------------------|--------------------------|--------------------|
 * | hear   | the configured model   | its other hosts, the host that follows | the embedded model (*)   | touch and text     |
 * | speak  | the configured voice+  | eSpeak NG                              | what was rendered before | eSpeak again; text |
 * | detect | the detector           | the host that follows: frames wait     |                          |                    |
 *
 * (+) The XTTS server where there is one, then the Piper voice where there is one: the first of them is the configured.
 *     For a questionnaire that names a voice, that one comes before them.
 * (*) `mayStandIn`. Whatever comes from the third or fourth column, and eSpeak in the second, says `degraded`.
 */
import { Effect } from "effect"
import type { HostError } from "#schemas/host.ts"
import type { HostStatus } from "#src/host/host.ts"

/** One utterance is tried on so many hosts: it may itself be what kills them. */
export const hostsPerUtteranceMax = 3
/** An utterance waits as long as this for a host, each time that it has none. */
export const hostWaitMs = 8_000
/** Speech asked for while a voice loads for the first time waits for it as long as this. */
export const voiceLoadingWaitMs = 5_000
/** When nothing else speaks, a voice that fell is waited for as long as this, once. */
export const voiceReturnWaitMs = 5_000
/** A voice that hangs is replaced by its supervisor; the speech goes on with the next voice at the latest after this. */
export const renderTimeoutMs = 10_000

/**
 * Whether the small model that comes with the service may hear an utterance of the configured one. A question only where
 * it knows every word of the grammar: a choice that it cannot hear would never be the answer. Free speech only while
 * the configured model has not loaded, since one that crashed is back sooner than its words would be missed.
 */
export const mayStandIn = (
  grammar: ReadonlyArray<string> | undefined,
  vocabulary: ReadonlySet<string>,
  configured: ReadonlyArray<HostStatus>
): boolean =>
  grammar === undefined
    ? configured.every(({ _tag }) => _tag === "Loading" || _tag === "Failed")
    : grammar.every((phrase) => phrase.split(/\s+/u).every((word) => word === "" || vocabulary.has(word)))

/** A host that fell is no fault of the utterance; `SttError` is, or says that there is no host. */
export const onAnotherHost = {
  times: hostsPerUtteranceMax - 1,
  while: (error: HostError | { readonly _tag: "SttError" }): boolean => error._tag === "HostError"
}

/**
 * The first that works. `degraded`: it was not the first of them. When none works, what the first one failed with: that
 * is what an operator has to repair.
 */
export const firstThatWorks = <A, E>(
  chain: readonly [Effect.Effect<A, E>, ...Array<Effect.Effect<A, E>>]
): Effect.Effect<A & { readonly degraded: boolean }, E> => {
  const [first, ...others] = chain
  const standIns = others.map((other) => Effect.map(other, (value) => ({ ...value, degraded: true })))
  return first.pipe(
    Effect.map((value) => ({ ...value, degraded: false })),
    Effect.catch((failure) =>
      Effect.mapError(Effect.firstSuccessOf([Effect.fail(failure), ...standIns]), () => failure)
    )
  )
}
