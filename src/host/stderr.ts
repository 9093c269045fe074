/** What a host writes to stderr, in lines: bounded in number and length, and without paths. What is over is dropped. */
import type { Readable } from "node:stream"

const linesMax = 100
const lineMax = 300

/** Every folder of a path goes, its last name stays: messages never show where things lie. */
const withoutPaths = (text: string): string => text.replaceAll(/(?:file:\/\/)?(?:\/[^\s/:'"]+)+\/([^\s/:'"]+)/g, "…/$1")

export const readStderr = (stderr: Readable | null, onLine: (line: string) => void): void => {
  let rest = ""
  let lines = 0
  stderr?.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n")
    rest = (parts.pop() ?? "").slice(0, lineMax)
    for (const part of parts) {
      if (part.trim() !== "" && lines++ < linesMax) onLine(withoutPaths(part.slice(0, lineMax)))
    }
  })
}
