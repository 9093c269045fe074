/** One simulated session with random cuts, and what of delivery was not as promised. */
import { randomOf } from "#test/faults/random.ts"
import { Session } from "../../client/session.ts"
import { Simulation } from "./simulation.ts"

export interface Delivered {
  readonly cuts: number
  readonly messages: number
  readonly snapshots: number
  readonly faults: ReadonlyArray<string>
}

/** Milliseconds of the simulated clock: more than any run needs. */
const untilMs = 24 * 3_600_000

export const deliver = async (seed: number, { events = 40, keptMax = 3 } = {}): Promise<Delivered> => {
  const random = randomOf(seed)
  const simulation = new Simulation(random, random() < 0.5 ? keptMax : 1_000)
  const { clock, server } = simulation
  const faults: Array<string> = []
  let [delivered, messages, snapshots] = [0, 0, 0]
  let standsUpTo = 0
  let session: Session | undefined

  const listen = (opened: Session): Session => {
    session = opened
    opened.on("message", (message) => {
      if (message.type === "session.snapshot") {
        snapshots++
        standsUpTo = message.seq
      }
      if (message.type !== "answer.recorded" && message.type !== "questionnaire.notice") return
      messages++
      const seq = message.seq ?? 0
      if (seq <= delivered) faults.push(`${seq} came after ${delivered}`)
      if (seq > delivered + 1 && seq - 1 > standsUpTo) faults.push(`${delivered + 1} to ${seq - 1} never came`)
      // A snapshot holds answers, never what a person was told after a safety rule.
      for (let lost = delivered + 1; lost < seq; lost++) {
        const isKept = server.sent.length - lost < keptMax
        if (server.sent[lost - 1]?.type === "questionnaire.notice" && isKept)
          faults.push(`notice ${lost} was passed over`)
      }
      delivered = seq
    })
    opened.on("ended", ({ reason }) => {
      if (reason !== "ended") faults.push(`the session ended: ${reason}`)
    })
    return opened
  }
  const options = {
    address: { server: "http://simulated", path: "/ws/secure" },
    token: undefined,
    start: {},
    resume: undefined,
    giveUpAfterMs: untilMs
  }
  // The first connection may break too, before there is a session.
  const opening = async (): Promise<Session> => {
    for (;;) {
      try {
        return listen(await Session.open(options, simulation.surroundings))
      } catch {
        faults.length = 0
      }
    }
  }
  void opening()

  let texts = 0
  let happened = 0
  const happen = () => {
    happened++
    const dice = random()
    if (dice < 0.3 && session !== undefined)
      void session.request({ type: "text.input", text: `t${++texts}` }).catch(() => {})
    else if (dice < 0.6) server.happen()
    else server.chat()
    if (happened < events) clock.after(random() * 200, happen)
  }
  await clock.run(() => session?.connected === true, untilMs)
  clock.after(0, happen)
  const cut = () => {
    simulation.cut()
    if (happened < events) clock.after(random() * 600, cut)
  }
  clock.after(random() * 600, cut)
  const last = () => Math.max(delivered, standsUpTo)
  await clock
    .run(() => happened >= events && last() === server.sent.length && server.acted.size === texts, untilMs)
    .catch((error: Error) =>
      faults.push(
        `${error.message}: ${last()} of ${server.sent.length} messages, ${server.acted.size} of ${texts} requests`
      )
    )
  // A snapshot stands for messages without their refs: it comes after 1,000 that nobody acknowledged.
  for (const [text, times] of snapshots > 0 ? [] : server.acted)
    if (times !== 1) faults.push(`${text} was acted on ${times} times`)
  if (simulation.sentInVain > 0) faults.push(`${simulation.sentInVain} sent on a connection that was closing`)
  session?.leave()
  return { cuts: simulation.cuts, messages, snapshots, faults: faults.filter((fault) => !fault.endsWith("left")) }
}
