/** What a command tells: results on stdout, which may be piped, everything about them on stderr. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`)
export const tell = (line: string): void => void process.stderr.write(`${line}\n`)
export const printJson = (value: unknown): void => print(JSON.stringify(value))

const barWidth = 30

/** One line that is drawn over; nothing where stderr is no terminal. */
export class ProgressBar {
  readonly #isShown = process.stderr.isTTY

  /** `share`: 0 … 1. */
  show(share: number, about: string): void {
    if (!this.#isShown) return
    const filled = Math.round(Math.min(1, share) * barWidth)
    const bar = "█".repeat(filled) + "░".repeat(barWidth - filled)
    process.stderr.write(`\r${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${about}\u001B[K`)
  }

  clear(): void {
    if (this.#isShown) process.stderr.write("\r\u001B[K")
  }
}
