/**
 * Kept responses as FHIR: a searchset Bundle of QuestionnaireResponses, and beside each an Observation for every score, since
 * what a total means is no part of the answers. Pure.
 */
import type { ResponseBundle } from "#schemas/clinic.ts"
import type { Cursor, StoredResponse } from "#src/store/clinic.ts"

export type Resource = Readonly<Record<string, unknown>>

/** As it was written, with its version (FHIR R4, Resource.meta). */
export const responseResource = ({ content, version, authoredAtMs }: StoredResponse): Resource => ({
  ...content.response,
  meta: { versionId: String(version), lastUpdated: new Date(authoredAtMs).toISOString() }
})

const survey = {
  coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "survey" }]
}

/** `id`: the item that holds the total; where it is a LOINC code, as in the shipped questionnaires, it is told as one. */
const codeOf = (id: string) => ({
  ...(/^\d{1,7}-\d$/.test(id) ? { coding: [{ system: "http://loinc.org", code: id }] } : {}),
  text: id
})

/** Ids of FHIR hold letters, digits, `-` and `.`, 64 of them. */
const idOf = (text: string): string => text.replace(/[^A-Za-z0-9.-]/g, "-").slice(0, 64)

export const scoreResources = ({ id, status, authoredAtMs, content }: StoredResponse): ReadonlyArray<Resource> =>
  content.scores.map((score) => ({
    resourceType: "Observation",
    id: idOf(`${id}.${score.id}`),
    status: status === "amended" ? "amended" : "final",
    category: [survey],
    code: codeOf(score.id),
    ...(content.response.subject === undefined ? {} : { subject: content.response.subject }),
    effectiveDateTime: new Date(authoredAtMs).toISOString(),
    ...(Number.isInteger(score.value) ? { valueInteger: score.value } : { valueQuantity: { value: score.value } }),
    ...(score.band === undefined ? {} : { interpretation: [{ text: score.band }] }),
    derivedFrom: [{ reference: `QuestionnaireResponse/${id}` }]
  }))

export interface Links {
  readonly self: string
  readonly next?: string
}

export const bundleOf = (responses: ReadonlyArray<StoredResponse>, links: Links, nowMs: number): ResponseBundle => {
  const entry = responses.flatMap((response) => [
    {
      fullUrl: `/responses/${response.id}`,
      resource: responseResource(response),
      search: { mode: "match" as const }
    },
    ...scoreResources(response).map((resource) => ({
      fullUrl: `/responses/${response.id}#${String(resource["id"])}`,
      resource,
      search: { mode: "include" as const }
    }))
  ])
  return {
    resourceType: "Bundle",
    type: "searchset",
    timestamp: new Date(nowMs).toISOString(),
    link: [
      { relation: "self", url: links.self },
      ...(links.next === undefined ? [] : [{ relation: "next" as const, url: links.next }])
    ],
    // FHIR knows no empty list.
    ...(entry.length === 0 ? {} : { entry })
  }
}

/** Opaque to clients: a place in the list, which names no person. */
export const cursorText = ({ atMs, id }: Cursor): string => Buffer.from(`${atMs}.${id}`).toString("base64url")

/** Undefined: none of ours. */
export const cursorOf = (text: string): Cursor | undefined => {
  const found = /^(\d{1,15})\.(r-[A-Za-z0-9-]{1,64})$/.exec(Buffer.from(text, "base64url").toString("utf8"))
  return found === null ? undefined : { atMs: Number(found[1]), id: found[2] ?? "" }
}
