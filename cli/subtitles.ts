/** Transcripts with their times as subtitles: SubRip (SRT) and WebVTT. Pure. */

export interface Segment {
  readonly text: string
  /** Of the recording. */
  readonly start_ms: number
  readonly end_ms: number
  readonly words: ReadonlyArray<{ readonly word: string; readonly start_ms: number; readonly end_ms: number }>
}

interface Cue {
  readonly text: string
  readonly startMs: number
  readonly endMs: number
}

/** Two lines of 42 characters and six seconds are what is read with ease (BBC and Netflix guidelines agree on about that). */
const cueCharactersMax = 84
const cueMsMax = 6_000

/** An utterance is one cue, or several where it would be too long to read, divided between words. */
export const cuesOf = (segments: ReadonlyArray<Segment>): ReadonlyArray<Cue> =>
  segments.flatMap(({ text, start_ms, end_ms, words }) => {
    if (text === "") return []
    if (words.length === 0) return [{ text, startMs: start_ms, endMs: end_ms }]
    const cues: Array<Cue> = []
    for (const { word, start_ms: startMs, end_ms: endMs } of words) {
      const last = cues.at(-1)
      const joined = last === undefined ? word : `${last.text} ${word}`
      if (last !== undefined && joined.length <= cueCharactersMax && endMs - last.startMs <= cueMsMax)
        cues[cues.length - 1] = { text: joined, startMs: last.startMs, endMs }
      else cues.push({ text: word, startMs, endMs })
    }
    // Where the voice was heard to begin and end: a recogniser's words are narrower.
    return cues.map((cue, index) => ({
      text: cue.text,
      startMs: index === 0 ? Math.min(start_ms, cue.startMs) : cue.startMs,
      endMs: index === cues.length - 1 ? Math.max(end_ms, cue.endMs) : cue.endMs
    }))
  })

const timeOf = (ms: number, separator: string): string => {
  const part = (value: number, digits = 2) => String(Math.floor(value)).padStart(digits, "0")
  const whole = Math.max(0, Math.round(ms))
  return `${part(whole / 3_600_000)}:${part((whole / 60_000) % 60)}:${part((whole / 1_000) % 60)}${separator}${part(whole % 1_000, 3)}`
}

export const srtOf = (segments: ReadonlyArray<Segment>): string =>
  cuesOf(segments)
    .map(
      ({ text, startMs, endMs }, index) => `${index + 1}\n${timeOf(startMs, ",")} --> ${timeOf(endMs, ",")}\n${text}\n`
    )
    .join("\n")

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

export const vttOf = (segments: ReadonlyArray<Segment>): string =>
  `WEBVTT\n\n${cuesOf(segments)
    .map(({ text, startMs, endMs }) => `${timeOf(startMs, ".")} --> ${timeOf(endMs, ".")}\n${escaped(text)}\n`)
    .join("\n")}`
