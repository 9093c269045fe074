/** FHIR R4 as others check it: the validator of Lantana's FHIR.js, offline, from the published profiles. */
import { Fhir } from "fhir"

const validator = new Fhir()

/** One line for each error; none: it is a valid resource of its type. */
export const faultsByOthers = (resource: object): ReadonlyArray<string> => {
  const { messages } = validator.validate(structuredClone(resource), { errorOnUnexpected: true })
  return messages.flatMap(({ severity, location, message }) =>
    severity === "error" ? [`${location}: ${message}`] : []
  )
}
