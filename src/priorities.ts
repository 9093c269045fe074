/**
 * Who goes first where processors are short: the server, which only passes on what others wait for; then the models, which
 * compute; then downloads. A call at once after the start is in time for every thread of the process: each takes over what
 * the thread has that makes it. Decision 043.
 */
import type { ChildProcess } from "node:child_process"
import { constants, getPriority, setPriority } from "node:os"

const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority
const steps = { model: PRIORITY_BELOW_NORMAL, download: PRIORITY_LOW }

/** Below the server's own priority, whatever that is. */
export const giveWay = ({ pid }: ChildProcess, as: keyof typeof steps): void => {
  if (pid === undefined) return
  try {
    setPriority(pid, Math.min(PRIORITY_LOW, getPriority() + steps[as]))
  } catch {
    // It has ended already, or the system does not let anybody: it works all the same.
  }
}
