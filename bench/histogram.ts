/**
 * A high dynamic range histogram of milliseconds: from a microsecond to hours, every value to better than 1 %, in memory that
 * does not grow with what is recorded. Buckets are linear within each power of two.
 */
const unitsPerMs = 1_000
const subBits = 7
const subBuckets = 2 ** subBits

/** Under `2 * subBuckets` units each value has a bucket of its own. */
const bucketOf = (units: number): number => {
  if (units < 2 * subBuckets) return units
  const shift = Math.floor(Math.log2(units)) - subBits
  return shift * subBuckets + Math.floor(units / 2 ** shift)
}

/** The largest value that falls into it. */
const upperOf = (bucket: number): number => {
  if (bucket < 2 * subBuckets) return bucket
  const shift = Math.floor(bucket / subBuckets) - 1
  return ((bucket % subBuckets) + subBuckets + 1) * 2 ** shift - 1
}

export interface Distribution {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
  readonly "p99.9": number
  readonly max: number
}

export class Histogram {
  readonly #counts = new Map<number, number>()
  #count = 0
  #sum = 0
  #max = 0

  /** Below nothing counts as nothing. */
  record(ms: number): void {
    const value = Math.max(0, ms)
    const bucket = bucketOf(Math.round(value * unitsPerMs))
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1)
    this.#count++
    this.#sum += value
    this.#max = Math.max(this.#max, value)
  }

  get count(): number {
    return this.#count
  }

  /** At least this share of all values is no larger. NaN of none. */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.#count * share))
    let seen = 0
    for (const [bucket, count] of this.#sorted()) {
      seen += count
      if (seen >= wanted) return Math.min(this.#max, upperOf(bucket) / unitsPerMs)
    }
    return NaN
  }

  get distribution(): Distribution {
    const at = (share: number) => Number(this.percentile(share).toFixed(3))
    return {
      count: this.#count,
      mean: Number((this.#sum / this.#count).toFixed(3)),
      p50: at(0.5),
      p90: at(0.9),
      p95: at(0.95),
      p99: at(0.99),
      "p99.9": at(0.999),
      max: Number(this.#max.toFixed(3))
    }
  }

  /** Largest value of each bucket in milliseconds, and how many it holds; to be added up over several runs. */
  get buckets(): ReadonlyArray<readonly [upToMs: number, count: number]> {
    return this.#sorted().map(([bucket, count]) => [upperOf(bucket) / unitsPerMs, count])
  }

  #sorted(): ReadonlyArray<readonly [bucket: number, count: number]> {
    return [...this.#counts].toSorted(([a], [b]) => a - b)
  }
}
