/** All checks of the sources side by side, since none of them keeps two processors busy; what each says comes when it has ended. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"

const help = `Checks types, formatting, code and texts, all at once.

Usage: npm run check

Exit codes: 0 all is well, 1 a check has failed: it is named, with what it says.`

if (process.argv.includes("--help")) {
  console.log(help)
  process.exit(0)
}

const checks = ["typecheck", "format:check", "lint", "lint:tashkeel"]

const isWell = async (name: string): Promise<boolean> => {
  const child = spawn("npm", ["run", "--silent", name], { stdio: ["ignore", "pipe", "pipe"] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  process.stdout.write(out)
  process.stderr.write(err)
  if (code !== 0) console.error(`npm run ${name}: failed`)
  return code === 0
}

const wells = await Promise.all(checks.map(isWell))
process.exitCode = wells.every(Boolean) ? 0 : 1
