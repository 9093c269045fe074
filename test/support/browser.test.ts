/** The browser tests' own eyes: what they must not overlook, and `/docs` as the first page that they see. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, assert, beforeAll, it } from "vitest"
import { echoLayers, newSeen } from "#test/gateway/echo-session.ts"
import { describeInBrowser } from "./browser.ts"
import { startServer, type TestServer } from "./server.ts"

/** Everything that a page of ours may not do. */
const bad = `<!doctype html><html><head><title>x</title></head><body><img src="http://127.0.0.2:9/x.png">
<script>document.title = "inline"</script><script src="/own.js"></script></body></html>`

describeInBrowser("the browser helper", (browser) => {
  const site = createServer((request, response) => {
    response.setHeader("content-security-policy", "default-src 'self'; img-src *")
    response.setHeader("content-type", request.url === "/own.js" ? "text/javascript" : "text/html")
    response.end(request.url === "/own.js" ? 'throw new Error("own fault")' : bad)
  })
  let server: TestServer
  beforeAll(async () => {
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve))
    server = await startServer(echoLayers(newSeen()))
  })
  afterAll(async () => {
    site.close()
    site.closeAllConnections()
    await server.close()
  })

  it("sees outside requests, breaches of the policy, uncaught errors, and what a screen reader cannot read", async () => {
    const { page, problems, inaccessible } = await browser.open(
      `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    )
    const seen = problems().join("\n")
    assert.match(seen, /outside request: 127\.0\.0\.2:9/)
    assert.match(seen, /policy breached: script-src-elem inline/)
    assert.match(seen, /uncaught: own fault/)
    assert.strictEqual(await page.title(), "x")
    assert.match((await inaccessible()).join("\n"), /^image-alt: /m)
  })

  it("finds nothing on /docs", async () => {
    const { page, problems, inaccessible } = await browser.open(`${server.url}/docs`)
    assert.include(await page.textContent("h1"), "Sawt")
    assert.deepEqual(problems(), [])
    assert.deepEqual(await inaccessible(), [])
  })
})
