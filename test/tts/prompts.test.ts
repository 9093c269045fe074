import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { stripMarks, tashkeelDensity, tashkeelDensityMin } from "#src/tts/arabic-marks.ts"
import { speakable } from "#src/tts/arabic-text.ts"
import { prompt, promptIds, wordings } from "#src/tts/prompts.ts"

const lint = (...args: ReadonlyArray<string>) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/tashkeel-lint.ts", ...args], {
    encoding: "utf8"
  })
  return { status, output: stdout + stderr }
}

describe("prompts", () => {
  it("carry enough vowel marks in Arabic and none in what is shown", () => {
    for (const id of promptIds) {
      for (const [i, wording] of wordings(id, "ar").entries()) {
        assert.isAtLeast(tashkeelDensity(wording), tashkeelDensityMin, id)
        const { text, spoken } = prompt(id, "ar", { attempt: i + 1 })
        assert.strictEqual(text, stripMarks(spoken), id)
        assert.match(speakable(spoken, "ar"), /^[\p{L}\p{M} ،.؟]+$/u, id)
      }
    }
  })

  it("have as many wordings in English, without Arabic letters", () => {
    for (const id of promptIds) {
      assert.strictEqual(wordings(id, "en").length, wordings(id, "ar").length, id)
      for (const wording of wordings(id, "en")) assert.notMatch(wording, /\p{Script=Arabic}/u)
    }
  })

  it("help more at each attempt and stay at the last", () => {
    const heard = [1, 2, 3].map((attempt) => prompt("no_speech", "ar", { attempt }).text)
    assert.strictEqual(new Set(heard).size, 3)
    assert.strictEqual(prompt("no_speech", "ar", { attempt: 9 }).text, heard[2])
    assert.strictEqual(prompt("no_speech", "ar").text, heard[0])
  })

  it("read an answer back as it is shown and as it is spoken, dollar signs included", () => {
    const { text, spoken } = prompt("confirm", "ar", { text: "$& أبدا", spoken: "أَبَدًا" })
    assert.isTrue(text.startsWith("هل المقصود: $& أبدا؟"), text)
    assert.isTrue(spoken.includes(": أَبَدًا؟"), spoken)
  })

  it("leave no gap where the caller adds nothing", () => {
    for (const id of promptIds)
      for (const language of ["ar", "en"] as const) assert.notInclude(prompt(id, language).spoken, "{}")
  })
})

describe("the tashkeel lint", () => {
  it("passes on what is shipped and explains itself", () => {
    assert.deepStrictEqual([lint().status, lint("--help").status], [0, 0])
    assert.include(lint("--help").output, "Exit codes")
  })

  it("names a bare spoken text, and tells a fault of the file apart", () => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-lint-"))
    try {
      const item = {
        linkId: "q1",
        type: "choice",
        text: "كم مرة؟",
        answerOption: [
          {
            valueCoding: { code: "a", display: "أبدا" },
            extension: [{ url: "urn:sawt:fhir:spoken-text", valueString: "أَبَدًا" }]
          }
        ]
      }
      writeFileSync(
        join(folder, "bare.json"),
        JSON.stringify({ resourceType: "Questionnaire", language: "ar", item: [item] })
      )
      const found = lint(folder)
      assert.strictEqual(found.status, 1)
      assert.match(found.output, /bare\.json: q1: 0 marks/u)
      assert.notInclude(found.output, "option")
      writeFileSync(join(folder, "broken.json"), "{")
      assert.strictEqual(lint(folder).status, 2)
      assert.strictEqual(lint("--what").status, 2)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
