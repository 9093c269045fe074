/** Words that were said against words that were recognised: the alignment of least edits (insert, delete, replace). */

export interface Alignment {
  /** Words that stand in both, in order. */
  readonly right: number
  readonly edits: number
}

interface Cell {
  readonly edits: number
  readonly right: number
}

/** Fewer edits first, more words right among equals. */
const better = (a: Cell, b: Cell): Cell => (b.edits < a.edits || (b.edits === a.edits && b.right > a.right) ? b : a)

export const align = (said: ReadonlyArray<string>, heard: ReadonlyArray<string>): Alignment => {
  let above: ReadonlyArray<Cell> = [...heard, ""].map((_, edits) => ({ edits, right: 0 }))
  said.forEach((word, i) => {
    const line: Array<Cell> = [{ edits: i + 1, right: 0 }]
    heard.forEach((other, j) => {
      const [corner, up, left] = [above[j], above[j + 1], line[j]]
      if (corner === undefined || up === undefined || left === undefined) return
      const through =
        word === other
          ? { edits: corner.edits, right: corner.right + 1 }
          : { edits: corner.edits + 1, right: corner.right }
      const dropped = { edits: up.edits + 1, right: up.right }
      const added = { edits: left.edits + 1, right: left.right }
      line.push(better(better(through, dropped), added))
    })
    above = line
  })
  return above[heard.length] ?? { edits: said.length, right: 0 }
}

export const wordsOf = (text: string): ReadonlyArray<string> => text.split(" ").filter((word) => word !== "")
