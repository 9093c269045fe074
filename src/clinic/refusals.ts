import { refuse } from "#src/gateway/refusal.ts"

export const cannotKeep = () =>
  refuse("storage_unavailable", "What is kept cannot be reached now: try again in a moment.", { "retry-after": "5" })
