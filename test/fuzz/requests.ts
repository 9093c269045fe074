/** Upgrade requests as nobody should write them: each part right, nearly right or absurd, and then some bytes damaged. */
import type { Dice } from "./dice.ts"
import { textFrame } from "./frames.ts"

export interface RequestFacts {
  /** Tokens that the service accepts. */
  readonly tokens: ReadonlyArray<string>
  readonly adminSecret: string
}

const paths = ["/ws", "/", "/ws/secure", "/secure", "/ws/secure/healthcare", "/secure/healthcare"]
const oddPaths = [
  "*",
  "",
  "//ws",
  "/ws/",
  "/WS",
  "/ws/../admin/sessions",
  "/%77%73",
  "/ws%00",
  "/ws#a",
  "http://evil.example/ws",
  "ws://a/ws",
  "/admission?path=/ws",
  "/admission?path=%00",
  "/admin/sessions",
  "/auth/token?scope=voice",
  "/health",
  "/openapi.json",
  "/\u00ff\u00fe",
  "/ws?__proto__[a]=1"
]
const junk = ["", " ", ",", ",,,", "\0", "\x7f", "\u00ff", "a, b", "=", ";", '"', "[object Object]", "%00", "‮", "NaN"]

const jwtLike = (dice: Dice): string =>
  [
    Buffer.from(dice.pick(['{"alg":"none"}', '{"alg":"HS256"}', '{"alg":"RS256","jwk":{}}', "{", "null"])),
    Buffer.from(dice.pick(['{"sub":"a","exp":1e999}', '{"exp":"x","scope":["voice"]}', '{"__proto__":{}}', "[]", ""])),
    dice.bytes(dice.whole(0, 40))
  ]
    .map((part) => part.toString("base64url"))
    .slice(0, dice.pick([3, 3, 3, 2, 1]))
    .join(".")

const tokenOf = (dice: Dice, { tokens, adminSecret }: RequestFacts): string => {
  const good = dice.pick(tokens)
  return dice.pick([
    () => good,
    () => good,
    () => dice.damaged(Buffer.from(good)).toString("latin1"),
    () => good.slice(0, dice.whole(0, good.length)),
    () => jwtLike(dice),
    () => adminSecret,
    () => "a.".repeat(dice.length(3_000)),
    () => dice.bytes(dice.whole(0, 60)).toString("base64")
  ])()
}

const long = (dice: Dice): string => dice.pick(["a", "é", ",", " ", "a,", "\t"]).repeat(dice.length(20_000))
const octet = (dice: Dice): string => String(dice.pick([0, 1, 10, 127, 192, 255, 256, -1, dice.whole(0, 255)]))
const address = (dice: Dice): string =>
  dice.pick([
    () => [octet(dice), octet(dice), octet(dice), octet(dice)].join("."),
    () => `[2001:db8::${dice.whole(0, 9_999)}]:443`,
    () => `::ffff:10.0.0.${octet(dice)}`,
    () => `fe80::1%${dice.pick(["eth0", "\0", "%25"])}`,
    () => "unknown",
    () => ":".repeat(dice.length(2_000)),
    () =>
      dice
        .bytes(dice.whole(0, 40))
        .toString("latin1")
        .replace(/[\r\n]/g, "")
  ])()

/** `right`: in most cases as a real client writes it. */
const headersOf = (dice: Dice, facts: RequestFacts): ReadonlyArray<readonly [string, string]> => {
  const headers: Array<readonly [string, string]> = []
  const add = (name: string, right: string | undefined, wrong: () => string) => {
    if (dice.once(14)) return
    const value = dice.once(9) ? wrong() : right
    if (value === undefined) return
    headers.push([dice.once(30) ? name.toUpperCase() : name, value])
    if (dice.once(60)) headers.push([name, dice.once(2) ? value : wrong()])
  }
  const odd = () => dice.pick([() => dice.pick(junk), () => long(dice), () => dice.bytes(8).toString("latin1")])()
  add("Host", "a", () => dice.pick(["evil.example", "a:b:c", odd()]))
  add("Connection", "Upgrade", () => dice.pick(["keep-alive, Upgrade", "close", "Upgrade, Host", odd()]))
  add("Upgrade", "websocket", () => dice.pick(["WebSocket", "h2c", "websocket, h2c", "websocket/13", odd()]))
  add("Sec-WebSocket-Version", "13", () => dice.pick(["8", "0", "-1", "13, 8", "1e1", "13.0", odd()]))
  add("Sec-WebSocket-Key", dice.bytes(16).toString("base64"), () =>
    dice.pick([dice.bytes(dice.whole(0, 40)).toString("base64"), "=".repeat(24), odd()])
  )
  add("Sec-WebSocket-Protocol", dice.once(3) ? undefined : "sawt.v1", () =>
    dice.pick([`sawt.v1, bearer.${tokenOf(dice, facts)}`, `bearer.${tokenOf(dice, facts)}`, "sawt.v1,sawt.v1", odd()])
  )
  add("Sec-WebSocket-Extensions", undefined, () =>
    dice.pick(["permessage-deflate", "permessage-deflate; server_max_window_bits=99", 'x; a="', odd()])
  )
  add("Authorization", `Bearer ${tokenOf(dice, facts)}`, () =>
    dice.pick(["Bearer", "Basic YTpi", `bearer  ${tokenOf(dice, facts)}`, `Bearer a b`, odd()])
  )
  add("Origin", dice.once(2) ? "http://a" : undefined, () =>
    dice.pick(["null", "http://evil.example", "http://a.evil.example", "http://[", "file://", odd()])
  )
  add("X-Forwarded-For", Array.from({ length: dice.whole(1, 3) }, () => address(dice)).join(", "), odd)
  add("Content-Length", undefined, () => dice.pick(["0", "5", "-1", "+5", "0x5", "9".repeat(30), "5, 5", odd()]))
  add("Transfer-Encoding", undefined, () => dice.pick(["chunked", "gzip, chunked", "xchunked", "identity", odd()]))
  add("Expect", undefined, () => dice.pick(["100-continue", "a miracle", odd()]))
  add("Accept", undefined, () => dice.pick(["text/html", "*/*;q=NaN", odd()]))
  if (dice.once(25)) headers.push(["X-A", long(dice)])
  if (dice.once(80)) for (let i = dice.whole(0, 2_500); i > 0; i--) headers.push(["A", "b"])
  if (dice.once(25)) headers.push([dice.pick(["", " ", "X A", "X-A ", "\0", "é", "__proto__"]), odd()])
  if (dice.once(5)) headers.reverse()
  return headers
}

export const request = (dice: Dice, facts: RequestFacts): Buffer => {
  const method = dice.once(8) ? dice.pick(["POST", "PUT", "HEAD", "OPTIONS", "TRACE", "get", "BREW", ""]) : "GET"
  const query = dice.once(8)
    ? `?${dice.pick(["token", "JWT", "access_token", "a", "%zz"])}=${tokenOf(dice, facts)}`
    : ""
  const path = dice.once(6) ? dice.pick([...oddPaths, `/${long(dice)}`]) : dice.pick(paths)
  const version = dice.once(15)
    ? dice.pick(["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.1 ", "http/1.1", ""])
    : "HTTP/1.1"
  const end = dice.once(60) ? "\n" : "\r\n"
  const lines = headersOf(dice, facts).map(([name, value]) => `${name}:${dice.once(30) ? "" : " "}${value}`)
  const text = [`${method} ${path}${query} ${version}`, ...lines, "", ""].join(end)
  const after = dice.once(8)
    ? dice.pick([
        Buffer.from("hello"),
        textFrame('{"type":"ping"}'),
        Buffer.from("GET / HTTP/1.1\r\n\r\n"),
        dice.bytes(9)
      ])
    : Buffer.alloc(0)
  const bytes = Buffer.concat([Buffer.from(text, "latin1"), after])
  if (dice.once(40)) return bytes.subarray(0, dice.whole(1, bytes.length))
  return dice.once(6) ? dice.damaged(bytes) : bytes
}
