/** `npm run test:crash -- --points 200 --seed 7`: every crash test in its long form. Exits as the tests do. */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { parseArgs } from "node:util"

const { values } = parseArgs({
  options: {
    points: { type: "string", default: "200" },
    seed: { type: "string", default: String(Math.trunc(performance.timeOrigin) % 1_000_000) }
  }
})
process.stdout.write(`${values.points} crashes at random moments, seed ${values.seed}\n`)
const { status } = spawnSync(
  process.execPath,
  [join(import.meta.dirname, "../../node_modules/vitest/vitest.mjs"), "run", "test/crash"],
  { stdio: "inherit", env: { ...process.env, CRASH_POINTS: values.points, CRASH_SEED: values.seed } }
)
process.exitCode = status ?? 1
