/** What axe-core finds in a page as it stands: breaches of WCAG 2.2 A and AA and of axe's best practices, rule and element. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Page } from "playwright-core"

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

interface AxeResult {
  readonly violations: ReadonlyArray<{
    readonly id: string
    readonly help: string
    readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary?: string }>
  }>
}

export const inaccessibleIn = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(`globalThis.axe === undefined && (() => { ${axe}\n })()`)
  const { violations } = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'], iframes: false })"
  )) as AxeResult
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help} at ${html.slice(0, 160)} ${failureSummary ?? ""}`)
  )
}
