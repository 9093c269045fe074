/** Why a process ended that nobody asked to. */
import type { HostFault } from "#schemas/host.ts"

export const unexpectedEnd = (
  code: number | null,
  signal: NodeJS.Signals | null,
  wasReady: boolean,
  memoryRanOut: boolean
): HostFault => {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`
  // While a model loads, SIGKILL comes from the kernel that has no memory left.
  if (memoryRanOut || (signal === "SIGKILL" && !wasReady)) {
    return {
      reason: "out_of_memory",
      message: `The host ended ${how}: this machine has too little memory for the model.`
    }
  }
  return { reason: "crash", message: `The host ended ${how}${wasReady ? "" : " while it loaded the model"}.` }
}
