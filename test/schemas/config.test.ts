import { inspect } from "node:util"
import { Redacted, Result } from "effect"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { decodeConfig } from "#schemas/config.ts"
import { type VariableName, variables } from "#schemas/config-variables.ts"
import { loadSettings } from "#src/config.ts"

const secretA = "Zk3pQ9vX1sLm8RtY6uWb2NcD5fGh7JaE"
const secretB = "aB7cD2eF9gH4iJ1kL6mN3oP8qR5sT0uV"
const hexKey = "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d"
const production = { VOICE_SERVICE_ENV: "production", VOICE_SERVICE_SECRET: secretA, VOICE_SERVICE_TOKEN: secretB }
const accept = (env: Record<string, string>) => Result.getOrThrow(decodeConfig(env))
const faultsOf = (env: Record<string, string>) => {
  const result = decodeConfig(env)
  assert.isTrue(Result.isFailure(result), "the configuration was accepted")
  return Result.isFailure(result) ? result.failure : []
}

describe("defaults", () => {
  it("an empty environment is a development service on the loopback", () => {
    const config = accept({})
    assert.deepInclude(config, {
      environment: "development",
      host: "127.0.0.1",
      port: 8_080,
      sessionsMax: 10,
      ratePerMinute: 60,
      basicSessionsMax: 10,
      dataDir: ".data",
      ttsHome: ".data/tts_cache",
      resumeWindowSeconds: 600,
      sessionIdleSeconds: 120,
      sessionMaxMinutes: 60
    })
    assert.isUndefined(config.adminSecret)
  })

  it("production with its two secrets keeps its data in /data", () => {
    assert.deepInclude(accept(production), { dataDir: "/data", ttsHome: "/data/tts_cache", basicSessionsMax: 3 })
  })

  it("an empty value counts as unset", () => {
    assert.strictEqual(accept({ PORT: "", MAX_CONCURRENT_SESSIONS: "  " }).port, 8_080)
  })

  it("development makes up secrets for the run, a different pair each time", () => {
    const [first, second] = [Result.getOrThrow(loadSettings({})), Result.getOrThrow(loadSettings({}))]
    const all = [first, second].flatMap((one) => [Redacted.value(one.adminSecret), Redacted.value(one.tokenSecret)])
    assert.strictEqual(new Set(all).size, 4)
    assert.isTrue(first.adminSecretGenerated)
  })

  it("JWT_SECRET is an alias of VOICE_SERVICE_TOKEN", () => {
    const secret = accept({ JWT_SECRET: secretA }).tokenSecret
    assert.strictEqual(secret && Redacted.value(secret), secretA)
  })

  it("the levels of a log may be written in small letters", () => {
    assert.strictEqual(accept({ LOG_LEVEL: "debug" }).logLevel, "DEBUG")
  })
})

describe("faults", () => {
  it.each<[VariableName, string]>([
    ["PORT", "70000"],
    ["PORT", "8080.5"],
    ["PORT", "0x50"],
    ["MAX_CONCURRENT_SESSIONS", "0"],
    ["RATE_LIMIT_PER_MINUTE", "-1"],
    ["RATE_LIMIT_PER_MINUTE", "1e3"],
    ["TRUSTED_PROXY_HOPS", "true"],
    ["LOG_LEVEL", "LOUD"],
    ["VOICE_SERVICE_ENV", "prod"],
    ["BASIC_SOCKET", "yes"],
    ["ALLOWED_ORIGINS", "clinic.example"],
    ["ALLOWED_ORIGINS", "https://clinic.example/path"],
    ["ALLOWED_ORIGINS", "https://clinic.example, *"],
    ["ALLOWED_ORIGINS", "null"],
    ["ALLOWED_ORIGINS", "javascript://clinic.example"],
    ["HOST", "not a host"],
    ["HOST", "a\nb"],
    ["DATA_DIR", "a\0b"],
    ["HELPLINE_TEXT", "a".repeat(1_001)]
  ])("%s=%s is one line with value and what is allowed", (name, value) => {
    assert.deepStrictEqual(
      faultsOf({ [name]: value }).map((fault) => fault.line),
      [`${name}=${JSON.stringify(value.slice(0, 120))}: not allowed; allowed is ${variables[name].allowed}`]
    )
  })

  it("numbers hold their bounds, and neither one below nor one above", () => {
    const bounded = Object.entries(variables).flatMap(([name, { allowed }]) => {
      const [, minimum, maximum] = /^an integer from (\d+) to (\d+)$/.exec(allowed) ?? []
      return minimum === undefined ? [] : [{ name, minimum: Number(minimum), maximum: Number(maximum) }]
    })
    assert.isAbove(bounded.length, 10)
    for (const { name, minimum, maximum } of bounded) {
      for (const value of [minimum, maximum]) accept({ [name]: String(value) })
      for (const value of [minimum - 1, maximum + 1, "1e1", "0x1", "1.5", "Infinity"]) {
        assert.lengthOf(faultsOf({ [name]: String(value) }), 1, `${name}=${value}`)
      }
    }
  })

  it("all are told at once", () => {
    const names = faultsOf({ ...production, PORT: "x", LOG_LEVEL: "x", ALLOWED_ORIGINS: "*" }).map(
      (fault) => fault.variable
    )
    assert.sameMembers(names, ["PORT", "LOG_LEVEL", "ALLOWED_ORIGINS"])
  })

  it("two different signing secrets under both names are refused", () => {
    assert.lengthOf(faultsOf({ JWT_SECRET: secretA, VOICE_SERVICE_TOKEN: secretB }), 1)
    assert.isTrue(Result.isSuccess(decodeConfig({ JWT_SECRET: secretA, VOICE_SERVICE_TOKEN: secretA })))
  })

  it("a secret is never repeated, neither in a fault nor in settings that are printed", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9]{8,31}$/), (secret) => {
        const env = { VOICE_SERVICE_ENV: "production", VOICE_SERVICE_SECRET: secret, JWT_SECRET: secret }
        assert.notInclude(JSON.stringify(faultsOf(env)), secret)
        const printed = accept({ VOICE_SERVICE_SECRET: secret, VOICE_SERVICE_TOKEN_PREVIOUS: secret })
        assert.notInclude(inspect(printed) + JSON.stringify(printed), secret)
      })
    )
  })
})

describe("production refuses", () => {
  it.each<[string, Record<string, string>, VariableName]>([
    ["no admin secret", { VOICE_SERVICE_SECRET: "" }, "VOICE_SERVICE_SECRET"],
    ["no signing secret", { VOICE_SERVICE_TOKEN: "" }, "VOICE_SERVICE_TOKEN"],
    ["a secret of 31 bytes", { VOICE_SERVICE_SECRET: secretA.slice(1) }, "VOICE_SERVICE_SECRET"],
    ["a placeholder", { VOICE_SERVICE_TOKEN: "change-me-change-me-change-me-now" }, "VOICE_SERVICE_TOKEN"],
    ["a repeated letter", { VOICE_SERVICE_TOKEN: "x".repeat(40) }, "VOICE_SERVICE_TOKEN"],
    [
      "few different letters",
      { VOICE_SERVICE_TOKEN: "aaaabbbbccccddddeeeeffffgggghhgg".slice(0, 28) + "ggff" },
      "VOICE_SERVICE_TOKEN"
    ],
    ["a short alias", { VOICE_SERVICE_TOKEN: "", JWT_SECRET: "short" }, "JWT_SECRET"],
    [
      "an alias that is a placeholder",
      { VOICE_SERVICE_TOKEN: "", JWT_SECRET: "your-secret-key-goes-right-here-please" },
      "JWT_SECRET"
    ],
    ["a weak former secret", { VOICE_SERVICE_TOKEN_PREVIOUS: "short" }, "VOICE_SERVICE_TOKEN_PREVIOUS"],
    ["equal secrets", { VOICE_SERVICE_TOKEN: secretA }, "VOICE_SERVICE_TOKEN"],
    ["an alias that equals the admin secret", { VOICE_SERVICE_TOKEN: "", JWT_SECRET: secretA }, "JWT_SECRET"],
    ["a former secret that signs today", { VOICE_SERVICE_TOKEN_PREVIOUS: secretB }, "VOICE_SERVICE_TOKEN_PREVIOUS"],
    ["a former secret that is the admin's", { VOICE_SERVICE_TOKEN_PREVIOUS: secretA }, "VOICE_SERVICE_TOKEN_PREVIOUS"],
    ["a key of storage that is a secret", { VOICE_SERVICE_SECRET: hexKey, STORAGE_KEY: hexKey }, "STORAGE_KEY"],
    ["a key of storage that is no random one", { STORAGE_KEY: "0".repeat(64) }, "STORAGE_KEY"],
    ["every origin", { ALLOWED_ORIGINS: "*" }, "ALLOWED_ORIGINS"],
    ["content in its log", { LOG_CONTENT: "on" }, "LOG_CONTENT"]
  ])("%s", (_, change, variable) => {
    assert.deepStrictEqual(
      faultsOf({ ...production, ...change }).map((fault) => fault.variable),
      [variable]
    )
    assert.isTrue(Result.isSuccess(decodeConfig(production)))
  })
})
