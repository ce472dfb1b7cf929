import { seededRandom } from './seeded-random.ts'
import { mean } from './spread.ts'

const RESAMPLES = 10_000
const CONFIDENCE = 0.95
/** With fewer scenarios than this an interval by resampling them means little. */
export const SCENARIOS_MIN = 5

/** Scores of one trial of one scenario, of both agents under the same seed. */
export interface PairedScores {
  scenarioId: string
  trial: number
  a: number
  b: number
}

export interface AgentComparison {
  /** What agent B is to agent A. */
  verdict: 'better' | 'worse' | 'not shown'
  /** B minus A, mean over all pairs. Null: there is no pair. */
  difference: number | null
  /** Of the difference, 95 %. Null: too few scenarios. */
  lower: number | null
  upper: number | null
  scenarios: number
  pairs: number
  /** In words. */
  reason: string
}

/**
 * Compares two agents by pairs of trials. The interval comes from 10,000 resamples of whole scenarios with all their
 * pairs (a cluster bootstrap, percentiles), drawn by a fixed seed: trials of one scenario are no independent evidence.
 */
export function compareAgents(pairs: readonly PairedScores[]): AgentComparison {
  const clusters = [...Map.groupBy(pairs, pair => pair.scenarioId)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, cluster]) => ({ sum: cluster.reduce((sum, { a, b }) => sum + b - a, 0), count: cluster.length }))
  const counts = { scenarios: clusters.length, pairs: pairs.length }
  if (pairs.length === 0) {
    const reason = 'no scenario has trials of both agents'
    return { verdict: 'not shown', difference: null, lower: null, upper: null, ...counts, reason }
  }
  const difference = mean(pairs.map(({ a, b }) => b - a))
  if (clusters.length < SCENARIOS_MIN) {
    const reason = `${clusters.length} scenarios are too few to tell: at least ${SCENARIOS_MIN} are needed`
    return { verdict: 'not shown', difference, lower: null, upper: null, ...counts, reason }
  }
  const means = resampledMeans(clusters)
  const tail = Math.floor((RESAMPLES * (1 - CONFIDENCE)) / 2)
  const lower = means[tail]!
  const upper = means[RESAMPLES - 1 - tail]!
  const verdict = lower > 0 ? 'better' : upper < 0 ? 'worse' : 'not shown'
  const reason =
    verdict === 'not shown' ? 'the interval holds zero' : 'the whole interval lies on one side of zero'
  return { verdict, difference, lower, upper, ...counts, reason }
}

function resampledMeans(clusters: readonly { sum: number; count: number }[]): Float64Array {
  const random = seededRandom('compare')
  const means = new Float64Array(RESAMPLES)
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let [sum, count] = [0, 0]
    for (let drawn = 0; drawn < clusters.length; drawn++) {
      const cluster = clusters[Math.floor(random() * clusters.length)]!
      sum += cluster.sum
      count += cluster.count
    }
    means[resample] = sum / count
  }
  return means.sort()
}
