/** The command line against a running server, with real recordings. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { rmsDbfs } from "#src/audio/pcm.ts"
import { Resampler } from "#src/audio/resample.ts"
import { readWav, writeWav } from "#src/audio/wav.ts"
import { noPrompts } from "#test/e2e/caller.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { longClips } from "../../bench/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { run, start } from "./running.ts"

const fixtures = "test/fixtures/ar-commands"
const folder = mkdtempSync(join(tmpdir(), "sawt-command-line-"))
const inFolder = (name: string) => join(folder, name)

let server: ServerProcess
/** As an operator has it. */
let env: Readonly<Record<string, string>>
beforeAll(async () => {
  server = await startServer(noPrompts)
  env = { SAWT_URL: server.url, VOICE_SERVICE_SECRET: server.secret }
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

interface Cue {
  readonly startMs: number
  readonly endMs: number
  readonly text: string
}
const cuesIn = (srt: string): ReadonlyArray<Cue> => {
  const ms = (time: string) => {
    const [hours = 0, minutes = 0, seconds = 0, rest = 0] = time.split(/[:,]/).map(Number)
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + rest
  }
  return [...srt.matchAll(/^(\S+) --> (\S+)\n(.*)$/gm)].map(([, from = "", to = "", text = ""]) => ({
    startMs: ms(from),
    endMs: ms(to),
    text
  }))
}

describe("sawt transcribe", () => {
  it("writes subtitles of several recordings at once, each word where it was said", async () => {
    const files = longClips.map(({ file }) => join(fixtures, file))
    const { code, stderr } = await run(["transcribe", "-f", "srt", "-o", folder, ...files], env)
    assert.strictEqual(code, 0, stderr)
    for (const { file, words } of longClips) {
      const cues = cuesIn(readFileSync(inFolder(file.replace(".wav", ".srt")), "utf8"))
      assert.isAtLeast(cues.length, words.length - 1)
      for (const { startMs, endMs, text } of cues) {
        const word = words.find(({ start, end }) => startMs < end * 1_000 && endMs > start * 1_000)
        assert.strictEqual(text, word?.text)
        assert.closeTo(startMs, (word?.start ?? 0) * 1_000, 200)
        assert.closeTo(endMs, (word?.end ?? 0) * 1_000, 250)
      }
    }
  })

  it("takes any rate and stereo, says what cannot be read, and goes on with the rest in their order", async () => {
    const word = readSamples(clipOf("nine").file)
    const at = (rateHz: number) => new Resampler(16_000, rateHz).push(word)
    writeFileSync(inFolder("high.wav"), writeWav([at(96_000)], 96_000))
    writeFileSync(inFolder("stereo.wav"), writeWav([at(44_100), at(44_100)], 44_100))
    writeFileSync(inFolder("broken.wav"), "RIFF of no use")
    const files = ["high.wav", "broken.wav", "stereo.wav"].map(inFolder)
    const { code, text, stderr } = await run(["transcribe", "--json", ...files, "nowhere.wav"], env)
    assert.strictEqual(code, 1)
    const found = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    assert.deepStrictEqual(
      found.map(({ file }) => file),
      [files[0], files[2]]
    )
    for (const { text, segments, duration_ms } of found) {
      assert.strictEqual(text, clipOf("nine").text)
      assert.closeTo(duration_ms, word.length / 16, 2)
      assert.isAbove(segments[0].words[0].confidence, 0.5)
    }
    assert.match(stderr, /broken\.wav: This is not a WAV file/)
    assert.match(stderr, /nowhere\.wav: ENOENT/)
  })

  it("without a service starts one of its own for the time of the command", async () => {
    const { file, text } = clipOf("yes")
    const ran = await run(["transcribe", join(fixtures, file)])
    assert.deepEqual([ran.code, ran.text.trim()], [0, text], ran.stderr)
  })

  it("needs no token on the basic socket, where an address has two places: it waits for them", async () => {
    const files = ["one", "two", "three"].map((english) => join(fixtures, clipOf(english).file))
    const { code, text, stderr } = await run(["transcribe", ...files], { SAWT_URL: server.url })
    assert.strictEqual(code, 0, stderr)
    for (const english of ["one", "two", "three"]) assert.include(text, clipOf(english).text)
  })
})

describe("sawt say", () => {
  it("writes what is said as a WAV file, also to stdout", async () => {
    const output = inFolder("said.wav")
    const [ran, piped] = await Promise.all([
      run(["say", "مَرْحَبًا بِكُمْ", "-o", output, "--json"], env),
      run(["say", "-", "-o", "-"], env, "شُكْرًا")
    ])
    assert.strictEqual(ran.code, 0, ran.stderr)
    const { samples, sampleRateHz } = readWav(readFileSync(output))
    assert.isAbove(rmsDbfs(samples), -40)
    assert.closeTo(JSON.parse(ran.text).duration_ms, (samples.length * 1_000) / sampleRateHz, 1)
    assert.isAbove(readWav(piped.stdout).samples.length, 8_000)
  })
})

describe("sawt talk", () => {
  it("sends what a recorder hears, and prints what is understood", async () => {
    const { file, text } = clipOf("previous")
    const raw = Buffer.from(readSamples(file).buffer)
    writeFileSync(inFolder("word.raw"), Buffer.concat([Buffer.alloc(16_000), raw, Buffer.alloc(64_000)]))
    // Stands in for ALSA's, which needs a sound card: the same stream on the same pipe, at its speed or faster.
    writeFileSync(inFolder("arecord"), `#!/bin/sh\n/bin/cat ${inFolder("word.raw")}\nexec /bin/sleep 60\n`, {
      mode: 0o755
    })
    const talking = start(["talk"], { ...env, PATH: folder })
    await talking.shows(text)
    talking.child.kill("SIGINT")
    const { code, stderr } = await talking.ended
    assert.strictEqual(code, 130, stderr)
    assert.match(stderr, /No player is installed/)
  })

  it("says which recorders it could use where there is none", async () => {
    const { code, stderr } = await run(["talk"], { ...env, PATH: "/nowhere" })
    assert.strictEqual(code, 1)
    assert.match(stderr, /parec, arecord, sox, ffmpeg/)
  })

  it("holds a questionnaire by keyboard, from the consent to the summary", async () => {
    const talking = start(["talk", "-q", "gad-7", "--typed", "--silent"], env)
    await talking.shows("الموافقة")
    talking.child.stdin.write("نعم\n")
    for (let question = 1; question <= 8; question++) {
      await talking.shows("\n   1  ", question)
      talking.child.stdin.write("1\n")
    }
    await talking.shows("completed")
    assert.strictEqual((await talking.ended).code, 0)
  })
})

describe("sawt token, sessions and health", () => {
  it("issue a token, list who is there, end a session, and tell how the service is", async () => {
    const issued = await run(["token", "--scope", "healthcare", "--subject", "patient-7"], env)
    assert.strictEqual(issued.code, 0, issued.stderr)
    const talking = start(["talk", "-q", "phq-9", "--typed", "--silent"], {
      SAWT_URL: server.url,
      SAWT_TOKEN: issued.text.trim()
    })
    await talking.shows("الموافقة")
    const [listed, healthy] = await Promise.all([
      run(["sessions", "--json", "--url", server.url], { VOICE_SERVICE_SECRET: server.secret }),
      run(["health"], env)
    ])
    const [session] = JSON.parse(listed.text)
    assert.deepInclude(session, { endpoint: "healthcare", connected: true, state: "consenting" })
    assert.match(healthy.text, /^(healthy|degraded)\n/)
    assert.strictEqual((await run(["sessions", "--end", session.id], env)).code, 0)
    assert.strictEqual((await talking.ended).code, 0)
  })

  it("tell by their exit codes what is wrong", async () => {
    const [wrong, none, nobody, address, unknown] = await Promise.all([
      run(["token"], { ...env, VOICE_SERVICE_SECRET: "not-the-secret" }),
      run(["sessions"], { SAWT_URL: server.url }),
      run(["health", "--url", "http://127.0.0.1:9"]),
      run(["health", "--url", "voice.example"]),
      run(["transcribe", "--loud", "a.wav"])
    ])
    assert.deepEqual([wrong.code, none.code, nobody.code, address.code, unknown.code], [1, 2, 3, 2, 2])
    assert.match(wrong.stderr, /401/)
    assert.match(none.stderr, /VOICE_SERVICE_SECRET/)
    assert.match(nobody.stderr, /No service answers/)
  })
})

describe("sawt questionnaire", () => {
  it("draws a questionnaire, and lets a designer answer it by typing", async () => {
    const file = "questionnaires/gad-7.ar.json"
    const [drawn, answered, broken] = await Promise.all([
      run(["questionnaire", "draw", file, "--language", "en"]),
      run(["questionnaire", "run", file, "--json"], {}, ["نعم", ...Array.from({ length: 8 }, () => "1")].join("\n")),
      run(["questionnaire", "run", file], {}, "نعم\n")
    ])
    assert.match(drawn.text, /^<svg[\s\S]+<\/svg>\n$/)
    const trial = JSON.parse(answered.text)
    assert.deepInclude(trial, { finished: true, status: "completed" })
    assert.strictEqual(trial.scores[0].value, 7)
    assert.strictEqual(broken.code, 1)
  })
})

it("every command is in the help and in the completion of each shell", async () => {
  const [help, ...completions] = await Promise.all([
    run(["--help"]),
    ...["bash", "zsh", "fish"].map((shell) => run(["completion", shell]))
  ])
  const commands = ["talk", "say", "transcribe", "token", "sessions", "health", "questionnaire", "completion"]
  for (const { code, text } of [help, ...completions]) {
    assert.strictEqual(code, 0)
    for (const command of commands) assert.include(text, command)
  }
})
