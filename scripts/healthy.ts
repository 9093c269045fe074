/** For a container's HEALTHCHECK: exit code 0 while the service on this machine can serve. */
const answer = await fetch(`http://127.0.0.1:${process.env["PORT"] ?? "8080"}/health`, {
  signal: AbortSignal.timeout(4_000)
}).catch(() => undefined)
process.exitCode = answer?.ok === true ? 0 : 1
