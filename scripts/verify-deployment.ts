/**
 * `npm run verify:deployment -- --url https://voice.clinic.example`: walks a running service through the deployment
 * checklist, from outside, as its clients and its operator reach it. Exit code 1: a row fails.
 */
import { parseArgs } from "node:util"
import { lineOf } from "./doctor/finding.ts"
import { Deployment } from "./verify/deployment.ts"
import { walk } from "./verify/check.ts"
import { checklist } from "./verify/checklist.ts"

const help = `Usage: npm run verify:deployment -- --url URL [options]

Walks a running service through the deployment checklist and leaves nothing behind: health, models at work, storage, tokens, what
the sockets refuse and accept, sessions counted and cleaned up, slots, expiry, typed errors, headers, origins, administration,
rate. One line each: ok, warn or fail, and the repair. It needs the admin secret in VOICE_SERVICE_SECRET; with
VOICE_SERVICE_TOKEN too an expired token is signed instead of waited for. For a minute afterwards this address may be told
to wait (429): the last row asks as often as it may.

  --url URL            where clients reach the service, such as https://voice.clinic.example
  --origin ORIGIN      a page's origin that ALLOWED_ORIGINS lets in
  --quick              wait for no token to expire (66 s)
  --json               for machines
  --help               this text

Exit code 0: nothing fails. 1: something does. 2: wrong usage.`

const refuse = (problem: string): never => {
  console.error(`${problem}\n\n${help}`)
  process.exit(2)
}

const readOptions = () => {
  try {
    return parseArgs({
      options: {
        url: { type: "string" },
        origin: { type: "string" },
        quick: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false }
      }
    }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

const { url, origin, quick, json, help: helped } = readOptions()
if (helped) {
  console.log(help)
  process.exit(0)
}
const parsed = URL.parse(url ?? "")
if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.pathname !== "/") {
  refuse(`--url takes the origin of a service, such as https://voice.clinic.example, not ${String(url)}.`)
}
const secret = process.env["VOICE_SERVICE_SECRET"]
if (secret === undefined || secret === "") refuse("The admin secret is needed in VOICE_SERVICE_SECRET.")
const tokenSecret = process.env["VOICE_SERVICE_TOKEN"] ?? process.env["JWT_SECRET"]

const deployment = new Deployment({
  url: parsed?.origin ?? "",
  secret: secret ?? "",
  quick,
  ...(tokenSecret === undefined || tokenSecret === "" ? {} : { tokenSecret }),
  ...(origin === undefined ? {} : { origin })
})
const findings = await walk(checklist, deployment, (finding) => {
  if (!json) console.log(lineOf(finding))
})
if (json) console.log(JSON.stringify(findings, null, 2))
process.exit(findings.some(({ status }) => status === "fail") ? 1 : 0)
