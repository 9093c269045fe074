/**
 * A diagram as SVG: classes for a style sheet, `data-node` for whoever wants to show where things stand. Arabic is set from
 * right to left. In a file of its own it brings its style along; in a page the page's style sheet has it.
 */
import { readFileSync } from "node:fs"
import { escapeHtml } from "#src/gateway/docs-schema.ts"
import { type Diagram, isRightToLeft } from "./diagram.ts"
import {
  type Arrow,
  type Box,
  lineHeight,
  linePx,
  labelHeight,
  type Placed,
  placedLevel,
  titleHeight,
  titlePx
} from "./layout.ts"

export const diagramStyle = readFileSync(new URL("../../web/diagram.css", import.meta.url), "utf8")

const margin = 16
const textInset = 12

const shown = (value: number): string => String(Math.round(value * 10) / 10)

/** `x`: the middle, or the edge at which the text begins. */
const textAt = (
  text: string,
  x: { readonly start: number; readonly end: number } | number,
  y: number,
  style: string
): string => {
  const isArabic = isRightToLeft(text)
  const direction = isArabic ? ' direction="rtl"' : ""
  const place = typeof x === "number" ? x : isArabic ? x.end : x.start
  const anchor = typeof x === "number" ? ' text-anchor="middle"' : ""
  return `<text class="${style}" x="${shown(place)}" y="${shown(y)}"${anchor}${direction}>${escapeHtml(text)}</text>`
}

const outline = ({ node: { kind }, width, height, title, lines }: Box, x: number, y: number): string => {
  const rect = (radius: number) =>
    `<rect x="${shown(x)}" y="${shown(y)}" width="${shown(width)}" height="${shown(height)}" rx="${radius}"/>`
  const isDot = title.length === 0 && lines.length === 0
  if (kind === "start" && isDot)
    return `<circle class="dot" cx="${shown(x + width / 2)}" cy="${shown(y + height / 2)}" r="6"/>`
  if (kind === "end" && isDot)
    return `<circle cx="${shown(x + width / 2)}" cy="${shown(y + height / 2)}" r="6.5"/><circle class="dot" cx="${shown(x + width / 2)}" cy="${shown(y + height / 2)}" r="3.5"/>`
  if (kind !== "decision") return rect(kind === "start" || kind === "end" ? 18 : 7)
  const [left, right, middle] = [x + 16, x + width - 16, y + height / 2]
  const corners = [
    [left, y],
    [right, y],
    [x + width, middle],
    [right, y + height],
    [left, y + height],
    [x, middle]
  ]
  return `<polygon points="${corners.map((corner) => corner.map((value) => shown(value ?? 0)).join(",")).join(" ")}"/>`
}

const boxSvg = (box: Box, left: number, top: number): string => {
  const { node, width, title, lines, inner } = box
  const [x, y] = [left + box.x, top + box.y]
  const inset = textInset + (node.kind === "decision" ? 10 : 0)
  const edges = { start: x + inset, end: x + width - inset }
  const isCentred = node.kind === "decision" || node.kind === "start" || (node.kind === "state" && lines.length === 0)
  let baseline = y + 6
  const written = [
    ...title.map((text) => {
      baseline += titleHeight
      return textAt(text, isCentred ? x + width / 2 : edges, baseline - (titleHeight - titlePx), "title")
    }),
    ...lines.map(({ text, tone }) => {
      baseline += lineHeight
      return textAt(text, edges, baseline - (lineHeight - linePx) + 1, tone ?? "line")
    })
  ]
  const isAlert = lines.some(({ tone }) => tone === "alert")
  return (
    `<g class="node ${node.kind}${isAlert ? " alerting" : ""}" data-node="${escapeHtml(node.id)}">${outline(box, x, y)}` +
    `${written.join("")}</g>${inner === undefined ? "" : levelSvg(inner.placed, x + inner.x, y + inner.y)}`
  )
}

/** Through the middles between its points, so that corners are round. */
const pathOf = ({ points }: Arrow, left: number, top: number): string => {
  const at = points.map(({ x, y }) => [shown(left + x), shown(top + y)] as const)
  const [first, ...rest] = at
  if (first === undefined) return ""
  const parts = rest.map(([x, y], index) => {
    const next = points[index + 2]
    const here = points[index + 1]
    if (next === undefined || here === undefined) return `L${x} ${y}`
    return `Q${x} ${y} ${shown(left + (here.x + next.x) / 2)} ${shown(top + (here.y + next.y) / 2)}`
  })
  return `M${first.join(" ")}${parts.join("")}`
}

const arrowSvg = (arrow: Arrow, left: number, top: number): string =>
  `<path class="arrow" data-from="${escapeHtml(arrow.from)}" data-to="${escapeHtml(arrow.to)}" d="${pathOf(arrow, left, top)}" marker-end="url(#head)"/>`

const labelSvg = ({ label }: Arrow, left: number, top: number): string => {
  if (label === undefined) return ""
  const [x, y] = [left + label.x, top + label.y - (label.lines.length * labelHeight) / 2]
  return (
    `<rect class="behind" x="${shown(x - label.width / 2)}" y="${shown(y)}" width="${shown(label.width)}" height="${shown(label.lines.length * labelHeight)}" rx="4"/>` +
    label.lines.map((line, index) => textAt(line, x, y + index * labelHeight + 12, "label")).join("")
  )
}

const levelSvg = ({ boxes, arrows }: Placed, left: number, top: number): string =>
  [
    ...arrows.map((arrow) => arrowSvg(arrow, left, top)),
    ...boxes.map((box) => boxSvg(box, left, top)),
    ...arrows.map((arrow) => labelSvg(arrow, left, top))
  ]
    .filter((part) => part !== "")
    .join("\n")

const head =
  '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'

export const svgOf = (diagram: Diagram, { styled }: { readonly styled: boolean }): string => {
  const placed = placedLevel(diagram)
  const [width, height] = [Math.ceil(placed.width + 2 * margin), Math.ceil(placed.height + 2 * margin)]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="img" aria-label="${escapeHtml(diagram.title)}" lang="${diagram.language}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    ...(styled ? [`<style>${diagramStyle}</style><rect class="paper" width="100%" height="100%"/>`] : []),
    head,
    levelSvg(placed, margin, margin),
    "</svg>\n"
  ].join("\n")
}
