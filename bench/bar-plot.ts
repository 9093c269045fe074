/** Bars in groups as one SVG: a figure for each series, group by group. Plain strings, no library. */
export interface Group {
  readonly name: string
  /** By series. */
  readonly values: Readonly<Record<string, number>>
}

const colors = ["#8a8f98", "#1f6feb", "#2da44e", "#bf8700"]
const [barWidth, groupGap, height, left, top] = [34, 36, 220, 56, 40]

const text = (x: number, y: number, content: string, anchor: "start" | "middle" | "end" = "middle"): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="12" font-family="sans-serif" fill="#57606a">${content}</text>`

export const barPlot = (title: string, unit: string, groups: ReadonlyArray<Group>): string => {
  const series = Object.keys(groups[0]?.values ?? {})
  const most = Math.max(1e-9, ...groups.flatMap(({ values }) => Object.values(values)))
  const groupWidth = series.length * barWidth + groupGap
  const width = Math.max(left + groups.length * groupWidth, left + series.length * 170)
  const bars = groups.flatMap(({ name, values }, g) => {
    const x = left + g * groupWidth
    const middle = x + (series.length * barWidth) / 2
    return [
      text(middle, top + height + 18, name),
      ...series.flatMap((one, s) => {
        const value = values[one] ?? 0
        const bar = (value / most) * height
        const [at, y] = [x + s * barWidth, top + height - bar]
        return [
          `<rect x="${at}" y="${y.toFixed(1)}" width="${barWidth - 4}" height="${bar.toFixed(1)}" fill="${colors[s % colors.length]}"/>`,
          text(at + barWidth / 2 - 2, y - 4, value >= 100 ? value.toFixed(0) : value.toPrecision(2))
        ]
      })
    ]
  })
  const legend = series.flatMap((one, s) => [
    `<rect x="${left + s * 170}" y="${top + height + 32}" width="12" height="12" fill="${colors[s % colors.length]}"/>`,
    text(left + s * 170 + 18, top + height + 42, one, "start")
  ])
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + height + 56}" role="img">`,
    `<title>${title}</title><rect width="100%" height="100%" fill="#fff"/>`,
    text(left, 18, `${title} (${unit})`, "start"),
    ...bars,
    ...legend,
    "</svg>\n"
  ].join("\n")
}
