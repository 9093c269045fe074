/** The service as this page calls it. What was typed to get in is kept here, in memory, and nowhere else. */
import { word } from "./words.js"

let bearer = ""

/** A token of scope `clinician`, by what it says of itself; the service decides. @param {string} text */
const scopesOf = (text) => {
  try {
    const payload = (text.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")
    return String(JSON.parse(atob(payload)).scope).split(" ")
  } catch {
    return undefined
  }
}

/** Whose it is: the admin sees sessions, a clinician results. @param {string} text */
export const enter = (text) => {
  bearer = text.trim()
  return scopesOf(bearer) === undefined ? "admin" : "clinician"
}

export const leave = () => {
  bearer = ""
}

export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/** @param {string} method @param {string} path @param {object} [body] @param {string} [accept] */
export const request = async (method, path, body, accept = "*/*") => {
  const response = await fetch(path, {
    method,
    cache: "no-store",
    headers: {
      authorization: `Bearer ${bearer}`,
      accept,
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  }).catch(() => {
    throw new Refused(0, word("offline"))
  })
  if (response.ok) return response
  const said = await response.json().catch(() => undefined)
  throw new Refused(response.status, said?.error?.message ?? word("refused"))
}

/** @param {string} method @param {string} path @param {object} [body] */
export const call = async (method, path, body) => {
  const response = await request(method, path, body)
  return response.status === 204 ? undefined : response.json()
}
