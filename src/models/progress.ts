/** How far a download is, in one line: a bar that is drawn over on a terminal, lines now and then in a log. Pure. */
import type { DownloadEvent } from "#schemas/models.ts"

type Progress = Extract<DownloadEvent, { readonly event: "progress" }>

export const percentOf = ({ bytesDone, bytesTotal }: Pick<Progress, "bytesDone" | "bytesTotal">): number | undefined =>
  bytesTotal === undefined || bytesTotal === 0 ? undefined : Math.min(100, Math.floor((bytesDone * 100) / bytesTotal))

const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(1)

const clock = (seconds: number): string =>
  seconds >= 3_600
    ? `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
    : `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`

/** The rate of the last while: each reading counts for about this long. */
const smoothingMs = 5_000
const barCells = 24
const lineEveryMs = 10_000

/** Of one model. */
export class Pace {
  #step: Progress["step"] | undefined
  #last: { readonly bytes: number; readonly atMs: number } | undefined
  #rate: number | undefined
  #saidAtMs = -Infinity

  /** One line, without an end of line. */
  line(progress: Progress, atMs: number): string {
    this.#take(progress, atMs)
    const { model, step, bytesDone, bytesTotal } = progress
    const percent = percentOf(progress)
    const filled = Math.round(((percent ?? 0) * barCells) / 100)
    const bar = percent === undefined ? "" : `[${"#".repeat(filled)}${".".repeat(barCells - filled)}] ${percent} % `
    const of = bytesTotal === undefined ? "" : ` of ${mebibytes(bytesTotal)}`
    const rate = this.#rate === undefined ? "" : `, ${mebibytes(this.#rate * 1_000)} MiB/s`
    const left =
      this.#rate === undefined || this.#rate === 0 || bytesTotal === undefined || step === "unpack"
        ? ""
        : `, ${clock((bytesTotal - bytesDone) / this.#rate / 1_000)} left`
    return `${model}: ${step} ${bar}${mebibytes(bytesDone)}${of} MiB${rate}${left}`
  }

  /** The same where a log is written: the first, the last of a step, and one each ten seconds; else undefined. */
  logLine(progress: Progress, atMs: number): string | undefined {
    const begins = progress.step !== this.#step
    const line = this.line(progress, atMs)
    if (!begins && progress.bytesDone !== progress.bytesTotal && atMs - this.#saidAtMs < lineEveryMs) return undefined
    this.#saidAtMs = atMs
    return line
  }

  #take({ step, bytesDone }: Progress, atMs: number): void {
    const last = this.#last
    if (step !== this.#step || last === undefined || bytesDone < last.bytes) {
      this.#step = step
      this.#rate = undefined
    } else if (atMs > last.atMs) {
      const rate = (bytesDone - last.bytes) / (atMs - last.atMs)
      const weight = 1 - Math.exp(-(atMs - last.atMs) / smoothingMs)
      this.#rate = this.#rate === undefined ? rate : this.#rate + weight * (rate - this.#rate)
    } else return
    this.#last = { bytes: bytesDone, atMs }
  }
}
