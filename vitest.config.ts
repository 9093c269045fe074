import { join } from "node:path"
import { defineConfig } from "vitest/config"

/** Compiled once for the hundreds of processes that tests start: services, hosts, commands, and the workers themselves. */
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules/.cache/node-compile-cache")

/** Native models load in child processes, and each test file in a process of its own. */
export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Speech in real time on a shared machine: what fails twice more is broken, and each first failure is printed.
    retry: process.env["CI"] === undefined ? 0 : 2
  }
})
