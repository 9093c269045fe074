/**
 * The life of a model host. A host is one model, served by one process at a time: `loading` is the process that starts,
 * `serving` the one that answers. Crashes are answered at once and hangs after `lostBeats` unanswered beats; a host that
 * ends too often rests (the circuit is open) and is tried again after growing pauses; one whose model is missing or
 * corrupt is looked at again now and then, since somebody may repair it. A process that has grown, aged or served enough is
 * replaced before it leaves. The machine decides, `src/host/` performs what is emitted; times and jitter come in events.
 */
import { assign, emit, setup, type ActorRefFrom, type SnapshotFrom } from "xstate"
import type { HostError } from "#schemas/host.ts"

export interface HostInput {
  /** Attempts before the first `ready`; after these the circuit opens. */
  readonly startAttempts: number
  /** Wait before the second attempt; doubled for each further one. */
  readonly backoffMs: number
  readonly backoffMsMax: number
  /** More ends than this within `endsWindowMs` open the circuit. */
  readonly endsMax: number
  readonly endsWindowMs: number
  /** First rest of an open circuit; doubled after each trial that failed. */
  readonly restMs: number
  readonly restMsMax: number
  /** A missing or corrupt model is looked at again after this. */
  readonly relookMs: number
  /** A host that was ready this long begins its backoff and its rests anew. */
  readonly healthyMs: number
  /** A ready host is probed this often. */
  readonly probeEveryMs: number
  /** Unanswered beats after which the host is suspect, and after which it is killed. */
  readonly suspectBeats: number
  readonly lostBeats: number
}

/** A process ended: when, on a clock that never jumps, and a factor around 1 for the wait that follows. */
interface End {
  readonly error: HostError
  readonly atMs: number
  readonly jitter: number
}

export type HostMachineEvent =
  | { readonly type: "loading.ready" }
  | ({ readonly type: "loading.ended" } & End)
  | ({ readonly type: "serving.ended" } & End)
  /** `count` beats in a row had time to be answered and were not. */
  | { readonly type: "beat.missed"; readonly count: number; readonly error: HostError }
  | { readonly type: "beat.answered" }
  | { readonly type: "probe.passed" }
  /** The serving process must not go on: a failed probe, an answer owed for too long, too much memory. */
  | { readonly type: "fault.found"; readonly error: HostError }
  /** The serving process should be replaced when it costs nobody anything. */
  | { readonly type: "recycling.due"; readonly error: HostError; readonly roomForTwo: boolean }
  /** No stream is open. */
  | { readonly type: "streams.ended" }
  | { readonly type: "stop.requested" }

export type HostMachineOutput =
  | { readonly type: "launch" }
  /** The loaded process serves from now on; the one before finishes its streams and leaves. */
  | { readonly type: "serve" }
  | { readonly type: "kill"; readonly error: HostError }
  /** The serving process leaves; it has no stream. */
  | { readonly type: "retire" }
  /** `whenBusy` false: only if no stream is open. */
  | { readonly type: "probe"; readonly whenBusy: boolean }

interface HostContext extends HostInput {
  /** Ends since the host was last healthy. */
  readonly failures: number
  readonly rests: number
  readonly endsAtMs: ReadonlyArray<number>
  readonly jitter: number
  /** Why the host is not ready, or last was not. */
  readonly error: HostError | undefined
}

const hopelessReasons: ReadonlySet<string> = new Set(["missing", "corrupt", "unavailable"])

const recentEnds = (context: HostContext, atMs: number): ReadonlyArray<number> =>
  context.endsAtMs.filter((endMs) => atMs - endMs < context.endsWindowMs)

const doubled = (firstMs: number, times: number, mostMs: number): number => Math.min(mostMs, firstMs * 2 ** times)

const killed = { type: "kill" } as const
const lost = { guard: "isLost", target: "#host.restarting.ending", actions: ["remember", killed] } as const
const unfit = { target: "#host.restarting.ending", actions: ["remember", killed] } as const
const crashed = [
  { guard: "endsTooOften", target: "#host.resting", actions: "countEnd" },
  { target: "#host.restarting.loading", actions: ["countEnd", "launch"] }
] as const

export const hostMachine = setup({
  types: {
    context: {} as HostContext,
    events: {} as HostMachineEvent,
    emitted: {} as HostMachineOutput,
    input: {} as HostInput
  },
  actions: {
    launch: emit({ type: "launch" }),
    serve: emit({ type: "serve" }),
    retire: emit({ type: "retire" }),
    kill: emit(({ event }) => ({ type: "kill" as const, error: (event as { error: HostError }).error })),
    probe: emit((_, { whenBusy }: { whenBusy: boolean }) => ({ type: "probe" as const, whenBusy })),
    remember: assign(({ event }) => ({ error: (event as { error: HostError }).error })),
    countEnd: assign(({ context, event }) => {
      const { error, atMs, jitter } = event as HostMachineEvent & End
      return { error, jitter, failures: context.failures + 1, endsAtMs: [...recentEnds(context, atMs), atMs] }
    }),
    countRest: assign({ rests: ({ context }) => context.rests + 1 }),
    beginAnew: assign({ failures: 0, rests: 0 })
  },
  guards: {
    isHopeless: ({ event }) => event.type === "loading.ended" && hopelessReasons.has(event.error.reason),
    attemptsUsed: ({ context }) => context.failures + 1 >= context.startAttempts,
    endsTooOften: ({ context, event }) =>
      (event.type === "loading.ended" || event.type === "serving.ended") &&
      recentEnds(context, event.atMs).length >= context.endsMax,
    isSuspect: ({ context, event }) => event.type === "beat.missed" && event.count >= context.suspectBeats,
    isLost: ({ context, event }) => event.type === "beat.missed" && event.count >= context.lostBeats,
    roomForTwo: ({ event }) => event.type === "recycling.due" && event.roomForTwo
  },
  delays: {
    backoff: ({ context }) =>
      context.jitter * doubled(context.backoffMs, Math.max(0, context.failures - 1), context.backoffMsMax),
    rest: ({ context }) => context.jitter * doubled(context.restMs, context.rests, context.restMsMax),
    relook: ({ context }) => context.jitter * context.relookMs,
    healthy: ({ context }) => context.healthyMs,
    probeDue: ({ context }) => context.probeEveryMs
  }
}).createMachine({
  id: "host",
  context: ({ input }) => ({ ...input, failures: 0, rests: 0, endsAtMs: [], jitter: 1, error: undefined }),
  initial: "starting",
  on: { "stop.requested": ".stopped" },
  states: {
    starting: {
      initial: "loading",
      entry: "launch",
      states: {
        loading: {
          on: {
            "loading.ready": { target: "#host.ready", actions: "serve" },
            "loading.ended": [
              { guard: "isHopeless", target: "#host.failed", actions: "countEnd" },
              { guard: "attemptsUsed", target: "#host.resting", actions: "countEnd" },
              { target: "waiting", actions: "countEnd" }
            ]
          }
        },
        waiting: { after: { backoff: { target: "loading", actions: "launch" } } }
      }
    },
    ready: {
      initial: "quiet",
      after: { healthy: { actions: "beginAnew" } },
      on: {
        "beat.missed": [lost, { guard: "isSuspect", target: "suspect", actions: "remember" }],
        "fault.found": unfit,
        "serving.ended": crashed,
        "recycling.due": [
          { guard: "roomForTwo", target: "recycling.replacing", actions: ["remember", "launch"] },
          { target: "recycling.waiting", actions: "remember" }
        ]
      },
      states: {
        quiet: {
          after: { probeDue: { target: "probing", actions: { type: "probe", params: { whenBusy: false } } } }
        },
        probing: { on: { "probe.passed": "quiet" } }
      }
    },
    suspect: {
      initial: "silent",
      on: { "fault.found": unfit, "serving.ended": crashed, "beat.missed": lost },
      states: {
        silent: {
          on: { "beat.answered": { target: "answering", actions: { type: "probe", params: { whenBusy: true } } } }
        },
        answering: {
          on: {
            "probe.passed": "#host.ready",
            "beat.missed": [lost, { guard: "isSuspect", target: "silent", actions: "remember" }]
          }
        }
      }
    },
    restarting: {
      initial: "loading",
      // The one that a replacement was being loaded for when it had to be killed.
      on: { "serving.ended": { actions: "countEnd" } },
      states: {
        ending: { on: { "serving.ended": crashed } },
        loading: {
          on: {
            "loading.ready": { target: "#host.ready", actions: "serve" },
            "loading.ended": [
              { guard: "isHopeless", target: "#host.failed", actions: "countEnd" },
              { guard: "endsTooOften", target: "#host.resting", actions: "countEnd" },
              { target: "waiting", actions: "countEnd" }
            ]
          }
        },
        waiting: { after: { backoff: { target: "loading", actions: "launch" } } }
      }
    },
    resting: {
      initial: "waiting",
      states: {
        waiting: { after: { rest: { target: "trying", actions: ["countRest", "launch"] } } },
        trying: {
          on: {
            "loading.ready": { target: "#host.ready", actions: "serve" },
            "loading.ended": [
              { guard: "isHopeless", target: "#host.failed", actions: "countEnd" },
              { target: "waiting", actions: "countEnd" }
            ]
          }
        }
      }
    },
    failed: {
      initial: "waiting",
      states: {
        waiting: { after: { relook: { target: "looking", actions: "launch" } } },
        looking: {
          on: {
            "loading.ready": { target: "#host.ready", actions: ["beginAnew", "serve"] },
            "loading.ended": [
              { guard: "isHopeless", target: "waiting", actions: "countEnd" },
              { target: "#host.resting", actions: "countEnd" }
            ]
          }
        }
      }
    },
    recycling: {
      initial: "replacing",
      states: {
        replacing: {
          on: {
            "loading.ready": { target: "#host.ready", actions: "serve" },
            "loading.ended": "#host.ready",
            // What loads already becomes the host.
            "serving.ended": { target: "#host.restarting.loading", actions: "countEnd" },
            "fault.found": { target: "#host.restarting.loading", actions: ["remember", killed] },
            "beat.missed": { guard: "isLost", target: "#host.restarting.loading", actions: ["remember", killed] }
          }
        },
        waiting: {
          on: {
            "streams.ended": { target: "leaving", actions: "retire" },
            "serving.ended": crashed,
            "fault.found": unfit,
            "beat.missed": lost
          }
        },
        leaving: { on: { "serving.ended": { target: "#host.restarting.loading", actions: "launch" } } }
      }
    },
    stopped: { type: "final" }
  }
})

export type HostMachine = typeof hostMachine
export type HostActor = ActorRefFrom<HostMachine>
export type HostSnapshot = SnapshotFrom<HostMachine>
