/** A diagram as a Mermaid flowchart, which GitHub draws in Markdown. Ids are counted: a linkId may hold anything. */
import type { Diagram, DiagramLevel, DiagramNode } from "./diagram.ts"

const escaped = (text: string): string =>
  text
    .replaceAll("&", "#amp;")
    .replaceAll('"', "#quot;")
    .replaceAll("<", "#lt;")
    .replaceAll(">", "#gt;")
    .replaceAll("`", "#96;")
    // A number and a dot at the start would be a list to Mermaid.
    .replace(/^(\d+)\./, "$1#46;")

const textOf = ({ title, lines }: DiagramNode): string =>
  [title, ...lines.map(({ text }) => text)]
    .filter((text) => text !== "")
    .map(escaped)
    .join("<br/>")

const shapes: Readonly<Record<DiagramNode["kind"], readonly [string, string]>> = {
  start: ["([", "])"],
  end: ["([", "])"],
  decision: ["{{", "}}"],
  state: ["(", ")"],
  region: ["(", ")"],
  question: ["[", "]"],
  group: ["[", "]"]
}

class Writer {
  readonly #lines: Array<string> = []
  readonly #ids = new Map<string, string>()
  readonly #alerting: Array<string> = []

  #id(id: string): string {
    const known = this.#ids.get(id) ?? `n${this.#ids.size + 1}`
    this.#ids.set(id, known)
    return known
  }

  #node(node: DiagramNode, indent: string): void {
    const id = this.#id(node.id)
    if (node.lines.some(({ tone }) => tone === "alert")) this.#alerting.push(id)
    if (node.inner === undefined) {
      const [open, close] = shapes[node.kind]
      const text = textOf(node)
      const dot = node.kind === "start" ? "●" : "◉"
      this.#lines.push(`${indent}${id}${open}"${text === "" ? dot : text}"${close}`)
      return
    }
    this.#lines.push(`${indent}subgraph ${id}["${textOf(node) || "·"}"]`)
    this.#level(node.inner, `${indent}  `)
    this.#lines.push(`${indent}end`)
  }

  #level({ nodes, edges }: DiagramLevel, indent: string): void {
    for (const node of nodes) this.#node(node, indent)
    for (const { from, to, labels } of edges) {
      const label = labels.length === 0 ? "" : `|"${labels.map(escaped).join("<br/>")}"|`
      this.#lines.push(`${indent}${this.#id(from)} -->${label} ${this.#id(to)}`)
    }
  }

  write(diagram: Diagram): string {
    this.#level(diagram, "  ")
    const alerts =
      this.#alerting.length === 0
        ? []
        : [`  classDef alerting stroke:#b42318,stroke-width:2px`, `  class ${this.#alerting.join(",")} alerting`]
    return ["flowchart TB", ...this.#lines, ...alerts].join("\n")
  }
}

export const mermaidOf = (diagram: Diagram): string => new Writer().write(diagram)
