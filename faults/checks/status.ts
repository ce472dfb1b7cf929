import { type Check, resultOf } from '../evidence.ts'

const STATUS_OF: Record<string, string> = { pause: 'paused', resume: 'open' }

/**
 * A market that said it was paused, or open again, is. Where an earlier request of its only operator is unknown, that
 * one may take effect late, and nothing can be said.
 */
export const acknowledgedStatus: Check = ({ operations }) => {
  const counts = { attempted: 0, acknowledged: 0, refused: 0, unknown: 0, lookedAt: 0, wrong: 0 }
  const problems: string[] = []
  const unsure = new Set<string>()
  for (const { kind, market, mark, outcome, answers } of operations) {
    if (kind !== 'status') continue
    counts.attempted += 1
    counts[outcome] += 1
    if (outcome === 'unknown') unsure.add(market)
    if (outcome !== 'acknowledged' || unsure.has(market)) continue
    counts.lookedAt += 1
    if (answers[0] === STATUS_OF[mark]) continue
    counts.wrong += 1
    problems.push(`market ${market} acknowledged ${mark} and was ${answers[0]} right after`)
  }
  return resultOf('a market is what it acknowledged to be', counts, problems)
}
