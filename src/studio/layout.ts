/**
 * Where each box and arrow of a diagram goes: from the inside out, each level in layers by dagre, what goes on at once in
 * rows. Pixels, from the left and top.
 */
import { Graph, layout as layered } from "@dagrejs/dagre"
import type { DiagramLevel, DiagramLine, DiagramNode } from "./diagram.ts"
import { widthOf, wrapped } from "./text.ts"

export const titlePx = 14
export const linePx = 12
export const titleHeight = 20
export const lineHeight = 17
export const labelHeight = 16
const padding = 12
const questionWidthMax = 300
const labelWidthMax = 230
const rowWidthMax = 1_300
const gap = 24
const dotPx = 14

export interface Text {
  readonly text: string
  readonly tone?: DiagramLine["tone"]
}

export interface Box {
  readonly node: DiagramNode
  x: number
  y: number
  readonly width: number
  readonly height: number
  readonly title: ReadonlyArray<string>
  readonly lines: ReadonlyArray<Text>
  /** Where its inside begins. */
  readonly inner?: { readonly placed: Placed; readonly x: number; readonly y: number }
}

export interface Arrow {
  readonly from: string
  readonly to: string
  readonly points: ReadonlyArray<{ readonly x: number; readonly y: number }>
  /** Its middle; absent where nothing is said. */
  readonly label?: {
    readonly x: number
    readonly y: number
    readonly lines: ReadonlyArray<string>
    readonly width: number
  }
}

export interface Placed {
  readonly width: number
  readonly height: number
  readonly boxes: ReadonlyArray<Box>
  readonly arrows: ReadonlyArray<Arrow>
}

const widest = (texts: ReadonlyArray<string>, fontPx: number): number =>
  Math.max(0, ...texts.map((text) => widthOf(text, fontPx)))

const isDot = ({ kind, title, lines, inner }: DiagramNode): boolean =>
  (kind === "start" || kind === "end") && title === "" && lines.length === 0 && inner === undefined

const measured = (node: DiagramNode): Box => {
  if (isDot(node)) return { node, x: 0, y: 0, width: dotPx, height: dotPx, title: [], lines: [] }
  const title = node.title === "" ? [] : wrapped(node.title, titlePx * 1.05, questionWidthMax)
  const lines = node.lines.flatMap((line) =>
    wrapped(line.text, linePx, questionWidthMax).map((text): Text => ({ ...line, text }))
  )
  const inner = node.inner === undefined ? undefined : placedLevel(node.inner)
  const headHeight = title.length * titleHeight + lines.length * lineHeight + padding
  const texts = lines.map(({ text }) => text)
  const ends = node.kind === "decision" ? 2 * padding : 0
  const headWidth = Math.max(widest(title, titlePx * 1.05), widest(texts, linePx)) + 2 * padding + ends
  const width = Math.ceil(Math.max(64, headWidth, inner === undefined ? 0 : inner.width + 2 * padding))
  const height = Math.ceil(headHeight + (inner === undefined ? 0 : inner.height + padding + padding / 2))
  return {
    node,
    x: 0,
    y: 0,
    width,
    height,
    title,
    lines,
    ...(inner && { inner: { placed: inner, x: (width - inner.width) / 2, y: headHeight + padding / 2 } })
  }
}

const besideEachOther = (boxes: ReadonlyArray<Box>): Placed => {
  let [x, y, rowHeight, width] = [0, 0, 0, 0]
  for (const box of boxes) {
    if (x > 0 && x + box.width > rowWidthMax) {
      y += rowHeight + gap
      x = 0
      rowHeight = 0
    }
    box.x = x
    box.y = y
    x += box.width + gap
    rowHeight = Math.max(rowHeight, box.height)
    width = Math.max(width, x - gap)
  }
  return { width, height: y + rowHeight, boxes, arrows: [] }
}

const inLayers = (boxes: ReadonlyArray<Box>, edges: DiagramLevel["edges"]): Placed => {
  const graph = new Graph({ multigraph: false, compound: false })
  graph.setGraph({ rankdir: "TB", nodesep: gap, edgesep: gap / 2, ranksep: gap + 6 })
  const labels = new Map(
    edges.map((edge) => [edge, edge.labels.flatMap((label) => wrapped(label, linePx, labelWidthMax))])
  )
  for (const box of boxes) graph.setNode(box.node.id, { width: box.width, height: box.height })
  for (const edge of edges) {
    const lines = labels.get(edge) ?? []
    const size = { width: widest(lines, linePx) + 8, height: lines.length * labelHeight }
    graph.setEdge(edge.from, edge.to, lines.length === 0 ? {} : { ...size, labelpos: "c" })
  }
  layered(graph)
  for (const box of boxes) {
    const { x = 0, y = 0 } = graph.node(box.node.id)
    box.x = x - box.width / 2
    box.y = y - box.height / 2
  }
  const arrows = edges.map((edge): Arrow => {
    const { points = [], x, y, width = 0 } = graph.edge(edge.from, edge.to)
    const lines = labels.get(edge) ?? []
    return {
      from: edge.from,
      to: edge.to,
      points,
      ...(x === undefined || y === undefined || lines.length === 0 ? {} : { label: { x, y, lines, width } })
    }
  })
  const { width = 0, height = 0 } = graph.graph()
  return { width, height, boxes, arrows }
}

export const placedLevel = ({ flow, nodes, edges }: DiagramLevel): Placed => {
  const boxes = nodes.map(measured)
  return flow === "beside" || edges.length === 0 ? besideEachOther(boxes) : inLayers(boxes, edges)
}
