/** Effects as XState actors: the fibre is interrupted when the actor stops, and its typed failure reaches `onError`. */
import { Cause, type Context, Effect, Exit } from "effect"
import { fromPromise } from "xstate"

/** `system` tells whose actor it is: each session is the root of one. */
export const fromEffect = <A, I, R>(
  context: Context.Context<R>,
  run: (input: I, system: object) => Effect.Effect<A, unknown, R>
) =>
  fromPromise<A, I>(async ({ input, signal, system }) => {
    const exit = await Effect.runPromiseExitWith(context)(run(input, system), { signal })
    if (Exit.isSuccess(exit)) return exit.value
    throw Cause.squash(exit.cause)
  })
