import { readFile } from "node:fs/promises"
import { connect } from "sawt-client"

const server = process.env.SAWT_URL ?? "http://localhost:8080"
const session = await connect({ server, mode: "file" })
session.on("connection", ({ status }) => console.error(status)) // connected, reconnecting, ended
session.on("error", ({ code, message }) => console.error(code, message))
session.on("transcript.final", ({ text, start_ms }) => console.log(`${start_ms} ms: ${text}`))

let spokenBytes = 0
session.on("audio", ({ bytes }) => (spokenBytes += bytes.length))
const spoken = session.next("audio.end")
await session.request({ type: "speech.say", text: "شُكْرًا" })
console.log(`spoken: ${(await spoken).duration_ms} ms, ${spokenBytes} bytes`)

const wav = await readFile(process.argv[2] ?? "word.wav") // 16 kHz, 16 bits, mono; 44 bytes of header
for (let at = 44; at < wav.length; at += 3_200) await session.writeAudio(wav.subarray(at, at + 3_200))
await session.end() // in `file` mode: once all is recognised
