/** What is drawn: the pages in docs/machines are current, nothing of a machine or questionnaire is missing, nothing overlaps. */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { type AnyEventObject, type AnyStateNode, createMachine, type MachineConfig } from "xstate"
import { load } from "#src/questionnaire/load.ts"
import { diagramOfMachine, diagramOfQuestionnaire, machineIds, machines } from "#src/studio/catalogue.ts"
import { allNodes, type DiagramLevel } from "#src/studio/diagram.ts"
import { type Placed, placedLevel } from "#src/studio/layout.ts"
import { mermaidOf } from "#src/studio/mermaid.ts"
import { questionnaireDiagram } from "#src/studio/questionnaire-diagram.ts"
import { svgOf } from "#src/studio/svg.ts"
import { planOf } from "#test/support/plan.ts"
import { outdated } from "../../scripts/machines-draw.ts"

const shipped = (file: string) =>
  Effect.runSync(load(file, readFileSync(new URL(`../../questionnaires/${file}`, import.meta.url), "utf8")))

const drawn = (file: string, language: "ar" | "en") => {
  const diagram = diagramOfQuestionnaire(shipped(file), language)
  if (diagram === undefined) throw new Error(`${file} is not in ${language}`)
  return diagram
}

const states = (node: AnyStateNode): ReadonlyArray<AnyStateNode> =>
  Object.values(node.states).flatMap((child) => [child, ...states(child)])

const edgeLabels = ({ nodes, edges }: DiagramLevel): ReadonlyArray<string> => [
  ...edges.flatMap(({ labels }) => labels),
  ...nodes.flatMap(({ inner }) => (inner === undefined ? [] : edgeLabels(inner)))
]

/** No two boxes of a level overlap, none leaves the one that it is in. */
const assertApart = ({ boxes, width, height }: Placed, name: string): void => {
  for (const [index, box] of boxes.entries()) {
    assert.isTrue(
      box.x >= -1 && box.y >= -1 && box.x + box.width <= width + 1 && box.y + box.height <= height + 1,
      name
    )
    for (const other of boxes.slice(index + 1)) {
      const isApart =
        box.x + box.width <= other.x ||
        other.x + other.width <= box.x ||
        box.y + box.height <= other.y ||
        other.y + other.height <= box.y
      assert.isTrue(isApart, `${name}: ${box.node.id} over ${other.node.id}`)
    }
    if (box.inner !== undefined) assertApart(box.inner.placed, `${name}.${box.node.id}`)
  }
}

it("docs/machines is what the machines are now", async () => {
  assert.deepEqual(await outdated(), [], "npm run machines:draw")
}, 60_000)

describe("a machine", () => {
  it("is drawn with every state, and every event that it takes", () => {
    for (const id of machineIds) {
      const diagram = diagramOfMachine(id)
      const { root } = machines[id].machine
      const nodes = allNodes(diagram)
      const ids = new Set(nodes.map((node) => node.id))
      for (const state of states(root)) assert.isTrue(ids.has(state.path.join(".")), `${id}: ${state.id}`)
      const said = [...nodes.flatMap(({ lines }) => lines.map(({ text }) => text)), ...edgeLabels(diagram)].join("\n")
      for (const event of machines[id].machine.events) {
        if (event.startsWith("xstate.") || event === "*") continue
        assert.include(said, event, id)
      }
      assertApart(placedLevel(diagram), id)
    }
  })

  it("is written for Stately's editor as a definition that has the same states", () => {
    for (const id of machineIds) {
      const file = new URL(`../../docs/machines/${id}.json`, import.meta.url)
      const read = createMachine(JSON.parse(readFileSync(file, "utf8")) as MachineConfig<object, AnyEventObject>)
      const ids = (root: AnyStateNode) => states(root).map((state) => state.id)
      assert.deepEqual(ids(read.root), ids(machines[id].machine.root))
      assert.sameMembers([...read.events], [...machines[id].machine.events])
    }
  })

  it("says in words where a transition comes from and leads to, and after what time", () => {
    const session = edgeLabels(diagramOfMachine("session"))
    assert.include(session, "ducked: speech.confirmed")
    assert.include(session, "[hasPrompt and in attention.attentive]")
    assert.include(session, "after startTimeout")
    assert.include(edgeLabels(diagramOfMachine("host")), "fault.found → ending")
    assert.include(edgeLabels(diagramOfMachine("interview")), "[not hasConsent]")
  })
})

describe("a questionnaire", () => {
  it("is drawn with every question, condition and alert, in each of its languages", () => {
    const intake = drawn("intake.ar.json", "en")
    const titles = allNodes(intake).map(({ title }) => title)
    const plan = shipped("intake.ar.json").languages.en?.plan
    for (const { text } of plan?.questions ?? []) assert.include(titles, text)
    assert.include(titles, "“Are you pregnant?” is yes")
    for (const [language, text] of [
      ["en", "⚠ alert self-harm: Several days or More than half the days or Nearly every day"],
      ["ar", "⚠ تنبيه self-harm-unanswered: بلا إجابة"]
    ] as const) {
      const lines = allNodes(drawn("phq-9.ar.json", language)).flatMap((node) => node.lines)
      assert.include(
        lines.filter(({ tone }) => tone === "alert").map((line) => line.text),
        text
      )
    }
    assertApart(placedLevel(intake), "intake")
    assertApart(placedLevel(drawn("intake.ar.json", "ar")), "intake")
  })

  it("has a way around each question that may be left out", () => {
    const { edges } = questionnaireDiagram({
      ...planOf([]),
      language: "en",
      items: [
        { linkId: "a", kind: "display", told: { text: "A", spokenText: "A" }, items: [] },
        {
          linkId: "b",
          kind: "display",
          told: { text: "B", spokenText: "B" },
          enableWhen: { behavior: "any", tests: [{ question: "x", operator: "exists", value: true }] },
          items: []
        }
      ]
    })
    assert.deepEqual(
      edges.map(({ from, to, labels }) => [from, to, labels.join()]),
      [
        ["·start", "a", ""],
        ["a", "?b", ""],
        ["?b", "b", "yes"],
        ["b", "·end", ""],
        ["?b", "·end", "no"]
      ]
    )
  })

  it("sets Arabic from right to left, and English not", () => {
    assert.match(svgOf(drawn("phq-9.ar.json", "ar"), { styled: false }), /<text class="title"[^>]*direction="rtl">/)
    assert.notInclude(svgOf(drawn("phq-9.ar.json", "en"), { styled: false }), "rtl")
  })
})

describe("a drawing", () => {
  const hostile = planOf(
    [
      {
        linkId: '"><script>',
        text: '<img src=x onerror="alert(1)"> & `code` 1. "quoted"',
        spokenText: "",
        itemType: "text",
        options: [],
        required: false,
        confirm: "low"
      }
    ],
    { title: "</svg><script>", language: "en" }
  )

  it("escapes what a questionnaire says", () => {
    const svg = svgOf(questionnaireDiagram(hostile), { styled: true })
    assert.notMatch(svg, /<script|<img|="[^"]*"[a-z]/)
    assert.include(svg, "&lt;img")
    const mermaid = mermaidOf(questionnaireDiagram(hostile))
    assert.notMatch(mermaid, /<(?!br\/>)|`/)
    assert.include(mermaid, "#lt;img src=x onerror=#quot;alert(1)#quot;#gt;")
  })

  it("has neither style nor script of its own where a page's policy forbids them", () => {
    const svg = svgOf(diagramOfMachine("session"), { styled: false })
    assert.notMatch(svg, /<style|\sstyle=|<script|\son\w+=|href=/)
    assert.include(svg, 'data-node="dialogue.authenticating"')
  })
})
