/** How a questionnaire wants to be spoken: by which voice, and how fast. Pure. */
import type { Plan } from "#machines/plan.ts"
import type { Questionnaire } from "#schemas/fhir.ts"
import { extensionUrls, first, string } from "./extensions.ts"

type Manner = Pick<Plan, "voice" | "speakingRatePercent">

/** A name and never a path: a questionnaire does not say which files are opened. */
const voiceName = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}$/
const ratePercent = { minimum: 50, maximum: 200 }

/** With a line for each fault. */
export const mannerOf = ({ extension = [] }: Questionnaire): readonly [Manner, ReadonlyArray<string>] => {
  const wantsVoice = first({ extension }, extensionUrls.voice) !== undefined
  const wantsRate = first({ extension }, extensionUrls.speakingRate) !== undefined
  const voice = string({ extension }, extensionUrls.voice)
  const rate = first({ extension }, extensionUrls.speakingRate)?.valueInteger
  const { minimum, maximum } = ratePercent
  const faults = [
    ...(wantsVoice && (voice === undefined || !voiceName.test(voice))
      ? [
          `${extensionUrls.voice} takes the name of a voice, as valueString: eSpeak's, such as ar+f3, or a downloaded one's`
        ]
      : []),
    ...(wantsRate && (rate === undefined || rate < minimum || rate > maximum)
      ? [`${extensionUrls.speakingRate} takes ${minimum} to ${maximum} percent, as valueInteger`]
      : [])
  ]
  const manner = {
    ...(voice === undefined ? {} : { voice }),
    ...(rate === undefined ? {} : { speakingRatePercent: rate })
  }
  return [manner, faults]
}
