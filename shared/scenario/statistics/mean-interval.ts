import jStat from 'jstat'
import { mean, sampleVariance } from './spread.ts'

export interface MeanInterval {
  mean: number
  /** Null: fewer than two values tell no interval. */
  lower: number | null
  upper: number | null
  n: number
}

/** The mean and its interval by Student's t, at `confidence` (0 to 1); null when there is no value. */
export function meanInterval(values: readonly number[], confidence = 0.95): MeanInterval | null {
  const n = values.length
  if (n === 0) return null
  const centre = mean(values)
  if (n === 1) return { mean: centre, lower: null, upper: null, n }
  const half = jStat.studentt.inv((1 + confidence) / 2, n - 1) * Math.sqrt(sampleVariance(values) / n)
  return { mean: centre, lower: centre - half, upper: centre + half, n }
}
