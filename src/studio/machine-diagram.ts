/**
 * Any XState machine as a diagram. An arrow joins two states of one level; of a transition from deeper inside, its words say
 * from where. What leaves a state where it is, or leads to its own inside, is a line in its box. Generic: it knows no machine.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate"
import {
  type Diagram,
  type DiagramEdge,
  type DiagramLevel,
  type DiagramLine,
  type DiagramNode,
  joinedEdges
} from "./diagram.ts"

/** As XState compiles it; its own types leave out what it came from. */
interface Transition {
  readonly source: AnyStateNode
  readonly target?: ReadonlyArray<AnyStateNode>
  readonly guard?: unknown
  readonly eventType: string
}

const isWithin = (node: AnyStateNode, outer: AnyStateNode): boolean =>
  node === outer || (node.parent !== undefined && isWithin(node.parent, outer))

/** `region.state`, from the machine's root. */
export const pathOf = (node: AnyStateNode): string => node.path.join(".")

/** From `outer` down to `node`: `playing.ducked`. */
const pathWithin = (node: AnyStateNode, outer: AnyStateNode): string => node.path.slice(outer.path.length).join(".")

/** In words, as far as it has a name. */
const guardWords = (guard: unknown): string => {
  if (typeof guard === "string") return guard
  if (typeof guard === "object" && guard !== null && "type" in guard) {
    const { type, params } = guard as { readonly type: string; readonly params?: unknown }
    return typeof params === "object" && params !== null ? `${type}: ${Object.values(params).join(" ")}` : type
  }
  if (typeof guard !== "function") return ""
  if ("guards" in guard) {
    const { guards, check } = guard as unknown as {
      readonly guards: ReadonlyArray<unknown>
      readonly check: { name: string }
    }
    return check.name === "checkNot"
      ? `not ${guards.map(guardWords).join()}`
      : guards.map(guardWords).join(check.name === "checkOr" ? " or " : " and ")
  }
  if ("stateValue" in guard) return `in ${stateWords(guard.stateValue)}`
  return "on a condition"
}

const stateWords = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([key, inner]) => `${key}.${stateWords(inner)}`)
        .join(", ")
    : String(value)

const eventWords = ({ eventType, source }: Transition): string => {
  if (eventType === "") return ""
  if (eventType === "*") return "anything else"
  const after = eventType.startsWith("xstate.after.") ? eventType.slice("xstate.after.".length) : undefined
  if (after !== undefined) {
    const delay = after.slice(0, after.lastIndexOf(`.${source.id}`))
    return /^\d+$/.test(delay) ? `after ${delay} ms` : `after ${delay}`
  }
  if (eventType.startsWith("xstate.done.")) return "done"
  return eventType.startsWith("xstate.error.") ? "failed" : eventType
}

const words = (transition: Transition): string => {
  const event = eventWords(transition)
  const guard = transition.guard === undefined ? "" : `[${guardWords(transition.guard)}]`
  return [event, guard].filter((part) => part !== "").join(" ") || "at once"
}

const transitionsOf = (node: AnyStateNode): ReadonlyArray<Transition> =>
  [...(node.always ?? []), ...[...node.transitions.values()].flat()] as unknown as ReadonlyArray<Transition>

const childrenOf = (node: AnyStateNode): ReadonlyArray<AnyStateNode> => Object.values(node.states)

const descendants = (node: AnyStateNode): ReadonlyArray<AnyStateNode> => [
  node,
  ...childrenOf(node).flatMap((child) => descendants(child))
]

/** Where one comes to without being told where. */
const isEntered = (node: AnyStateNode, outer: AnyStateNode): boolean => {
  if (node === outer) return true
  const initial = (outer.initial?.target as ReadonlyArray<AnyStateNode> | undefined)?.[0]
  return initial !== undefined && (initial === node || isWithin(node, initial)) && isEntered(node, initial)
}

const childAround = (level: AnyStateNode, node: AnyStateNode): AnyStateNode | undefined =>
  childrenOf(level).find((child) => isWithin(node, child))

const edgesOf = (level: AnyStateNode): ReadonlyArray<DiagramEdge> =>
  childrenOf(level).flatMap((child) =>
    descendants(child).flatMap((source) =>
      transitionsOf(source).flatMap((transition): ReadonlyArray<DiagramEdge> => {
        const [target] = transition.target ?? []
        const to = target === undefined ? undefined : childAround(level, target)
        if (target === undefined || to === undefined || to === child) return []
        const whence = source === child ? "" : `${pathWithin(source, child)}: `
        const whither = isEntered(target, to) ? "" : ` → ${pathWithin(target, to)}`
        return [{ from: pathOf(child), to: pathOf(to), labels: [`${whence}${words(transition)}${whither}`] }]
      })
    )
  )

const linesOf = (node: AnyStateNode): ReadonlyArray<DiagramLine> => [
  ...node.invoke.map(({ src }): DiagramLine => ({
    text: `runs ${typeof src === "string" ? src : "an actor"}`,
    tone: "quiet"
  })),
  ...transitionsOf(node).flatMap((transition): ReadonlyArray<DiagramLine> => {
    const [target] = transition.target ?? []
    if (target === undefined) return [{ text: words(transition) }]
    if (target === node) return [{ text: `${words(transition)} ↺` }]
    if (isWithin(target, node)) return [{ text: `${words(transition)} → ${pathWithin(target, node)}` }]
    return isWithin(node, target) ? [{ text: `${words(transition)} → ${target.key} ↺` }] : []
  })
]

const start = (level: AnyStateNode): string => `${pathOf(level)}.·`

const levelOf = (level: AnyStateNode): DiagramLevel => {
  if (level.type === "parallel") return { flow: "beside", nodes: childrenOf(level).map(nodeOf), edges: [] }
  const [initial] = (level.initial?.target as ReadonlyArray<AnyStateNode> | undefined) ?? []
  const first = initial === undefined ? undefined : childAround(level, initial)
  return {
    flow: "down",
    nodes: [{ id: start(level), kind: "start", title: "", lines: [] }, ...childrenOf(level).map(nodeOf)],
    edges: joinedEdges([
      ...(first === undefined ? [] : [{ from: start(level), to: pathOf(first), labels: [] }]),
      ...edgesOf(level)
    ])
  }
}

const nodeOf = (node: AnyStateNode): DiagramNode => {
  const isRegion = node.parent?.type === "parallel"
  return {
    id: pathOf(node),
    kind: node.type === "final" ? "end" : isRegion ? "region" : "state",
    title: node.key,
    lines: linesOf(node),
    ...(childrenOf(node).length === 0 ? {} : { inner: levelOf(node) })
  }
}

export const machineDiagram = (machine: AnyStateMachine, title: string): Diagram => {
  const level = levelOf(machine.root)
  const lines = linesOf(machine.root)
  // What may happen anywhere is a box of its own.
  const everywhere: ReadonlyArray<DiagramNode> =
    lines.length === 0 ? [] : [{ id: "*", kind: "group", title: "in every state", lines }]
  return { id: machine.id, title, language: "en", ...level, nodes: [...everywhere, ...level.nodes] }
}

/** Every state of a snapshot, by the ids of the diagram. */
export const standing = (nodes: ReadonlyArray<AnyStateNode>): ReadonlyArray<string> =>
  nodes.map(pathOf).filter((path) => path !== "")
