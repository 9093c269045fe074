import { once } from "node:events"
import { createServer, type AddressInfo } from "node:net"
import { afterEach, assert, describe, it } from "vitest"
import { closeOf, connected, spawnServer, type SpawnedServer } from "#test/support/server.ts"

/** `src/main.ts` as an operator runs it; the models load behind the open port and are not waited for. */
const running = new Set<SpawnedServer>()
const start = (env: Record<string, string>) => {
  const server = spawnServer(env)
  running.add(server)
  return server
}
afterEach(async () => {
  for (const { child, exitCode } of running) {
    child.kill("SIGKILL")
    await exitCode
  }
  running.clear()
})
const secrets = {
  VOICE_SERVICE_SECRET: "Zk3pQ9vX1sLm8RtY6uWb2NcD5fGh7JaE",
  VOICE_SERVICE_TOKEN: "aB7cD2eF9gH4iJ1kL6mN3oP8qR5sT0uV"
}
const neverShown = (output: string) => {
  for (const secret of Object.values(secrets)) assert.notInclude(output, secret)
}

describe("a start that is refused", () => {
  it("prints one line for each fault of the configuration and ends with 1, without a stack", async () => {
    const server = start({
      PORT: "abc",
      LOG_LEVEL: "LOUD",
      VOICE_SERVICE_ENV: "production",
      VOICE_SERVICE_SECRET: "short-secret"
    })
    assert.strictEqual(await server.exitCode, 1)
    const lines = server.output().trim().split("\n")
    assert.deepStrictEqual(
      lines.slice(1).map((line) => /^ {2}(\w+)/.exec(line)?.[1]),
      ["LOG_LEVEL", "PORT", "VOICE_SERVICE_SECRET", "VOICE_SERVICE_TOKEN"]
    )
    assert.notInclude(server.output(), "short-secret")
  })

  it("says in one line that the port is in use and ends with 1", async () => {
    const blocker = createServer().listen(0, "127.0.0.1")
    await once(blocker, "listening")
    const { port } = blocker.address() as AddressInfo
    try {
      const server = start({ PORT: String(port) })
      assert.strictEqual(await server.exitCode, 1)
      // On a busy machine a model may be ready before the port is tried.
      const told = server.output().trim().split("\n").at(-1)
      assert.strictEqual(told, `Port ${port} is in use: stop what listens there, or set PORT to another one.`)
      assert.notMatch(server.output(), /\bat .*:\d+:\d+|ServeError|EADDRINUSE/)
    } finally {
      blocker.close()
    }
  })
})

describe("a start", () => {
  it("prints address and a command that mints a token; SIGTERM closes sockets with 1012 and ends with 0", async () => {
    const server = start({ PORT: "0" })
    await server.printed("/auth/token?")
    const [, url = ""] = /(http:\/\/localhost:\d+)/.exec(server.output()) ?? []
    const [, authorization = "", tokenUrl = ""] = /-H "Authorization: (.*?)" "(.*?)"/.exec(server.output()) ?? []
    const response = await fetch(tokenUrl, { headers: { authorization } })
    const { token } = (await response.json()) as { token: string }
    const socket = await connected(`${url.replace("http", "ws")}/ws/secure`, { token })
    const closed = closeOf(socket)
    server.child.kill("SIGTERM")
    assert.strictEqual((await closed).code, 1012)
    assert.strictEqual(await server.exitCode, 0)
  })

  it("in production logs JSON lines and never a secret", async () => {
    const server = start({
      PORT: "0",
      HOST: "127.0.0.1",
      VOICE_SERVICE_ENV: "production",
      LOG_LEVEL: "TRACE",
      ...secrets
    })
    await server.printed("listening")
    server.child.kill("SIGTERM")
    assert.strictEqual(await server.exitCode, 0)
    for (const line of server.output().trim().split("\n"))
      assert.doesNotThrow(() => JSON.parse(line), `no JSON: ${line}`)
    neverShown(server.output())
  })
})
