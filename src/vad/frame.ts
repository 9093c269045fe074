/** Samples of one frame at 16 kHz: 32 ms, what Silero takes. Apart from the contract, so that a host loads no more than this. */
export const vadFrameSamples = 512
