/**
 * How long a session's token lasts: accepted, expiring, expired. A fresh one that is presented in time starts it anew; one
 * that comes after the end changes nothing. Before the session is open nobody is there to be warned.
 */
import { assign, emit, setup } from "xstate"

export interface TokenInput {
  /** Until the token expires. */
  readonly leftMs: number
}

export type TokenEvent = { readonly type: "token.presented"; readonly leftMs: number }

export type TokenOutput =
  { readonly type: "token.expiring"; readonly inMs: number } | { readonly type: "token.expired" }

/** The client is told this long before, or when half of what was left is over. */
const warningMsMax = 60_000

const warningMs = ({ leftMs }: TokenInput): number => Math.min(warningMsMax, leftMs / 2)

export const tokenMachine = setup({
  types: {
    context: {} as TokenInput,
    events: {} as TokenEvent,
    emitted: {} as TokenOutput,
    input: {} as TokenInput
  },
  delays: {
    left: ({ context }) => context.leftMs,
    untilWarning: ({ context }) => context.leftMs - warningMs(context),
    afterWarning: ({ context }) => warningMs(context)
  }
}).createMachine({
  id: "token",
  context: ({ input }) => input,
  initial: "valid",
  states: {
    valid: {
      initial: "unopened",
      on: { "token.presented": { target: ".accepted", actions: assign(({ event }) => ({ leftMs: event.leftMs })) } },
      states: {
        unopened: { after: { left: "#token.expired" } },
        accepted: { after: { untilWarning: "expiring" } },
        expiring: {
          entry: emit(({ context }) => ({ type: "token.expiring" as const, inMs: Math.round(warningMs(context)) })),
          after: { afterWarning: "#token.expired" }
        }
      }
    },
    expired: { type: "final", entry: emit({ type: "token.expired" as const }) }
  }
})
