/** What was answered, for the person; scores and the FHIR response only where the service gives them: to staff. */
import type { ServerMessageOf } from "../../client/sawt-client.ts"
import { byId, element } from "./dom.ts"
import { word } from "./words.ts"

let address = ""

export const showResult = ({ summary, scores, response }: ServerMessageOf<"questionnaire.completed">): void => {
  byId("summary").replaceChildren(
    ...summary.map(({ text, display }) =>
      element(
        "div",
        {},
        element("dt", { dir: "auto" }, text),
        element("dd", { dir: "auto" }, display === "" ? word("unanswered") : display)
      )
    )
  )
  byId("scores").hidden = scores === undefined || scores.length === 0
  byId("scores").replaceChildren(
    ...(scores ?? []).map(({ text = word("score"), value, band, band_text = band }) =>
      element(
        "li",
        {},
        element("bdi", {}, text),
        `: ${value}`,
        // A band that has no name in the page's language stands by itself, in its own direction.
        ...(band_text === undefined ? [] : [" – ", element("bdi", {}, band_text)])
      )
    )
  )
  const download = byId("download")
  download.hidden = response === undefined
  if (response === undefined) return
  URL.revokeObjectURL(address)
  address = URL.createObjectURL(new Blob([JSON.stringify(response, null, 1)], { type: "application/fhir+json" }))
  download.setAttribute("href", address)
}
