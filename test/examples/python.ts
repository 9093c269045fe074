/** A Python that has `websockets`: Debian's package `python3-websockets` is for the system's own. */
import { spawnSync } from "node:child_process"
import { assert, it } from "vitest"

const has = (python: string): boolean => spawnSync(python, ["-c", "import websockets"]).status === 0
const found = [process.env.PYTHON_PATH ?? "", "/usr/bin/python3", "python3"].find((path) => path !== "" && has(path))
const missing = "No Python with websockets: install the package `python3-websockets`, or name one by PYTHON_PATH."
const isCI = (process.env.CI ?? "") !== ""

export const itInPython = (name: string, test: (python: string) => Promise<void>): void => {
  if (found !== undefined) it(name, () => test(found))
  else if (isCI) it(name, () => assert.fail(missing))
  else it.skip(`${name} (${missing})`, () => {})
}
