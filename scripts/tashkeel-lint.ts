/**
 * Checks that everything spoken in Arabic carries enough vowel marks to be understood: the prompt catalogue and the
 * spoken texts of the questionnaires. A text spoken as it is shown counts too, for that is what a person would hear.
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { tashkeelDensity, tashkeelDensityMin } from "#src/tts/arabic-marks.ts"
import { promptIds, wordings } from "#src/tts/prompts.ts"

const help = `Checks the vowel marks (tashkeel) of Arabic texts that are spoken.

Usage: npm run lint:tashkeel [-- FOLDER]
  FOLDER   where the questionnaires are (default: questionnaires)

A text needs one mark for every three Arabic letters; without them the voice says bare consonants.
In a questionnaire the spoken wording stands in the extension urn:sawt:fhir:spoken-text.

Exit codes: 0 all texts are fine, 1 some have too few marks, 2 a file cannot be read.`

const spokenTextUrl = "urn:sawt:fhir:spoken-text"

interface Spoken {
  readonly where: string
  readonly text: string
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const listOf = (value: unknown): ReadonlyArray<Record<string, unknown>> =>
  Array.isArray(value) ? value.filter(isRecord) : []

const extensionText = (of: Record<string, unknown>): string | undefined => {
  const found = listOf(of["extension"]).find(({ url }) => url === spokenTextUrl)?.["valueString"]
  return typeof found === "string" ? found : undefined
}

const shown = (value: unknown): string => (typeof value === "string" ? value : "")

/** The spoken wording of an item and its options, or what is shown where it has none. Totals are never spoken. */
const spokenOf = (item: Record<string, unknown>, file: string): ReadonlyArray<Spoken> => {
  const where = `${file}: ${shown(item["linkId"])}`
  const options = listOf(item["answerOption"]).map((option) => {
    const coding = isRecord(option["valueCoding"]) ? option["valueCoding"] : {}
    return {
      where: `${where}, option ${shown(coding["code"])}`,
      text: extensionText(option) ?? extensionText(coding) ?? shown(coding["display"])
    }
  })
  const own = item["readOnly"] === true ? [] : [{ where, text: extensionText(item) ?? shown(item["text"]) }]
  return [...own, ...options, ...listOf(item["item"]).flatMap((child) => spokenOf(child, file))]
}

const questionnaireTexts = async (folder: string): Promise<ReadonlyArray<Spoken>> => {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".json")).toSorted()
  const texts = files.map(async (file): Promise<ReadonlyArray<Spoken>> => {
    const parsed: unknown = JSON.parse(await readFile(join(folder, file), "utf8"))
    if (!isRecord(parsed)) throw new Error("not a JSON object")
    return parsed["language"] === "ar" ? listOf(parsed["item"]).flatMap((item) => spokenOf(item, file)) : []
  })
  return (await Promise.all(texts)).flat()
}

const catalogueTexts = (): ReadonlyArray<Spoken> =>
  promptIds.flatMap((id) => wordings(id, "ar").map((text, i) => ({ where: `prompt ${id}, wording ${i + 1}`, text })))

const main = async (folder: string): Promise<number> => {
  let texts: ReadonlyArray<Spoken>
  try {
    texts = [...catalogueTexts(), ...(await questionnaireTexts(folder))]
  } catch (error) {
    console.error(
      `The questionnaires in "${folder}" cannot be read: ${error instanceof Error ? error.message : "unknown fault"}`
    )
    return 2
  }
  const bare = texts.filter(({ text }) => tashkeelDensity(text) < tashkeelDensityMin)
  for (const { where, text } of bare) {
    console.error(
      `${where}: ${Math.round(tashkeelDensity(text) * 100)} marks for 100 letters, at least 34 are needed: ${text}`
    )
  }
  if (bare.length === 0) console.log(`${texts.length} spoken Arabic texts carry enough vowel marks.`)
  else console.error(`${bare.length} of ${texts.length} spoken Arabic texts have too few vowel marks.`)
  return bare.length === 0 ? 0 : 1
}

const [argument, ...others] = process.argv.slice(2)
if (argument === "--help" || argument === "-h") console.log(help)
else if (others.length > 0 || argument?.startsWith("-") === true) {
  console.error(`Not understood: ${process.argv.slice(2).join(" ")}\n\n${help}`)
  process.exitCode = 2
} else process.exitCode = await main(argument ?? "questionnaires")
