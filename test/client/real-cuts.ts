/** PHQ-9 answered by touch on a real server while connections break, and what of delivery was not as promised. */
import { between, oneOf, randomOf } from "#test/faults/random.ts"
import type { ServerMessageOf } from "#schemas/wire.ts"
import { connect, type Session } from "../../client/sawt-client.ts"
import { cuttingProxy } from "./cutting-proxy.ts"

export interface InterviewedWithCuts {
  readonly cuts: number
  readonly messages: number
  readonly answers: number
  readonly faults: ReadonlyArray<string>
}

interface Options {
  readonly server: string
  readonly token: string
  readonly seed: number
  readonly cutsMax: number
}

const answersMax = 30

export const interviewWithCuts = async ({ server, token, seed, cutsMax }: Options): Promise<InterviewedWithCuts> => {
  const random = randomOf(seed)
  const proxy = await cuttingProxy(server)
  const faults: Array<string> = []
  let [cuts, messages, lastSeq, answers] = [0, 0, 0, 0]
  const chosen = new Map<string, string>()
  const recorded = new Map<string, unknown>()

  /** Within a moment: before, while or after something is under way. */
  const cutSoon = () => {
    if (cuts >= cutsMax || random() < 0.25) return
    // Where another cut has just been, the next connection may not have come yet.
    setTimeout(
      () => {
        if (proxy.cut() > 0) cuts++
      },
      between(random, 0, 25)
    )
  }
  const answer = async (session: Session, { link_id, options }: ServerMessageOf<"question.asked">) => {
    const { code } = oneOf(random, options)
    chosen.set(link_id, code)
    const answered = session.request({ type: "answer.select", link_id, code })
    cutSoon()
    const { type } = await answered
    if (type !== "answer.recorded" && type !== "answer.confirm")
      faults.push(`the answer to ${link_id} was met with ${type}`)
  }
  const listen = (session: Session) => {
    session.on("message", (message) => {
      if (!("seq" in message) || message.seq === undefined || message.type === "session.ended") return
      messages++
      if (message.type === "session.snapshot") faults.push("a snapshot came")
      if (message.seq !== lastSeq + 1) faults.push(`${message.seq} came after ${lastSeq}`)
      lastSeq = message.seq
    })
    session.on("answer.recorded", ({ link_id, value, revised }) => {
      if (recorded.has(link_id) && !revised) faults.push(`${link_id} was recorded twice`)
      recorded.set(link_id, value)
    })
  }
  try {
    const session = await connect({ server: proxy.url, token, questionnaire: "phq-9", mode: "file" })
    listen(session)
    const completed = session.next("questionnaire.completed")
    completed.catch(() => {})
    const ended = session.ended.then(({ reason }) => faults.push(`the session ended: ${reason}`))
    const failed = (error: unknown) => faults.push(`refused: ${error instanceof Error ? error.message : String(error)}`)
    session.on("answer.confirm", () => {
      cutSoon()
      session.request({ type: "text.input", text: "نعم" }).catch(failed)
    })
    session.on("question.asked", (question) => {
      if (answers++ < answersMax) answer(session, question).catch(failed)
    })
    const consent = await session.next("consent.requested")
    void session.request({ type: "consent.give", version: consent.version }).catch(failed)
    cutSoon()
    await Promise.race([completed, ended])
    for (const [linkId, code] of chosen) {
      if (recorded.get(linkId) !== code) faults.push(`${linkId} holds another answer than was chosen last`)
    }
    if (cuts === 0) faults.push("nothing was cut")
    session.leave()
  } finally {
    await proxy.close()
  }
  return { cuts, messages, answers, faults: faults.filter((fault) => !fault.endsWith("ended: left")) }
}
