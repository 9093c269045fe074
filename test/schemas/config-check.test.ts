/** `npm run config:check` as an operator runs it, and what it reports. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { variables } from "#schemas/config-variables.ts"
import { check, type Report } from "../../scripts/config-check.ts"

const secrets = {
  VOICE_SERVICE_SECRET: "Zk3pQ9vX1sLm8RtY6uWb2NcD5fGh7JaE",
  VOICE_SERVICE_TOKEN: "aB7cD2eF9gH4iJ1kL6mN3oP8qR5sT0uV",
  STORAGE_KEY: "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d"
}
const production = { VOICE_SERVICE_ENV: "production", ...secrets }
const script = fileURLToPath(new URL("../../scripts/config-check.ts", import.meta.url))

const run = (env: Record<string, string>, ...args: ReadonlyArray<string>) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    encoding: "utf8"
  })
  for (const secret of Object.values(secrets)) assert.notInclude(stdout + stderr, secret)
  return { status, stdout, stderr }
}

describe("config:check", () => {
  it("of a valid environment tells every variable, no secret, and ends with 0", () => {
    const { status, stdout } = run({ ...production, MAX_CONCURRENT_SESSIONS: "7" })
    assert.strictEqual(status, 0)
    const [first, ...lines] = stdout.split("\n")
    assert.strictEqual(first, "The configuration is valid (production).")
    assert.deepStrictEqual(
      lines.filter((line) => line.startsWith("  ")).map((line) => line.trim().split(" ")[0]),
      Object.keys(variables)
    )
    assert.match(stdout, /^ {2}VOICE_SERVICE_SECRET +set$/m)
    assert.match(stdout, /^ {2}MAX_CONCURRENT_SESSIONS +"7"$/m)
    assert.match(stdout, /^ {2}RATE_LIMIT_PER_MINUTE +default \(60\)$/m)
  })

  it("of a faulty one prints the lines that the start prints, and ends with 1", () => {
    const { status, stdout } = run({
      VOICE_SERVICE_ENV: "production",
      PORT: "abc",
      VOICE_SERVICE_SECRET: "short-secret"
    })
    assert.strictEqual(status, 1)
    assert.deepStrictEqual(stdout.trim().split("\n"), [
      "The configuration is not valid:",
      '  PORT="abc": not allowed; allowed is an integer from 0 to 65535',
      "  VOICE_SERVICE_SECRET: must have at least 32 bytes in production; `openssl rand -base64 48` makes one",
      "  VOICE_SERVICE_TOKEN: is required in production"
    ])
  })

  it("tells a program the same with --json", () => {
    const valid = run(production, "--json")
    const report = JSON.parse(valid.stdout) as Report
    assert.deepInclude(report, { valid: true, environment: "production", faults: [] })
    assert.strictEqual(report.variables?.["STORAGE_KEY"], "set")
    const faulty = run({ PORT: "abc" }, "--json")
    assert.strictEqual(faulty.status, 1)
    assert.deepStrictEqual(
      (JSON.parse(faulty.stdout) as Report).faults.map(({ variable }) => variable),
      ["PORT"]
    )
  })

  it("tells how it is used with --help, and with 2 when it is used wrongly", () => {
    assert.deepInclude(run({}, "--help"), { status: 0 })
    assert.match(run({}, "--help").stdout, /^Usage: npm run config:check/)
    assert.deepInclude(run({}, "--quiet"), { status: 2, stdout: "" })
  })
})

describe("notes", () => {
  const notesOf = (env: Record<string, string>) => check(env).notes.join("\n")

  it("name a variable that was mistyped, and no other program's", () => {
    const environment = { MAX_CONCURENT_SESSIONS: "3", ALLOWED_ORIGIN: "*", PATH: "/bin", HOSTNAME: "a", PWD: "/" }
    const notes = check({ ...production, ...environment }).notes.filter((note) => note.includes("is no variable"))
    assert.deepStrictEqual(notes, [
      "MAX_CONCURENT_SESSIONS is no variable of this service; MAX_CONCURRENT_SESSIONS is.",
      "ALLOWED_ORIGIN is no variable of this service; ALLOWED_ORIGINS is."
    ])
  })

  it("say what production leaves open", () => {
    const { STORAGE_KEY: _, ...open } = production
    for (const name of ["STORAGE_KEY", "TRUSTED_PROXY_HOPS", "BASIC_SOCKET"]) assert.include(notesOf(open), name)
    assert.strictEqual(notesOf({ ...production, TRUSTED_PROXY_HOPS: "1", BASIC_SOCKET: "off" }), "")
  })

  it("say that development is no production", () => assert.include(notesOf({}), "development"))
})
