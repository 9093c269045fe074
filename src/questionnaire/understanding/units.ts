/** Conversions between UCUM units that people mix up in speech. Months and years are never made of days. */

interface Scale {
  readonly dimension: string
  /** In the dimension's own unit. */
  readonly factor: number
  /** Added after the factor: temperatures do not begin at the same zero. */
  readonly offset?: number
}

const scales: Readonly<Record<string, Scale>> = {
  kg: { dimension: "mass", factor: 1_000 },
  g: { dimension: "mass", factor: 1 },
  mg: { dimension: "mass", factor: 0.001 },
  ug: { dimension: "mass", factor: 0.000_001 },
  "[lb_av]": { dimension: "mass", factor: 453.592_37 },
  "[oz_av]": { dimension: "mass", factor: 28.349_523_125 },
  "[stone_av]": { dimension: "mass", factor: 6_350.293_18 },
  km: { dimension: "length", factor: 100_000 },
  m: { dimension: "length", factor: 100 },
  cm: { dimension: "length", factor: 1 },
  mm: { dimension: "length", factor: 0.1 },
  "[in_i]": { dimension: "length", factor: 2.54 },
  "[ft_i]": { dimension: "length", factor: 30.48 },
  L: { dimension: "volume", factor: 1_000 },
  mL: { dimension: "volume", factor: 1 },
  s: { dimension: "time", factor: 1 },
  min: { dimension: "time", factor: 60 },
  h: { dimension: "time", factor: 3_600 },
  d: { dimension: "time", factor: 86_400 },
  wk: { dimension: "time", factor: 604_800 },
  mo: { dimension: "calendar", factor: 1 },
  a: { dimension: "calendar", factor: 12 },
  Cel: { dimension: "temperature", factor: 1 },
  "[degF]": { dimension: "temperature", factor: 5 / 9, offset: -160 / 9 }
}

/** To a hundredth: nobody says more. */
const rounded = (value: number): number => Math.round(value * 100) / 100

/** Undefined where the two measure different things. */
export const converted = (value: number, from: string, to: string): number | undefined => {
  if (from === to) return value
  const [a, b] = [scales[from], scales[to]]
  if (a === undefined || b === undefined || a.dimension !== b.dimension) return undefined
  return rounded((value * a.factor + (a.offset ?? 0) - (b.offset ?? 0)) / b.factor)
}

/** What a bare number after this unit counts: متر وسبعين, five foot six. */
export const smallerUnit: Readonly<Record<string, string>> = { m: "cm", "[ft_i]": "[in_i]" }
