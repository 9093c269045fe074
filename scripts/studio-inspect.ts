/** Hands what a live session's machines do to Stately's inspector, which listens on this computer. */
import { WebSocket } from "ws"

const help = `Attaches Stately's inspector to a live session.

Usage: VOICE_SERVICE_SECRET=… npm run studio:inspect -- --session ID [--server URL] [--to URL]
  --session ID  as \`GET /admin/sessions\` and /studio show it
  --server URL  of the service (default http://localhost:8080)
  --to URL      where the inspector listens (default ws://localhost:8088): for instance
                npm exec --package=@statelyai/inspect -- node --input-type=module -e \\
                  'import { createInspectorServer } from "@statelyai/inspect/server"; createInspectorServer({ port: 8088 })'

States and types of events only: what is said and answered never leaves the service. Ends with the session.

Exit codes: 0 the session ended, 1 the service or the inspector refused, 2 the usage is wrong.`

export interface Forwarding {
  readonly server: string
  readonly secret: string
  readonly session: string
  readonly to: string
}

const opened = (url: string): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.once("open", () => resolve(socket))
    socket.once("error", () => reject(new Error(`nothing listens on ${url}`)))
  })

/** Until the session ends, or the inspector goes. */
export const forward = async ({ server, secret, session, to }: Forwarding): Promise<void> => {
  const inspector = await opened(to)
  const gone = new AbortController()
  inspector.once("close", () => gone.abort())
  inspector.on("error", () => gone.abort())
  try {
    const response = await fetch(`${server}/admin/studio/sessions/${encodeURIComponent(session)}/events`, {
      headers: { authorization: `Bearer ${secret}` },
      signal: gone.signal
    })
    if (!response.ok || response.body === null) {
      const told = (await response.json()) as { readonly error?: { readonly message?: string } }
      throw new Error(`${response.status}: ${told.error?.message ?? "refused"}`)
    }
    let rest = ""
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      const events = (rest + part).split("\n\n")
      rest = events.pop() ?? ""
      for (const event of events) if (event.startsWith("data: ")) inspector.send(event.slice("data: ".length))
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error
  } finally {
    inspector.close()
  }
}

const main = async (args: ReadonlyArray<string>): Promise<number> => {
  const valueOf = (name: string): string | undefined => {
    const at = args.indexOf(name)
    return at < 0 ? undefined : args[at + 1]
  }
  const session = valueOf("--session")
  const secret = process.env["VOICE_SERVICE_SECRET"]
  const names = args.filter((_, index) => index % 2 === 0)
  const isKnown = names.every((name) => name === "--session" || name === "--server" || name === "--to")
  if (args.includes("--help") || session === undefined || secret === undefined || !isKnown) {
    console.error(help)
    return args.includes("--help") ? 0 : 2
  }
  const server = valueOf("--server") ?? "http://localhost:8080"
  const to = valueOf("--to") ?? "ws://localhost:8088"
  try {
    await forward({ server, secret, session, to })
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : "it failed")
    return 1
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
