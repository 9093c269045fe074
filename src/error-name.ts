/** What of an unexpected error may stand in a log: its name alone, since its message may hold what a person said (R3.8). */
export const errorName = (cause: unknown): string => (cause instanceof Error ? cause.name : typeof cause)
