/** What the machine, or the container, lets this service use; and whether a model fits into it at all. */
import { totalmem } from "node:os"
import type { HostFault } from "#schemas/host.ts"
import type { ModelEntry } from "#schemas/models.ts"

export const memoryBytes = (): number => {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

const gigabytes = (bytes: number): string => (bytes / 1_000_000_000).toFixed(1)

/** `undefined` where it fits. */
export const tooLittleMemory = (model: ModelEntry | undefined, available = memoryBytes()): HostFault | undefined =>
  model === undefined || model.memoryBytes <= available
    ? undefined
    : {
        reason: "out_of_memory",
        message: `${model.name} needs about ${gigabytes(model.memoryBytes)} GB of memory, and there are ${gigabytes(available)}: take a larger machine, or set VOSK_MODEL_PATH to a smaller model.`
      }
