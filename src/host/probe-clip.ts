/** A person saying نعم ("yes"), 16 kHz mono: what a probe has a model hear. Source and licence: THIRD_PARTY.md. */
import { readFileSync } from "node:fs"
import { BackendFault } from "./backend.ts"

const headerBytes = 44

export const probeWord = "نعم"

/** Samples, s16le. */
export const readProbeClip = (): Uint8Array => {
  try {
    return new Uint8Array(readFileSync(new URL("../../models/probe/yes.wav", import.meta.url))).subarray(headerBytes)
  } catch {
    throw new BackendFault("missing", "The recording models/probe/yes.wav is not there; restore it from the release.")
  }
}
