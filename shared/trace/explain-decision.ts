import type { BidFacts, CycleFacts } from './facts.ts'

/** Why a bid is what it is, in a sentence for people. */
export function explainDecision(bid: BidFacts): string {
  switch (bid.status) {
    case 'pending':
      return bid.lastConsideredCycle === null
        ? 'waits for its first cycle'
        : `stays in the book until it is cancelled: cycle ${bid.lastConsideredCycle} had no room for it`
    case 'cancelled':
      return 'was taken out of the book before any cycle decided it; its credits are free again'
    case 'expired':
      return `was in the book until its time was over; its credits are free again`
    case 'outbid':
      return bid.cycle === null ? 'was outbid' : explainLoss(bid, bid.cycle)
    default:
      return bid.cycle === null
        ? 'won'
        : `won at rank ${bid.rank} of ${ranked(bid.cycle)} and pays its amount`
  }
}

function explainLoss(bid: BidFacts, cycle: CycleFacts): string {
  const place = `rank ${bid.rank} of ${ranked(cycle)}`
  const lacking = Object.entries(cycle.remaining)
    .filter(([resource, left]) => (bid.bundle[resource] ?? 0) > left)
    .map(
      ([resource, left]) =>
        `${percent(left)} of ${resource} where it asked ${percent(bid.bundle[resource]!)}`,
    )
  const left = lacking.length === 0 ? 'no room for its bundle' : lacking.join(' and ')
  if (cycle.winners === 0) return `lost at ${place}: leases that run had left ${left}`
  const isBelow = cycle.cutoffScore !== null && BigInt(bid.score ?? 0) < BigInt(cycle.cutoffScore)
  const measure = `its score ${bid.score} against a cut-off of ${cycle.cutoffScore}`
  return isBelow
    ? `lost at ${place} (${measure}): better bids had left ${left}`
    : `lost at ${place} although its score was high enough (${measure}): better bids had left ${left}`
}

function ranked({ winners, losers, leftWaiting, considered }: CycleFacts): number {
  return Math.max(winners + losers, considered - leftWaiting)
}

function percent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(4))} %`
}
