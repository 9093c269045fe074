import { join } from "node:path"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Compiled once for the hundreds of processes that tests start: services, hosts, commands, and the workers themselves. */
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules/.cache/node-compile-cache")

/** The larger the file, the sooner it is begun. These are small and long: begun last, one core would wait for them. */
const long = /\/(fuzz|voice|receivers|barge-in|runbook|main|paths|soak|kills)\.test\.ts$/

class LongFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const bySize = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => Number(long.test(moduleId))
    return bySize.toSorted((a, b) => isLong(b) - isLong(a))
  }
}

/** What is heard in a browser's own sound wants the machine to itself: it comes last. */
const alone = ["test/talk/echo.test.ts"]

/** Native models load in child processes, and each test file in a process of its own. */
export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: { name: "side by side", include: ["test/**/*.test.ts"], exclude: alone, sequence: { groupOrder: 0 } }
      },
      { extends: true, test: { name: "alone", include: alone, sequence: { groupOrder: 1 } } }
    ]
  }
})
