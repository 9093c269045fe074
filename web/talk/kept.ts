/**
 * What brings a person back to their visit after this page was loaded again: the token and the place, kept by the browser
 * for this tab alone, and deleted when the visit is over. Where a browser keeps nothing, a reload needs the link again.
 */
import type { ResumePoint } from "../../client/sawt-client.ts"
import type { Language } from "./words.ts"

export interface Kept {
  readonly token: string
  readonly language?: Language
  readonly questionnaire?: string
  readonly resume?: ResumePoint
}

const name = "sawt.visit"

export const keep = (kept: Kept): void => {
  try {
    sessionStorage.setItem(name, JSON.stringify(kept))
  } catch {
    // Full or forbidden: the visit itself goes on.
  }
}

export const forget = (): void => {
  try {
    sessionStorage.removeItem(name)
  } catch {
    // Nothing was kept either.
  }
}

export const keptVisit = (): Kept | undefined => {
  try {
    const text = sessionStorage.getItem(name)
    return text === null ? undefined : (JSON.parse(text) as Kept)
  } catch {
    return undefined
  }
}

/** A link's token stands behind `#`. It leaves the address bar, the history and every screenshot at once. */
export const tokenOfAddress = (): string | undefined => {
  const token = decodeURIComponent(location.hash.slice(1))
  if (token === "") return undefined
  history.replaceState(null, "", location.pathname + location.search)
  return token
}

/** Claims of a signed token, for what the page offers; the service decides. An invitation has none. */
export const scopesOf = (token: string): ReadonlyArray<string> | undefined => {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")
    return String((JSON.parse(atob(payload)) as { readonly scope?: unknown }).scope).split(" ")
  } catch {
    return undefined
  }
}
