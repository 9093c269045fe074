/**
 * The life of one connection. Several things go on at once: the dialogue (who is this, what are we doing), the person
 * (quiet or speaking, as voice activity says), the playback (what is being spoken, ducked or not), attention (attentive or
 * paused) and activity (idle for how long). They meet in few places: a person who speaks ducks and then stops the playback
 * (barge-in), and a prompt that ends moves the interview on.
 *
 * The machine decides, `src/session/` performs: `prepare`, `speak` and `interview` are actors provided there, and what
 * the client must hear of is emitted. Ids and times arrive in events, so a log of events replays to the same outputs.
 */
import {
  and,
  assign,
  emit,
  enqueueActions,
  fromPromise,
  raise,
  sendTo,
  setup,
  stateIn,
  stopChild,
  type SnapshotFrom
} from "xstate"
import type { LeadingState } from "#schemas/wire.ts"
import type { InterviewInput } from "./interview-setup.ts"
import type { InterviewRecord } from "./interview.ts"
import type { InterviewMachine, InterviewSnapshot } from "./questionnaire.ts"
import type { EndReason, Prompt, SessionEvent, SessionInput, SessionOutput } from "./session-events.ts"
import { isFinal } from "./session-events.ts"

/** What `prepare` found out: the interview that is to be held, if any, and what is known of the session already. */
export interface Prepared {
  readonly interview?: InterviewMachine
  /** The log of an interview that goes on. */
  readonly record?: InterviewRecord
  /** It was held before: nothing is left to ask. */
  readonly interviewed?: boolean
  /** How long the session was connected before a resume. */
  readonly connectedMs?: number
}

interface SessionContext extends SessionInput {
  readonly prepared: Prepared
  readonly prompt: Prompt | undefined
  readonly queue: ReadonlyArray<Prompt>
  /** Utterances that have ended and whose final is not there yet. */
  readonly settling: number
  readonly endReason: EndReason
}

/** The client is told this long before an idle or over-long session ends. */
const warningMs = 30_000

const unprovided = (name: string) => () => Promise.reject(new Error(`${name} is provided by src/session`))

const duckIfAllowed = {
  guard: "mayInterrupt",
  target: "ducked",
  actions: { type: "duck", params: { ducked: true } }
} as const

export const sessionMachine = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    emitted: {} as SessionOutput,
    input: {} as SessionInput,
    tags: {} as LeadingState
  },
  actors: {
    /** Resolves when the audio path stands. A failure has been told to the client, who may start again. */
    prepare: fromPromise<Prepared>(unprovided("prepare")),
    /** Resolves when the prompt has been played; stopping it interrupts the playback. */
    speak: fromPromise<void, Prompt>(unprovided("speak")),
    /** Stands for the interview that `prepare` gives. */
    interview: fromPromise<void, InterviewInput>(unprovided("interview"))
  },
  actions: {
    enqueuePrompt: assign(({ context, event }) =>
      event.type === "prompt.requested"
        ? { queue: event.replace ? [event.prompt] : [...context.queue, event.prompt] }
        : {}
    ),
    nextPrompt: assign(({ context }) => ({ prompt: context.queue[0], queue: context.queue.slice(1) })),
    silence: assign({ prompt: undefined, queue: [] }),
    promptDone: enqueueActions(({ enqueue, self }) => {
      if (self.getSnapshot().children.interview !== undefined) enqueue.sendTo("interview", { type: "prompt.done" })
    }),
    duck: emit(({ context }, { ducked }: { ducked: boolean }) => ({
      type: "prompt.ducked" as const,
      id: context.prompt?.id ?? "",
      ducked
    })),
    open: enqueueActions(({ enqueue, context, event }) => {
      const { connectedMs = 0 } = (event as unknown as { readonly output: Prepared }).output
      enqueue.assign({ durationMs: Math.max(0, context.durationMs - connectedMs) })
      enqueue.emit({ type: "session.opened" })
      enqueue.raise({ type: "opened" })
    }),
    relay: emit(({ event }) => ({
      type: "interview" as const,
      output: (event as Extract<SessionEvent, { type: "interview.output" }>).output
    })),
    beginInterview: enqueueActions(({ enqueue, context, self }) => {
      const { interview, record } = context.prepared
      const input = { outlet: self as never, ...(record === undefined ? {} : { record }) }
      enqueue.spawnChild(interview as never, { id: "interview", input })
    }),
    giveReason: assign((_, { reason }: { reason: EndReason }) => ({ endReason: reason }))
  },
  guards: {
    hasPrompt: ({ context }) => context.queue.length > 0,
    mayInterrupt: ({ context }) => context.prompt?.interruptible === true,
    replaces: ({ event }) => event.type === "prompt.requested" && event.replace,
    concernsPrompt: ({ context, event }) =>
      event.type === "prompt.cancelled" && (event.id === undefined || event.id === context.prompt?.id)
  },
  delays: {
    startTimeout: ({ context }) => context.startTimeoutMs,
    idleWarning: ({ context }) => Math.max(0, context.idleMs - warningMs),
    idleRest: ({ context }) => Math.min(warningMs, context.idleMs),
    durationWarning: ({ context }) => Math.max(0, context.durationMs - warningMs),
    durationRest: ({ context }) => Math.min(warningMs, context.durationMs)
  }
}).createMachine({
  id: "session",
  context: ({ input }) => ({
    ...input,
    prepared: {},
    prompt: undefined,
    queue: [],
    settling: 0,
    endReason: "ended"
  }),
  type: "parallel",
  states: {
    dialogue: {
      initial: "authenticating",
      on: {
        "server.draining": {
          actions: emit(({ event }) => ({
            type: "session.expiring" as const,
            reason: "draining" as const,
            inMs: event.inMs
          }))
        },
        "session.end": {
          target: ".ended",
          actions: { type: "giveReason", params: ({ event }) => ({ reason: event.reason }) }
        }
      },
      states: {
        authenticating: {
          tags: "authenticating",
          on: { "start.requested": "preparing" },
          after: {
            startTimeout: { target: "ended", actions: { type: "giveReason", params: { reason: "not_started" } } }
          }
        },
        preparing: {
          tags: "authenticating",
          invoke: {
            src: "prepare",
            onDone: [
              { guard: ({ event }) => event.output.interviewed === true, target: "interviewed", actions: "open" },
              {
                guard: ({ event }) => event.output.interview !== undefined,
                target: "interviewing",
                actions: ["open", assign(({ event }) => ({ prepared: event.output }))]
              },
              { target: "conversing", actions: "open" }
            ],
            onError: "authenticating"
          },
          on: { "start.requested": {} }
        },
        conversing: {
          on: {
            "utterance.ended": { actions: assign({ settling: ({ context }) => context.settling + 1 }) },
            "transcript.settled": { actions: assign({ settling: ({ context }) => Math.max(0, context.settling - 1) }) }
          }
        },
        interviewing: {
          entry: "beginInterview",
          exit: stopChild("interview"),
          on: {
            "interview.output": [
              {
                guard: ({ event: { output } }) => output.type === "interview.ended" && isFinal(output.status),
                target: "interviewed",
                actions: "relay"
              },
              { actions: "relay" }
            ],
            "interview.event": { actions: sendTo("interview", ({ event }) => event.event) },
            "utterance.ended": { actions: sendTo("interview", { type: "utterance.ended" }) },
            "session.continue": { actions: sendTo("interview", { type: "question.repeat" }) }
          }
        },
        interviewed: { tags: "completed" },
        ended: {
          type: "final",
          tags: "ended",
          entry: ["silence", emit(({ context }) => ({ type: "session.closing" as const, reason: context.endReason }))]
        }
      }
    },
    person: {
      initial: "quiet",
      states: {
        quiet: { on: { "speech.started": "speaking", "speech.resumed": "speaking" } },
        speaking: { on: { "speech.paused": "quiet", "utterance.ended": "quiet" } }
      }
    },
    playback: {
      initial: "silent",
      on: { "prompt.requested": { actions: "enqueuePrompt" } },
      states: {
        silent: {
          /** What is to be said while the person has paused waits. */
          always: {
            guard: and(["hasPrompt", stateIn({ attention: "attentive" })]),
            target: "playing",
            actions: "nextPrompt"
          }
        },
        playing: {
          initial: "audible",
          invoke: {
            src: "speak",
            /** A playing state without a prompt cannot be: `nextPrompt` leads here. */
            input: ({ context }) => context.prompt as Prompt,
            onDone: { target: "silent", actions: "promptDone" },
            /** What could not be spoken stands on the screen; the conversation goes on. */
            onError: { target: "silent", actions: "promptDone" }
          },
          exit: assign({ prompt: undefined }),
          on: {
            "prompt.requested": [
              { guard: "replaces", target: "silent", actions: "enqueuePrompt" },
              { actions: "enqueuePrompt" }
            ],
            "prompt.cancelled": { guard: "concernsPrompt", target: "silent", actions: "promptDone" },
            "session.pause": { target: "silent", actions: "silence" },
            "session.end": { target: "silent", actions: "silence" }
          },
          states: {
            audible: {
              on: {
                "speech.started": duckIfAllowed,
                "speech.resumed": duckIfAllowed
              }
            },
            ducked: {
              on: {
                "speech.paused": { target: "audible", actions: { type: "duck", params: { ducked: false } } },
                "speech.confirmed": { target: "#session.playback.silent", actions: "promptDone" },
                "utterance.ended": { target: "#session.playback.silent", actions: "promptDone" }
              }
            }
          }
        }
      }
    },
    attention: {
      initial: "attentive",
      states: {
        attentive: { on: { "session.pause": "paused" } },
        paused: { on: { "session.continue": "attentive" } }
      }
    },
    activity: {
      initial: "unopened",
      states: {
        unopened: { on: { opened: "watched" } },
        watched: {
          type: "parallel",
          states: {
            idleness: {
              initial: "active",
              on: { "client.active": ".active", "speech.started": ".active" },
              states: {
                active: {
                  on: { "client.active": { target: "active", reenter: true } },
                  after: { idleWarning: "warned" }
                },
                warned: {
                  entry: emit(({ context }) => ({
                    type: "session.expiring" as const,
                    reason: "idle" as const,
                    inMs: Math.min(warningMs, context.idleMs)
                  })),
                  after: { idleRest: { actions: raise({ type: "session.end", reason: "idle_timeout" }) } }
                }
              }
            },
            length: {
              initial: "within",
              states: {
                within: { after: { durationWarning: "warned" } },
                warned: {
                  entry: emit(({ context }) => ({
                    type: "session.expiring" as const,
                    reason: "duration" as const,
                    inMs: Math.min(warningMs, context.durationMs)
                  })),
                  after: { durationRest: { actions: raise({ type: "session.end", reason: "duration_exceeded" }) } }
                }
              }
            }
          }
        }
      }
    }
  }
})

export type SessionMachine = typeof sessionMachine
export type SessionSnapshot = SnapshotFrom<SessionMachine>

/** The interview as it stands, while one runs. */
export const interviewOf = (snapshot: SessionSnapshot): InterviewSnapshot | undefined =>
  snapshot.children.interview?.getSnapshot() as InterviewSnapshot | undefined

const tagged: ReadonlyArray<LeadingState> = [
  "consenting",
  "asking",
  "confirming",
  "recording",
  "transcribing",
  "speaking",
  "listening"
]

/** The one state that the client shows (`state.changed`). */
export const leadingState = (snapshot: SessionSnapshot): LeadingState => {
  if (snapshot.hasTag("ended")) return "ended"
  if (snapshot.hasTag("authenticating")) return "authenticating"
  if (snapshot.matches({ attention: "paused" })) return "paused"
  if (snapshot.hasTag("completed")) return "completed"
  const interview = interviewOf(snapshot)
  if (interview !== undefined) {
    return interview.hasTag("completed") ? "completed" : (tagged.find((tag) => interview.hasTag(tag)) ?? "listening")
  }
  if (snapshot.matches({ playback: "playing" })) return "speaking"
  return snapshot.context.settling > 0 ? "transcribing" : "listening"
}
