/** Which answers staff must hear of. An alert stays raised whatever is answered later (R7.3). */
import type { RecordedAnswer } from "#schemas/record.ts"
import type { Form } from "./form.ts"
import type { RaisedAlert } from "./interview.ts"
import { answersIn } from "./kept.ts"
import type { Plan } from "./plan.ts"

const isChosen = (codes: ReadonlyArray<string>, { value }: RecordedAnswer["answer"]): boolean =>
  Array.isArray(value) ? value.some((code) => codes.includes(code)) : codes.includes(String(value))

/** Once each, in the order in which they came. */
export const raised = (
  alerts: ReadonlyArray<RaisedAlert>,
  more: ReadonlyArray<RaisedAlert>
): ReadonlyArray<RaisedAlert> => {
  const fresh = more.filter(
    ({ linkId, rule }) => !alerts.some((alert) => alert.linkId === linkId && alert.rule === rule)
  )
  return fresh.length === 0 ? alerts : [...alerts, ...fresh]
}

export const raisedBy = (
  plan: Plan,
  alerts: ReadonlyArray<RaisedAlert>,
  record: RecordedAnswer
): ReadonlyArray<RaisedAlert> =>
  raised(
    alerts,
    plan.alerts.flatMap(({ linkId, rule, codes }) =>
      linkId === record.linkId && codes !== null && answersIn(record).some((answer) => isChosen(codes, answer))
        ? [{ linkId, rule }]
        : []
    )
  )

/** A safety question that was passed over; also if it is answered later. */
export const raisedBySkip = (
  plan: Plan,
  alerts: ReadonlyArray<RaisedAlert>,
  skipped: string
): ReadonlyArray<RaisedAlert> =>
  raised(
    alerts,
    plan.alerts.flatMap(({ linkId, rule, codes }) => (codes === null && linkId === skipped ? [{ linkId, rule }] : []))
  )

/** A safety question that was there to be answered and was not. */
export const raisedAtEnd = (
  plan: Plan,
  alerts: ReadonlyArray<RaisedAlert>,
  { steps }: Form,
  answered: (key: string) => boolean
): ReadonlyArray<RaisedAlert> =>
  raised(
    alerts,
    plan.alerts.flatMap(({ linkId, rule, codes }) =>
      codes === null && steps.some((step) => step.linkId === linkId && !answered(step.key)) ? [{ linkId, rule }] : []
    )
  )
