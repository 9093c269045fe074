/**
 * A questionnaire as its designer thinks of it: questions one after the other, branches with their conditions in words,
 * what repeats, and what staff are told of. Made of the plan, as the machine is.
 */
import type { Plan, PlanItem, PlanQuestion, PlanTest } from "#machines/plan.ts"
import {
  type Diagram,
  type DiagramEdge,
  type DiagramLevel,
  type DiagramLine,
  type DiagramNode,
  joinedEdges
} from "./diagram.ts"
import { diagramWords } from "./words.ts"

const optionsShownMax = 5
const conditionQuestionMax = 48

/** Figures keep their order among Arabic words (Unicode's isolates). */
const [apart, together] = ["\u2066", "\u2069"]

export const startId = "·start"
export const endId = "·end"

const shortened = (text: string, max: number): string => {
  const plain = text.replace(/\s+/g, " ").trim()
  return plain.length <= max ? plain : `${plain.slice(0, max).replace(/\s+\S*$/u, "")} …`
}

/** Where arrows come from that wait for the next box, and what they say. */
interface Open {
  readonly from: string
  readonly labels: ReadonlyArray<string>
}

class Drawing {
  readonly #plan: Plan
  readonly #words: (typeof diagramWords)["en"]

  constructor(plan: Plan) {
    this.#plan = plan
    this.#words = diagramWords[plan.language]
  }

  #question(linkId: string): PlanQuestion | undefined {
    return this.#plan.questions.find((question) => question.linkId === linkId)
  }

  #valueWords({ question, operator, value, unit }: PlanTest): string {
    if (operator === "exists") return String(value)
    if (typeof value === "boolean") return value ? this.#words.yes : this.#words.no
    const option = this.#question(question)?.options.find(({ code }) => code === String(value))
    return option === undefined ? `${value}${unit === undefined ? "" : ` ${unit}`}` : option.display
  }

  /** Undefined: it is always there. */
  #condition({ enableWhen, expressions }: PlanItem): string | undefined {
    const { test: inWords, all, any, expression } = this.#words
    const tests = (enableWhen?.tests ?? []).map((test) =>
      inWords(
        shortened(this.#question(test.question)?.text ?? test.question, conditionQuestionMax),
        test.operator,
        this.#valueWords(test)
      )
    )
    const parts = [...(expressions?.enabled === true ? [expression] : []), ...tests]
    return parts.length === 0 ? undefined : parts.join(enableWhen?.behavior === "any" ? any : all)
  }

  #alerts(linkId: string): ReadonlyArray<DiagramLine> {
    const { alert, unanswered } = this.#words
    return this.#plan.alerts
      .filter((one) => one.linkId === linkId)
      .map(({ rule, codes }): DiagramLine => {
        const options = this.#question(linkId)?.options ?? []
        const names = codes?.map((code) => options.find((option) => option.code === code)?.display ?? code)
        return { text: alert(rule, names === undefined ? unanswered : names.join(this.#words.any)), tone: "alert" }
      })
  }

  #loop({ loop }: PlanItem): ReadonlyArray<DiagramLine> {
    return loop === undefined ? [] : [{ text: `↻ ${this.#words.repeats(loop.min, loop.max)}`, tone: "quiet" }]
  }

  #answers({
    itemType,
    options,
    units = [],
    min,
    max,
    chooseMax,
    required,
    confirm
  }: PlanQuestion): ReadonlyArray<DiagramLine> {
    const { types, several, required: must, readBack } = this.#words
    const range = min === undefined && max === undefined ? [] : [`${apart}${min ?? "…"} – ${max ?? "…"}${together}`]
    const about = [
      types[itemType],
      ...(chooseMax === undefined ? [] : [several(chooseMax)]),
      ...range,
      ...units.slice(0, 2).map(({ display }) => display),
      ...(required ? [must] : []),
      ...(confirm === "always" ? [readBack] : [])
    ]
    const shown = itemType === "boolean" ? [] : options.slice(0, optionsShownMax)
    return [
      { text: about.join(" · "), tone: "quiet" },
      ...shown.map(({ key, display }): DiagramLine => ({ text: `${key}  ${shortened(display, 60)}` })),
      ...(options.length > shown.length && itemType !== "boolean"
        ? [{ text: `… +${options.length - shown.length}` }]
        : [])
    ]
  }

  #node(item: PlanItem): DiagramNode | undefined {
    const { linkId, kind, told } = item
    const question = item.question === undefined ? undefined : this.#plan.questions[item.question]
    const inner = this.#level(item.items)
    if (question !== undefined) {
      const lines = [...this.#answers(question), ...this.#loop(item), ...this.#alerts(linkId)]
      return {
        id: linkId,
        kind: "question",
        title: question.text,
        lines,
        ...(inner.nodes.length === 0 ? {} : { inner })
      }
    }
    if (kind === "group") {
      if (inner.nodes.length === 0) return undefined
      return { id: linkId, kind: "group", title: told?.text ?? "", lines: this.#loop(item), inner }
    }
    if (kind === "display" && told !== undefined) {
      return {
        id: linkId,
        kind: "state",
        title: shortened(told.text, 160),
        lines: [{ text: this.#words.told, tone: "quiet" }]
      }
    }
    // Never asked: of interest where it has a value of its own, and is no total of the end.
    if (item.expressions?.value !== true || this.#plan.scores.some((score) => score.linkId === linkId)) return undefined
    return { id: linkId, kind: "state", title: linkId, lines: [{ text: this.#words.computed, tone: "quiet" }] }
  }

  /** One after the other; `open` leaves the last of them. */
  #chain(items: ReadonlyArray<PlanItem>, before: ReadonlyArray<Open>) {
    const nodes: Array<DiagramNode> = []
    const edges: Array<DiagramEdge> = []
    let open = before
    const lead = (to: string) => edges.push(...open.map(({ from, labels }) => ({ from, to, labels })))
    for (const item of items) {
      const node = this.#node(item)
      if (node === undefined) continue
      const condition = this.#condition(item)
      if (condition === undefined) {
        lead(node.id)
        nodes.push(node)
        open = [{ from: node.id, labels: [] }]
        continue
      }
      const decision = `?${item.linkId}`
      lead(decision)
      nodes.push({ id: decision, kind: "decision", title: condition, lines: [] }, node)
      edges.push({ from: decision, to: node.id, labels: [this.#words.yes] })
      open = [
        { from: node.id, labels: [] },
        { from: decision, labels: [this.#words.no] }
      ]
    }
    return { nodes, edges: joinedEdges(edges), open }
  }

  #level(items: ReadonlyArray<PlanItem>): DiagramLevel {
    const { nodes, edges, open } = this.#chain(items, [])
    // What may be left out needs a place to be left for.
    const isClosed = open.every(({ labels }) => labels.length === 0)
    if (isClosed || nodes.length === 0) return { flow: "down", nodes, edges }
    const end = `·end ${nodes.at(-1)?.id ?? ""}`
    return {
      flow: "down",
      nodes: [...nodes, { id: end, kind: "end", title: "", lines: [] }],
      edges: [...edges, ...open.map(({ from, labels }) => ({ from, to: end, labels }))]
    }
  }

  #scores(): ReadonlyArray<DiagramLine> {
    return this.#plan.scores.flatMap(({ linkId, sumOf, bands }): ReadonlyArray<DiagramLine> => [
      { text: sumOf.length === 0 ? `${linkId}: ${this.#words.computed}` : this.#words.total(linkId, sumOf.length) },
      ...bands.map(({ min, max, display }): DiagramLine => ({ text: `${min}–${max}  ${display}`, tone: "quiet" }))
    ])
  }

  draw(): Diagram {
    const { id, title, language, items } = this.#plan
    const { nodes, edges, open } = this.#chain(items, [{ from: startId, labels: [] }])
    return {
      id,
      title,
      language,
      flow: "down",
      nodes: [
        { id: startId, kind: "start", title: this.#words.consent, lines: [] },
        ...nodes,
        { id: endId, kind: "end", title: this.#words.end, lines: this.#scores() }
      ],
      edges: [...edges, ...open.map(({ from, labels }) => ({ from, to: endId, labels }))]
    }
  }
}

export const questionnaireDiagram = (plan: Plan): Diagram => new Drawing(plan).draw()
