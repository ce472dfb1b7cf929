import { formatCredits } from '../money/credits.ts'
import type { BidFacts, CycleFacts, RefusalRecord } from './facts.ts'

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

/** Why bids were refused, in a sentence for people. */
export function explainRefusal({
  reason,
  required,
  available,
  count,
}: Pick<RefusalRecord, 'reason' | 'required' | 'available' | 'count'>): string {
  const amounts = required === null ? '' : `: it needs ${required} credits and ${available} are available`
  return count === 1 ? `refused, ${reason}${amounts}` : `${count} bids refused, ${reason}`
}

/** A cycle takes bids best first, each that fits into what is left: who loses did not fit at its turn. */
function explainLoss(bid: BidFacts, cycle: CycleFacts): string {
  const place = `lost at rank ${bid.rank} of ${ranked(cycle)}`
  if (cycle.cutoffScore === null) return `${place}: leases that run had left ${leftFor(bid, cycle)}`
  const measure = `its score ${formatScore(bid.score, cycle)} against a cut-off of ${formatScore(cycle.cutoffScore, cycle)}`
  return BigInt(bid.score ?? 0) < BigInt(cycle.cutoffScore)
    ? `${place} (${measure}): better bids had left ${leftFor(bid, cycle)}`
    : `${place} although its score was high enough (${measure}): its bundle did not fit when its turn came`
}

/** A score as its policy means it: credits, or how many times the posted cost was offered. */
export function formatScore(score: string | null, { policy }: CycleFacts): string {
  if (score === null) return 'none'
  const millionth = formatCredits(BigInt(score))
  return policy === 'highest-bid' ? `${millionth} credits` : `${millionth} x its posted cost`
}

/** What the cycle had left of the resources this bid found too little of. */
function leftFor({ bundle }: BidFacts, { remaining }: CycleFacts): string {
  const lacking = Object.entries(remaining)
    .filter(([resource, left]) => (bundle[resource] ?? 0) > left)
    .map(([resource, left]) => `${percent(left)} of ${resource} where it asked ${percent(bundle[resource]!)}`)
  return lacking.length === 0 ? 'no room for its bundle' : lacking.join(' and ')
}

function ranked({ winners, losers, leftWaiting, considered }: CycleFacts): number {
  return Math.max(winners + losers, considered - leftWaiting)
}

/** A fraction of capacity, for people. */
export function percent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(4))} %`
}
