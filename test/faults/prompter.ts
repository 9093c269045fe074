/** A session that is silent and has sentences spoken, each a new one, so that no cache answers for the voice. */
import { Client, type ClientOptions } from "../../scripts/client.ts"
import { sleep } from "./hosts.ts"

export interface Prompts {
  spoken: number
  /** Refused, or broken off, by what the server said of it. */
  readonly failed: Record<string, number>
}

export const prompt = async (
  where: Pick<ClientOptions, "server" | "path" | "token">,
  { pauseMs, isOver }: { readonly pauseMs: number; readonly isOver: () => boolean }
): Promise<Prompts> => {
  const prompts: Prompts = { spoken: 0, failed: {} }
  const fail = (why: string) => (prompts.failed[why] = (prompts.failed[why] ?? 0) + 1)
  const client = await Client.open(where)
  client.send({ type: "session.start", mode: "file" })
  await client.next("session.ready")
  for (let number = 1; !isOver(); number++) {
    const ref = `p${number}`
    const from = client.messages.length
    client.send({ type: "speech.say", text: `السؤال رقم ${number} من ألف.`, ref })
    for (;;) {
      const answer = client.messages.slice(from).find(({ type }) => type === "error" || type === "audio.end")
      if (answer?.type === "audio.end" && answer.reason === "completed") prompts.spoken++
      else if (answer !== undefined) fail(answer.type === "error" ? answer.code : "broken off")
      if (answer !== undefined) break
      if (client.closed !== undefined) {
        fail("session ended")
        return prompts
      }
      await sleep(20)
    }
    await sleep(pauseMs)
  }
  await client.end()
  return prompts
}
