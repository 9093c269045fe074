import { assert, describe, it } from "vitest"
import { blasKernelsFor } from "#src/host/blas-kernels.ts"

const cpuinfo = (vendor: string, flags: string, family = 6) =>
  `processor\t: 0\nvendor_id\t: ${vendor}\ncpu family\t: ${family}\nflags\t\t: ${flags}\nbugs\t\t: x\n`
const avx512 = "avx512f avx512bw avx512dq avx512vl avx512cd"

describe("OpenBLAS's kernels", () => {
  it.each([
    ["SkylakeX", "an Intel processor with all of AVX-512", cpuinfo("GenuineIntel", `sse2 fma avx2 ${avx512} amx_tile`)],
    ["Haswell", "an Intel processor with a part of it", cpuinfo("GenuineIntel", "sse2 fma avx2 avx512f")],
    [undefined, "an old one", cpuinfo("GenuineIntel", "sse2 avx")],
    ["SkylakeX", "an AMD processor newer than OpenBLAS", cpuinfo("AuthenticAMD", `fma avx2 ${avx512}`, 26)],
    [undefined, "one that OpenBLAS knows", cpuinfo("AuthenticAMD", `fma avx2 ${avx512}`, 23)],
    [undefined, "a machine without /proc", ""]
  ])("are %s for %s", (kernels, _, text) => assert.strictEqual(blasKernelsFor(text), kernels))
})
