/** How much is tried: a little wherever the tests run, all of it by `npm run test:crash` (`run.ts`). */
const { CRASH_POINTS, CRASH_SEED } = process.env

export const isLong = CRASH_POINTS !== undefined
/** Crashes at random moments, half of them of a whole server. */
export const points = Number(CRASH_POINTS ?? 4)
export const perInterview = isLong ? 4 : 2
export const seed = Number(CRASH_SEED ?? 1)
export const longTimeoutMs = 1_800_000
