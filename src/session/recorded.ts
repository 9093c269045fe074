/** Who was let in, as far as traces tell of it. */
import type { RecordedAdmission } from "#src/telemetry/turn-recorder.ts"
import type { Admission } from "./contract.ts"
import { metricEndpointOf } from "./counted.ts"

export const recordedAdmission = (
  admission: Admission,
  subjectHash: (subject: string) => string
): RecordedAdmission => {
  const { subject, traceId, upgrade } = admission
  return {
    endpoint: metricEndpointOf(admission),
    traceId,
    ...(upgrade === undefined ? {} : { upgrade }),
    ...(subject === undefined ? {} : { subjectHash: subjectHash(subject) })
  }
}
