/** Each symptom of docs/runbook.md, provoked against the real service, shows the signal that the page names. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { metricNames } from "#src/telemetry/metric-table.ts"
import { type ServerProcess, startServer } from "../../scripts/server-process.ts"
import { seen, services, symptoms } from "./symptoms.ts"

const page = readFileSync(join(import.meta.dirname, "../../docs/runbook.md"), "utf8")
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split("\n", 1)[0] ?? "", section])
)

describe("the runbook", () => {
  it("has a script for each of its symptoms, and names a signal that the service has", () => {
    assert.sameMembers(
      symptoms.map(({ heading }) => heading),
      [...sections.keys()]
    )
    const known: ReadonlyArray<string> = metricNames
    for (const [heading, section] of sections) {
      assert.match(section, /\*\*Signal:\*\*[^]*\*\*Look:\*\*[^]*\*\*Do:\*\*|\*\*Signal:\*\*[^]*\| do \|/, heading)
      for (const [, name = ""] of section.matchAll(/\b(sawt_[a-z_]+[a-z])\b/g)) assert.include(known, name, heading)
    }
  })
})

for (const kind of ["plain", "deaf", "standIn"] as const) {
  describe(`a service (${kind})`, () => {
    let server: ServerProcess
    beforeAll(async () => {
      server = await startServer(services[kind], kind === "deaf" ? "/livez" : "/readyz")
    })
    afterAll(() => server.stop())

    for (const { heading, provoke, shows } of symptoms.filter(({ service }) => service === kind)) {
      it(`shows it: ${heading}`, async () => {
        await provoke(server)
        await seen(server, shows)
      })
    }
  })
}
