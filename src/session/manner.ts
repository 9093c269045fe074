/** How a questionnaire's prompts are spoken, as the synthesiser takes it. */
import type { Plan } from "#machines/plan.ts"
import type { Manner } from "#src/tts/tts.ts"

export const mannerOf = (plan: Plan | undefined): { readonly manner?: Manner } => {
  const { voice, speakingRatePercent } = plan ?? {}
  if (voice === undefined && speakingRatePercent === undefined) return {}
  return {
    manner: {
      ...(voice === undefined ? {} : { voice }),
      ...(speakingRatePercent === undefined ? {} : { speed: speakingRatePercent / 100 })
    }
  }
}
