/** Runs `count` tasks, `width` at a time; the first that fails fails all. */
export const inParallel = async (
  count: number,
  width: number,
  task: (index: number) => Promise<void>
): Promise<void> => {
  let next = 0
  const work = async () => {
    while (next < count) await task(next++)
  }
  await Promise.all(Array.from({ length: Math.min(width, count) }, work))
}
