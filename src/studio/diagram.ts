/**
 * A machine or a questionnaire as boxes and arrows, before anybody draws it: the one thing that SVG and Mermaid are made of.
 * Arrows run between the boxes of one level; what leads into or out of a box's inside says so in its words.
 */
export type NodeKind = "start" | "end" | "state" | "region" | "question" | "group" | "decision"

export interface DiagramLine {
  readonly text: string
  /** `alert`: staff hear of it. `quiet`: said in passing. */
  readonly tone?: "alert" | "quiet"
}

export interface DiagramNode {
  /** Of a state: its path (`dialogue.preparing`). Of a question: its linkId. */
  readonly id: string
  readonly kind: NodeKind
  readonly title: string
  readonly lines: ReadonlyArray<DiagramLine>
  readonly inner?: DiagramLevel
}

export interface DiagramEdge {
  readonly from: string
  readonly to: string
  /** One line for each way that leads there. */
  readonly labels: ReadonlyArray<string>
}

/** `beside`: they go on at once and no arrow joins them. */
export interface DiagramLevel {
  readonly flow: "down" | "beside"
  readonly nodes: ReadonlyArray<DiagramNode>
  readonly edges: ReadonlyArray<DiagramEdge>
}

export interface Diagram extends DiagramLevel {
  readonly id: string
  readonly title: string
  readonly language: "ar" | "en"
}

/** What leads from one box to another is one arrow, however many ways there are. */
export const joinedEdges = (edges: ReadonlyArray<DiagramEdge>): ReadonlyArray<DiagramEdge> => {
  const joined = new Map<string, DiagramEdge>()
  for (const edge of edges) {
    const key = JSON.stringify([edge.from, edge.to])
    const labels = [...(joined.get(key)?.labels ?? []), ...edge.labels]
    joined.set(key, { ...edge, labels: [...new Set(labels)] })
  }
  return [...joined.values()]
}

export const allNodes = ({ nodes }: DiagramLevel): ReadonlyArray<DiagramNode> =>
  nodes.flatMap((node) => [node, ...(node.inner === undefined ? [] : allNodes(node.inner))])

/** Text that begins where lines of Arabic do. */
export const isRightToLeft = (text: string): boolean => /^[^\p{L}]*\p{Script=Arabic}/u.test(text)
