/** The service, asked with the admin secret. The secret lives in its field alone: no storage, no URL, no cookie. */

/** @type {import("../../src/studio/page-words.ts").PageWords} */
export const words = JSON.parse(document.body.dataset["words"] ?? "{}")

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export const element = (id, type) => {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page lacks ${id}`)
  return found
}

/** In the reader's words, to be shown where it was asked for. */
export class Fault extends Error {}

const secret = element("secret", HTMLInputElement)

/**
 * @param {string} path
 * @param {{ readonly body?: unknown, readonly signal?: AbortSignal }} [options]
 * @returns {Promise<Response>}
 */
export const ask = async (path, { body, signal } = {}) => {
  if (secret.value === "") {
    secret.focus()
    throw new Fault(words.secretNeeded)
  }
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      authorization: `Bearer ${secret.value}`,
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal })
  })
  if (response.ok) return response
  const told = await response.json().catch(() => undefined)
  throw new Fault(`${words.failed} (${response.status}): ${told?.error?.message ?? response.statusText}`)
}

/**
 * Whatever goes wrong stands in the panel's own line, and is read out.
 * @param {string} panel
 * @param {() => Promise<void>} act
 */
export const attempt = async (panel, act) => {
  const line = element(`${panel}-fault`, HTMLElement)
  line.textContent = ""
  try {
    await act()
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return
    line.textContent = error instanceof Fault ? error.message : words.failed
  }
}

/**
 * @param {string} tag
 * @param {string} text
 * @param {{ readonly class?: string, readonly dir?: string }} [options]
 */
export const made = (tag, text, options = {}) => {
  const node = document.createElement(tag)
  node.textContent = text
  node.dir = options.dir ?? "auto"
  if (options.class !== undefined) node.className = options.class
  return node
}

/**
 * @param {HTMLSelectElement} list
 * @param {ReadonlyArray<{ readonly value: string, readonly text: string }>} rows
 */
export const fill = (list, rows) => {
  list.replaceChildren(
    ...rows.map(({ value, text }) => {
      const option = new Option(text, value)
      option.dir = "auto"
      return option
    })
  )
  if (rows.length === 0) list.append(new Option(words.none, ""))
}
