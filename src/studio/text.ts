/** How wide text will be, roughly: whoever draws has no browser at hand. On the wide side, so that nothing is cut. */
const wide = /[\p{Lu}mwMW@%]/u
const narrow = /[ijltfr.,:;'’|!()\s·]/u

/** In ems, of a usual sans-serif. */
const emsOf = (character: string): number => {
  if (/\p{M}/u.test(character)) return 0
  if (/\p{Script=Arabic}/u.test(character)) return 0.54
  if (/\p{Script=Han}|\p{Emoji_Presentation}|[⚠↻↺→]/u.test(character)) return 1
  return wide.test(character) ? 0.74 : narrow.test(character) ? 0.36 : 0.57
}

export const widthOf = (text: string, fontPx: number): number =>
  [...text].reduce((sum, character) => sum + emsOf(character), 0) * fontPx

/** At words; one that is too long stays whole. */
export const wrapped = (text: string, fontPx: number, widthMax: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`
    if (line !== "" && widthOf(longer, fontPx) > widthMax) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}
