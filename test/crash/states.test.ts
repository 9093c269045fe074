/** One `kill -9` with a session in every state of the questionnaire: each goes on where it stood, and ends as if undisturbed. */
import { readFileSync } from "node:fs"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { AnswerValue, ClientMessage, LeadingState, ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { Caller, spoken } from "#test/e2e/caller.ts"
import { linkIds, safetyItem } from "#test/e2e/questionnaire-file.ts"
import { Service } from "./service.ts"

type Question = ServerMessageOf<"question.asked">
type Start = Parameters<Caller["start"]>[0]

const subject = "patient-7"
const file: Start = { mode: "file" }
/** In real time a prompt lasts, and the machine stays in the state that speaks it. */
const live: Start = { mode: "live" }

const middle = 4
/** The keys 0, 1, 2, 3, 0 … by touch, 1 where it is said. */
const spokenWord = "one"
const keyOf = (index: number): string => (linkIds[index - 1] === safetyItem ? "1" : String((index - 1) % 4))
const codeOf = ({ index, options }: Question): AnswerValue =>
  options.find(({ key }) => key === keyOf(index))?.code ?? ""

const isAsked = (message: ServerMessage): message is Question => message.type === "question.asked"
const questionOf = (caller: Caller): Question => {
  const asked = caller.of("question.asked").at(-1)
  assert.isDefined(asked)
  return asked
}
const stateOf = (caller: Caller): LeadingState | undefined => caller.of("state.changed").at(-1)?.state
const inState = (caller: Caller, state: LeadingState) => caller.until(() => stateOf(caller) === state)

/** An act is one of its session, whatever the connection: no two have the same `ref`. */
let refs = 0
const ask = (caller: Caller, message: ClientMessage): Promise<ServerMessage> => {
  const ref = `act-${++refs}`
  caller.send({ ...message, ref })
  return caller.until((reply) => reply.ref === ref)
}

const touch = async (caller: Caller, question: Question): Promise<ServerMessageOf<"answer.recorded">> => {
  const recorded = await ask(caller, {
    type: "answer.select",
    link_id: question.link_id,
    code: String(codeOf(question))
  })
  assert.isTrue(recorded.type === "answer.recorded", JSON.stringify(recorded))
  return recorded as ServerMessageOf<"answer.recorded">
}
const next = async (caller: Caller, after: ServerMessage): Promise<ServerMessage> => {
  const from = caller.messages.indexOf(after)
  return caller.until(
    (message) =>
      caller.messages.indexOf(message) > from && (isAsked(message) || message.type === "questionnaire.completed")
  )
}
const consented = async (caller: Caller): Promise<void> => {
  assert.strictEqual((await ask(caller, { type: "consent.give", version: "1" })).type, "question.asked")
}
const answered = async (caller: Caller, count: number): Promise<void> => {
  await consented(caller)
  for (let answers = 0; answers < count; answers++) await next(caller, await touch(caller, questionOf(caller)))
}
const say = (caller: Caller, word: string) => caller.play(spoken(word))

interface Case {
  readonly name: string
  readonly start: Start
  readonly bring: (caller: Caller) => Promise<unknown>
  /** The leading state when the server is killed; absent: the kill is quicker than its message. */
  readonly state?: LeadingState
  /** What `session.ready` says afterwards. */
  readonly resumed: LeadingState
}

/** What passes by itself, a prompt or the patience with a host, comes last: on a slow machine it would be over before the kill. */
const cases: ReadonlyArray<Case> = [
  { name: "asking for consent", start: live, bring: async () => {}, resumed: "consenting" },
  {
    name: "listening",
    start: file,
    bring: async (caller) => {
      await answered(caller, 2)
      await inState(caller, "listening")
    },
    state: "listening",
    resumed: "asking"
  },
  {
    name: "waiting for a yes or no to what was heard",
    start: file,
    bring: async (caller) => {
      await answered(caller, 2)
      await ask(caller, { type: "question.goto", link_id: safetyItem })
      await inState(caller, "listening")
      await say(caller, spokenWord)
      await caller.until(({ type }) => type === "answer.confirm")
      await inState(caller, "confirming")
    },
    state: "confirming",
    resumed: "confirming"
  },
  {
    name: "asking whether to stop",
    start: file,
    bring: async (caller) => {
      await answered(caller, 3)
      await ask(caller, { type: "text.input", text: "توقف" })
      await inState(caller, "confirming")
    },
    state: "confirming",
    resumed: "asking"
  },
  {
    name: "paused",
    start: file,
    bring: async (caller) => {
      await answered(caller, 2)
      await ask(caller, { type: "session.pause" })
    },
    state: "paused",
    resumed: "asking"
  },
  {
    name: "completed",
    start: file,
    bring: (caller) => answered(caller, linkIds.length),
    state: "completed",
    resumed: "completed"
  },
  { name: "asking the first question", start: live, bring: consented, state: "asking", resumed: "asking" },
  {
    name: "asking a question in the middle",
    start: live,
    bring: (caller) => answered(caller, middle),
    state: "asking",
    resumed: "asking"
  },
  {
    name: "asking again what was answered, after going back",
    start: live,
    bring: async (caller) => {
      await answered(caller, middle)
      await ask(caller, { type: "question.back" })
    },
    state: "asking",
    resumed: "asking"
  },
  {
    name: "asking again what was answered, after going to it",
    start: live,
    bring: async (caller) => {
      await answered(caller, middle)
      await ask(caller, { type: "question.goto", link_id: linkIds[0] ?? "" })
    },
    state: "asking",
    resumed: "asking"
  },
  {
    name: "helping",
    start: live,
    bring: async (caller) => {
      await answered(caller, 1)
      await ask(caller, { type: "help.request" })
      await inState(caller, "speaking")
    },
    state: "speaking",
    resumed: "asking"
  },
  {
    name: "recognising what was said",
    // Where pauses end turns, a pause is judged by the recogniser: one that is stopped would never see this one end.
    start: { ...file, turn_detection: "none" },
    bring: async (caller) => {
      await answered(caller, 2)
      await inState(caller, "listening")
      stop(sttPid())
      await say(caller, spokenWord)
      caller.send({ type: "audio.commit" })
      await inState(caller, "transcribing")
    },
    state: "transcribing",
    resumed: "asking"
  },
  {
    name: "recording: killed as soon as it is told",
    start: live,
    bring: async (caller) => {
      await answered(caller, middle)
      void touch(caller, questionOf(caller)).catch(() => {})
      await caller.count("answer.recorded", middle + 1)
      service.killNow()
    },
    resumed: "asking"
  }
]

interface Session {
  readonly before: Caller
  readonly token: string
  readonly lastSeq: number
}

let service: Service
let undisturbed: unknown
let stopped: number | undefined
const sessions = new Map<string, Session>()

const sttPid = (): number => {
  const children = readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, "utf8").trim().split(" ")
  return Number(children.find((child) => readFileSync(`/proc/${child}/maps`, "utf8").includes("libvosk")))
}
/** Nothing is recognised from here on, and the kill finds it so. */
const stop = (pid: number): void => {
  stopped = pid
  process.kill(pid, "SIGSTOP")
}

const open = async () =>
  Caller.open(service.url, { path: "/ws/secure/healthcare", token: await service.token(subject) })

/** All that makes it another response than that of another session with the same answers. */
const plain = (response: unknown): unknown => ({ ...(response as object), id: "", authored: "" })

/** Answers what is still open and gives the response. */
const finished = async (caller: Caller, standing: Question | undefined): Promise<unknown> => {
  let question = standing
  for (;;) {
    const message = question === undefined ? await next(caller, caller.messages[0] as ServerMessage) : undefined
    question ??= message !== undefined && isAsked(message) ? message : undefined
    if (question === undefined) break
    const after = await next(caller, await touch(caller, question))
    if (!isAsked(after)) break
    question = after
  }
  const completed = (await caller.until(
    ({ type }) => type === "questionnaire.completed"
  )) as ServerMessageOf<"questionnaire.completed">
  return plain(completed.response)
}

beforeAll(async () => {
  service = await Service.started()
  await service.ready()
  for (const { name, start, bring, state } of cases) {
    const caller = await open()
    const { resume_token: token = "" } = await caller.start({ questionnaire: "phq-9", ...start })
    await caller.client.next("consent.requested")
    await bring(caller)
    if (state !== undefined) await inState(caller, state)
    sessions.set(name, { before: caller, token, lastSeq: 0 })
  }
  await service.kill()
  if (stopped !== undefined) process.kill(stopped, "SIGKILL")
  for (const [name, session] of sessions) {
    await session.before.client.ended()
    const seqs = session.before.messages.flatMap((message) => ("seq" in message ? (message.seq ?? []) : []))
    sessions.set(name, { ...session, lastSeq: Math.max(0, ...seqs) })
  }
  await service.start()
  const caller = await open()
  await caller.start({ questionnaire: "phq-9" })
  await consented(caller)
  undisturbed = await finished(caller, questionOf(caller))
  await caller.end()
}, 60_000)
afterAll(() => service.close())

const recordedIn = (caller: Caller) => caller.of("answer.recorded").map(({ link_id, value }) => [link_id, value])

describe("a session whose server is killed while it is", () => {
  for (const { name, state, resumed } of cases) {
    it(`${name} goes on where it stood`, async () => {
      const session = sessions.get(name)
      assert.isDefined(session)
      const { before, token, lastSeq } = session
      if (state !== undefined) assert.strictEqual(stateOf(before), state)
      const caller = await open()
      // One message back: the last one comes again as it was.
      const known = lastSeq - 1
      const ready = await caller.start({ resume_token: token, last_seq: Math.max(0, known) })
      assert.deepInclude(ready, { resumed: true, state: resumed })
      const last = before.messages.find((message) => "seq" in message && message.seq === lastSeq)
      if (last !== undefined) {
        assert.deepStrictEqual(await caller.until((message) => "seq" in message && message.seq === lastSeq), last)
      }

      if (resumed === "completed") {
        assert.deepStrictEqual(plain(before.of("questionnaire.completed")[0]?.response), undisturbed)
        await caller.end()
        return
      }
      const prompt = (await caller.until(({ type }) => type === "audio.begin")) as ServerMessageOf<"audio.begin">
      assert.match(prompt.text, /^أهلا بالعودة/)
      let standing = before.of("question.asked").at(-1)
      if (resumed === "consenting") {
        assert.isUndefined(standing)
        await consented(caller)
        standing = questionOf(caller)
      } else if (resumed === "confirming") {
        assert.include(prompt.text, before.of("answer.confirm")[0]?.display ?? "-")
        const recorded = (await ask(caller, { type: "text.input", text: "نعم" })) as ServerMessageOf<"answer.recorded">
        assert.deepInclude(recorded, { type: "answer.recorded", link_id: safetyItem, via: "voice" })
        standing = (await next(caller, recorded)) as Question
      } else if (before.of("answer.recorded").at(-1)?.link_id === standing?.link_id && state === undefined) {
        standing = (await next(caller, ready)) as Question
        assert.strictEqual(standing.index, middle + 2)
      }
      if (resumed === "asking") assert.include(prompt.text, standing?.text ?? "-")

      assert.deepStrictEqual(await finished(caller, standing), undisturbed)
      const again = before.messages.includes(last as ServerMessage) && last?.type === "answer.recorded" ? 1 : 0
      const recorded = [...recordedIn(before), ...recordedIn(caller).slice(again)]
      const revisited = caller.of("answer.recorded").filter((answer) => answer.revised).length
      assert.lengthOf(recorded, linkIds.length + revisited, "each answer once")
      await caller.end()
    })
  }
})
