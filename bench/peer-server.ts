/**
 * alphacep's vosk-server, the C++ one, built from sources that whoever runs the bench has, against the libvosk of the
 * installed package. The declarations that it needs of libvosk's C API are written here: its header is in no package.
 */
import { execFile, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { connect } from "node:net"
import { availableParallelism } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { allocatorEnvironment, findAllocator } from "#src/host/allocator.ts"
import { blasEnvironment } from "#src/host/blas-kernels.ts"
import { embeddedSttModelPath } from "#src/stt/stt.ts"
import { freePort } from "../scripts/server-process.ts"

const header = `typedef struct VoskModel VoskModel;
typedef struct VoskRecognizer VoskRecognizer;
extern "C" {
VoskModel *vosk_model_new(const char *path);
void vosk_model_free(VoskModel *model);
VoskRecognizer *vosk_recognizer_new(VoskModel *model, float sample_rate);
void vosk_recognizer_free(VoskRecognizer *recognizer);
void vosk_recognizer_set_max_alternatives(VoskRecognizer *recognizer, int count);
void vosk_recognizer_set_words(VoskRecognizer *recognizer, int words);
int vosk_recognizer_accept_waveform(VoskRecognizer *recognizer, const char *data, int length);
const char *vosk_recognizer_result(VoskRecognizer *recognizer);
const char *vosk_recognizer_partial_result(VoskRecognizer *recognizer);
const char *vosk_recognizer_final_result(VoskRecognizer *recognizer);
}
`

const libraryFolder = (): string =>
  join(dirname(createRequire(import.meta.url).resolve("vosk/package.json")), "lib/linux-x86_64")

/** Its program, built once for these sources. */
export const buildPeer = async (folder: string): Promise<string> => {
  const source = join(folder, "websocket-cpp/asr_server.cpp")
  if (!existsSync(source)) throw new Error(`no websocket-cpp/asr_server.cpp in ${folder}: clone alphacep/vosk-server`)
  const library = libraryFolder()
  const version = createHash("sha256").update(readFileSync(source)).update(header).update(library).digest("hex")
  const built = join(import.meta.dirname, "../.tools/peer", version.slice(0, 16))
  const program = join(built, "asr_server")
  if (existsSync(program)) return program
  mkdirSync(built, { recursive: true })
  writeFileSync(join(built, "vosk_api.h"), header)
  const linked = [`-L${library}`, "-lvosk", "-lpthread", `-Wl,-rpath,${library}`]
  await promisify(execFile)("g++", ["-std=c++17", "-O3", "-DNDEBUG", `-I${built}`, source, "-o", program, ...linked])
  return program
}

const tuning = (): Readonly<Record<string, string>> => ({
  ...blasEnvironment(),
  ...allocatorEnvironment(findAllocator())
})

export interface Peer {
  readonly url: string
  readonly pid: number
  readonly stop: () => Promise<void>
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy()
      resolve(true)
    })
    socket.on("error", () => resolve(false))
  })

/**
 * As many threads as there are processors, 16 kHz, words with times: what the service is told as well. `isTuned`: with the
 * kernels and the allocator that the service chooses for libvosk.
 */
export const startPeer = async (program: string, isTuned: boolean): Promise<Peer> => {
  const port = await freePort()
  const threads = String(availableParallelism())
  const child = spawn(program, ["127.0.0.1", String(port), threads, embeddedSttModelPath], {
    env: { VOSK_SAMPLE_RATE: "16000", VOSK_SHOW_WORDS: "True", ...(isTuned ? tuning() : {}) },
    stdio: "ignore"
  })
  const exited = once(child, "exit")
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error("vosk-server did not start")
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    url: `ws://127.0.0.1:${port}/`,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill("SIGKILL")
      await exited
    }
  }
}
