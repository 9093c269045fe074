/** Every row, in order: what costs the address its requests comes last. */
import type { Check } from "./check.ts"
import { costlyChecks, guardChecks, tokenCheck } from "./guards.ts"
import { reachedCheck, serviceChecks } from "./service.ts"
import { sessionChecks } from "./sessions.ts"
import { voiceChecks } from "./voice.ts"

export const checklist: ReadonlyArray<Check> = [
  reachedCheck,
  tokenCheck,
  ...serviceChecks,
  ...voiceChecks,
  ...guardChecks,
  ...sessionChecks,
  ...costlyChecks
]
