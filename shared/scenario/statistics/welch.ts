import jStat from 'jstat'
import { mean, sampleVariance } from './spread.ts'

/**
 * The probability of at least this difference of means, `larger` above `smaller`, if there were none: Welch's t-test,
 * one-sided, degrees of freedom by Welch and Satterthwaite. Without any spread it is 0 when `larger` is above, else 1.
 * Null: fewer than two values of either.
 */
export function welchProbability(larger: readonly number[], smaller: readonly number[]): number | null {
  if (larger.length < 2 || smaller.length < 2) return null
  const difference = mean(larger) - mean(smaller)
  const a = sampleVariance(larger) / larger.length
  const b = sampleVariance(smaller) / smaller.length
  if (a + b === 0) return difference > 0 ? 0 : 1
  const degreesOfFreedom = (a + b) ** 2 / (a ** 2 / (larger.length - 1) + b ** 2 / (smaller.length - 1))
  const probability = 1 - jStat.studentt.cdf(difference / Math.sqrt(a + b), degreesOfFreedom)
  return Number.isFinite(probability) ? probability : null
}
