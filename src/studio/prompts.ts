/** What a questionnaire says, to be listened to before patients do: each prompt that holds nobody's answer, by a key. */
import { createHash } from "node:crypto"
import type { InterviewOutput } from "#machines/interview.ts"
import { nothingKept } from "#machines/kept.ts"
import type { Plan } from "#machines/plan.ts"
import type { StudioPrompt } from "#schemas/studio.ts"
import { performanceOf, placesOf } from "#src/session/interview.ts"

const keyOf = (spoken: string): string => createHash("sha256").update(spoken).digest("hex").slice(0, 16)

const endings = ["completed", "stopped", "declined", "withdrawn"] as const

export const promptsOf = (plan: Plan): ReadonlyArray<StudioPrompt> => {
  const ended = { kept: nothingKept, alerts: [], closing: [] }
  const outputs: ReadonlyArray<readonly [about: string, linkId: string | undefined, output: InterviewOutput]> = [
    ["consent", undefined, { type: "consent.asked", attempt: 1 }],
    ...placesOf(plan).flatMap(
      (place) =>
        [
          ["question", place.linkId, { type: "question.asked", ...place, attempt: 1 }],
          ["help", place.linkId, { type: "help.given", linkId: place.linkId }]
        ] as const
    ),
    ...endings.map((status) => [status, undefined, { type: "interview.ended", status, ...ended }] as const)
  ]
  return outputs.flatMap(([about, linkId, output]): ReadonlyArray<StudioPrompt> => {
    const { prompt } = performanceOf(plan, output)
    if (prompt?.keep !== true) return []
    const { text, spoken } = prompt
    return [{ key: keyOf(spoken), about, ...(linkId === undefined ? {} : { link_id: linkId }), text, spoken }]
  })
}
