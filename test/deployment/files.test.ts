/** render.yaml and compose.yaml against what the service itself takes: its variables, its routes, its models. */
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import type { Socket } from "node:net"
import { join } from "node:path"
import { Result, Schema } from "effect"
import { assert, describe, it } from "vitest"
import { parse } from "yaml"
import { decodeConfig } from "#schemas/config.ts"
import { variables } from "#schemas/config-variables.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { bytesNeeded } from "#src/models/install.ts"
import { findModel, isDownload, readManifest } from "#src/models/manifest.ts"
import { reserveBytes } from "#src/models/space.ts"

const root = join(import.meta.dirname, "../..")
const read = (file: string): string => readFileSync(join(root, file), "utf8")
const node = (JSON.parse(read("package.json")) as { readonly dependencies: { readonly node: string } }).dependencies
  .node

/** Of https://render.com/docs/blueprint-spec: the fields and values that a web service with a disk of ours may have. */
const Blueprint = Schema.Struct({
  services: Schema.Tuple([
    Schema.Struct({
      type: Schema.Literal("web"),
      name: Schema.String,
      runtime: Schema.Literals(["docker", "node"]),
      region: Schema.Literals(["frankfurt", "ohio", "oregon", "singapore", "virginia"]),
      plan: Schema.Literals(["starter", "standard", "pro", "pro plus", "pro max", "pro ultra"]),
      numInstances: Schema.Literal(1),
      buildCommand: Schema.String,
      startCommand: Schema.String,
      healthCheckPath: Schema.String,
      maxShutdownDelaySeconds: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 300 })),
      autoDeployTrigger: Schema.Literals(["off", "commit", "checksPass"]),
      disk: Schema.Struct({ name: Schema.String, mountPath: Schema.String, sizeGB: Schema.Int }),
      envVars: Schema.Array(
        Schema.Union([
          Schema.Struct({ key: Schema.String, value: Schema.String }),
          Schema.Struct({ key: Schema.String, generateValue: Schema.Literal(true) }),
          Schema.Struct({ key: Schema.String, sync: Schema.Literal(false) })
        ])
      )
    })
  ])
})
const {
  services: [service]
} = Schema.decodeUnknownSync(Blueprint, { onExcessProperty: "error" })(parse(read("render.yaml")))

/** As Render makes it up: 256 bits as base64. */
const valueOf = (variable: (typeof service.envVars)[number]): string =>
  "value" in variable ? variable.value : "generateValue" in variable ? randomBytes(32).toString("base64") : ""

describe("render.yaml", () => {
  const environment = Object.fromEntries(service.envVars.map((variable) => [variable.key, valueOf(variable)]))
  const config = Result.getOrThrow(decodeConfig(environment))

  it("sets variables that there are, and is a configuration that production starts with", () => {
    const known = new Set([...Object.keys(variables), "NODE_VERSION"])
    assert.deepStrictEqual(
      Object.keys(environment).filter((name) => !known.has(name)),
      []
    )
    assert.strictEqual(config.environment, "production")
    assert.strictEqual(environment["NODE_VERSION"], node)
  })

  it("keeps no secret in the file", () => {
    const secret = new Set<string>(Object.entries(variables).flatMap(([name, row]) => ("secret" in row ? [name] : [])))
    assert.deepStrictEqual(
      service.envVars.filter((variable) => secret.has(variable.key) && "value" in variable),
      []
    )
  })

  it("is one instance in Frankfurt, whose disk holds data, speech and the model, also while a new one comes", () => {
    assert.strictEqual(service.region, "frankfurt")
    assert.strictEqual(service.disk.mountPath, config.dataDir)
    for (const path of [config.ttsHome, config.voskModelPath]) assert.isTrue(path?.startsWith(`${config.dataDir}/`))
    const model = findModel(Result.getOrThrow(readManifest()), config.voskModelPath?.split("/").at(-1) ?? "")
    assert.isTrue(model !== undefined && isDownload(model))
    if (model === undefined || !isDownload(model)) return
    assert.isBelow(2 * bytesNeeded(model) + reserveBytes, service.disk.sizeGB * 1e9)
  })

  it("lets people finish before it is ended, and is asked for its health where that is", () => {
    assert.isBelow(config.drainSeconds + 10, service.maxShutdownDelaySeconds)
    assert.strictEqual(service.healthCheckPath, "/health")
  })

  it("tells clients apart behind Cloudflare and Render's proxy, and believes no forged address", () => {
    const socket = { remoteAddress: "10.21.157.68" } as Socket
    const forwarded = (list: string) =>
      clientAddress({ headers: { "x-forwarded-for": list }, socket }, config.trustedProxyHops)
    assert.strictEqual(forwarded("203.0.113.7, 104.22.17.40"), "203.0.113.7")
    assert.strictEqual(forwarded("198.51.100.1, 203.0.113.7, 104.22.17.40"), "203.0.113.7")
  })
})

describe("compose.yaml", () => {
  const { sawt } = (parse(read("compose.yaml")) as { readonly services: { readonly sawt: Record<string, unknown> } })
    .services
  const environment = sawt["environment"] as Record<string, string>

  it("sets variables that there are, and no secret", () => {
    assert.deepStrictEqual(
      Object.keys(environment).filter((name) => !(name in variables)),
      []
    )
    for (const [name, value] of Object.entries(environment)) {
      if (name !== "VOICE_SERVICE_ENV") assert.match(value, new RegExp(`^\\$\\{${name}:[?-].*\\}$`))
    }
  })

  it("runs with a read-only root, without privileges, on this machine alone, and lets people finish", () => {
    assert.deepInclude(sawt, { read_only: true, cap_drop: ["ALL"], ports: ["127.0.0.1:8080:8080"] })
    assert.isAbove(Number.parseInt(String(sawt["stop_grace_period"])), 20)
    assert.deepStrictEqual(sawt["volumes"], ["data:/data"])
  })
})

it("the image has the Node of package.json", () => {
  assert.include(read("Dockerfile"), `ARG NODE=${node}\n`)
})
