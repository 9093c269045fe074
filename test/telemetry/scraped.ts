/** What `/metrics` gave, taken apart. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}
export interface Scrape {
  readonly text: string
  /** Of families that have a sample. */
  readonly names: ReadonlySet<string>
  readonly samples: ReadonlyArray<Sample>
}

const sample = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/
const pair = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g

export const parsed = (text: string): Scrape => {
  const samples = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line): Sample => {
      const [, name = "", labels = "", value = ""] = sample.exec(line) ?? []
      if (name === "") throw new Error(`not a sample: ${line}`)
      return {
        name,
        labels: Object.fromEntries([...labels.matchAll(pair)].map(([, key, of]) => [key, of])),
        value: Number(value)
      }
    })
  return { text, samples, names: new Set(samples.map(({ name }) => name.replace(/_(bucket|sum|count)$/, ""))) }
}

export const scraped = async (url: string, bearer: string): Promise<Scrape> => {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${bearer}` } })
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`)
  return parsed(await response.text())
}

/** Of all series that have these labels, added up; NaN where there is none. */
export const valueOf = ({ samples }: Scrape, name: string, labels: Readonly<Record<string, string>> = {}): number => {
  const found = samples.filter(
    (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value)
  )
  return found.length === 0 ? Number.NaN : found.reduce((sum, { value }) => sum + value, 0)
}
