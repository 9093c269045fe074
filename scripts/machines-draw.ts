/** Draws every machine and every shipped questionnaire into docs/machines: SVG, Mermaid in Markdown, and JSON for Stately's editor. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { load } from "#src/questionnaire/load.ts"
import { printedDefinition } from "#src/session/inspection.ts"
import { diagramOfMachine, diagramOfQuestionnaire, machineIds, machines } from "#src/studio/catalogue.ts"
import type { Diagram } from "#src/studio/diagram.ts"
import { mermaidOf } from "#src/studio/mermaid.ts"
import { svgOf } from "#src/studio/svg.ts"

const help = `Draws the machines into docs/machines.

Usage: npm run machines:draw [-- --check]
  --check  writes nothing; exit code 1 where a drawing is not what the machines are now`

const folder = fileURLToPath(new URL("../docs/machines/", import.meta.url))
const questionnaireFolder = fileURLToPath(new URL("../questionnaires/", import.meta.url))

type Files = ReadonlyMap<string, string>

const drawingsOf = (name: string, diagram: Diagram): ReadonlyArray<readonly [string, string]> => [
  [`${name}.svg`, svgOf(diagram, { styled: true })]
]

const page = (title: string, about: string, drawings: ReadonlyArray<readonly [string, Diagram]>): string =>
  [
    `# ${title}`,
    `${about} Drawn by \`npm run machines:draw\`; a test checks that it is current.`,
    ...drawings.flatMap(([name, diagram]) => [
      ...(drawings.length > 1 ? [`## ${diagram.title}`] : []),
      `![${diagram.title}](${name}.svg)`,
      `<details><summary>The same as Mermaid</summary>\n\n\`\`\`mermaid\n${mermaidOf(diagram)}\n\`\`\`\n\n</details>`
    ])
  ].join("\n\n") + "\n"

/** Everything that belongs into the folder, by file name. */
export const drawings = async (): Promise<Files> => {
  const files = new Map<string, string>()
  const index: Array<string> = []
  for (const id of machineIds) {
    const diagram = diagramOfMachine(id)
    for (const [name, text] of drawingsOf(id, diagram)) files.set(name, text)
    files.set(`${id}.json`, `${printedDefinition(machines[id].machine.config, 1)}\n`)
    files.set(`${id}.md`, page(machines[id].title, machines[id].about, [[id, diagram]]))
    index.push(`- [${machines[id].title}](${id}.md): ${machines[id].about}`)
  }
  for (const file of (await readdir(questionnaireFolder)).filter((name) => name.endsWith(".json")).toSorted()) {
    const loaded = await Effect.runPromise(load(file, await readFile(join(questionnaireFolder, file), "utf8")))
    const { id } = loaded.plan
    const found = Object.values(loaded.languages).flatMap(({ plan }) => {
      const diagram = diagramOfQuestionnaire(loaded, plan.language)
      return diagram === undefined ? [] : ([[`${id}.${plan.language}`, diagram]] as const)
    })
    for (const [name, diagram] of found) for (const [path, text] of drawingsOf(name, diagram)) files.set(path, text)
    const about = `The questions of \`${file}\`, its branches, and what staff are told of.`
    files.set(`${id}.md`, page(id, about, found))
    index.push(`- [${id}](${id}.md): ${about}`)
  }
  const intro =
    "Drawn by `npm run machines:draw`; a test checks that they are current. `/studio` shows the same, running. The `.json` beside each machine opens in Stately's editor (its import of JSON)."
  files.set("README.md", `# Machines\n\n${intro}\n\n${index.join("\n")}\n`)
  return files
}

/** What differs from what the machines are now: a file that lacks, is old, or belongs to nothing. */
export const outdated = async (): Promise<ReadonlyArray<string>> => {
  const wanted = await drawings()
  const there = await readdir(folder).catch((): ReadonlyArray<string> => [])
  const differing = await Promise.all(
    [...wanted].map(async ([name, text]) =>
      there.includes(name) && (await readFile(join(folder, name), "utf8")) === text ? [] : [name]
    )
  )
  return [...differing.flat(), ...there.filter((name) => !wanted.has(name))]
}

const main = async (args: ReadonlyArray<string>): Promise<number> => {
  if (args.some((arg) => arg !== "--check")) {
    console.log(help)
    return args.includes("--help") ? 0 : 2
  }
  if (args.includes("--check")) {
    const old = await outdated()
    for (const name of old) console.error(`docs/machines/${name} is not current: npm run machines:draw`)
    return old.length === 0 ? 0 : 1
  }
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const [name, text] of await drawings()) await writeFile(join(folder, name), text)
  return 0
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
