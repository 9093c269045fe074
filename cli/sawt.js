#!/usr/bin/env node
/** Any Node may start the command: where it cannot run TypeScript, the one that npm installed beside it does. */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const installed = path("../node_modules/node/bin/node")
const isRecent = Number(process.versions.node.split(".")[0]) >= 24

if (isRecent || !existsSync(installed)) await import("./sawt.ts")
else {
  const child = spawn(installed, [path("./sawt.ts"), ...process.argv.slice(2)], { stdio: "inherit" })
  // The terminal sends an interrupt to both; a kill goes to one.
  process.on("SIGINT", () => {})
  process.on("SIGTERM", () => child.kill("SIGTERM"))
  child.on("exit", (code) => (process.exitCode = code ?? 1))
}
