/**
 * Which kernels OpenBLAS, inside libvosk, should use. The one in libvosk 0.3.45 and before knows no processor that is
 * newer than itself and takes the oldest of its kernels there (SSE3), a fifth slower than those that the processor could
 * run (docs/performance.md). A processor that it knows gets the same as before.
 */
import { readFileSync } from "node:fs"

const avx512 = ["avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"]
const avx2 = ["avx2", "fma"]
/** Zen 5, the first of AMD's that was seen to get the oldest kernels. */
const amdFamilyMin = 26

/** A value of `OPENBLAS_CORETYPE`, from the text of Linux's /proc/cpuinfo. Undefined: OpenBLAS knows best. */
export const blasKernelsFor = (cpuinfo: string): "SkylakeX" | "Haswell" | undefined => {
  const vendor = /^vendor_id\s*:\s*(\w+)$/m.exec(cpuinfo)?.[1]
  const family = Number(/^cpu family\s*:\s*(\d+)$/m.exec(cpuinfo)?.[1] ?? 0)
  const isUnknown = vendor === "GenuineIntel" || (vendor === "AuthenticAMD" && family >= amdFamilyMin)
  if (!isUnknown) return undefined
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(" "))
  if (avx512.every((flag) => flags.has(flag))) return "SkylakeX"
  return avx2.every((flag) => flags.has(flag)) ? "Haswell" : undefined
}

const cpuinfo = (): string => {
  try {
    return readFileSync("/proc/cpuinfo", "utf8")
  } catch {
    return ""
  }
}

/** For the environment of a process that loads libvosk. */
export const blasEnvironment = (): { readonly OPENBLAS_CORETYPE?: string } => {
  const kernels = blasKernelsFor(cpuinfo())
  return kernels === undefined ? {} : { OPENBLAS_CORETYPE: kernels }
}
