import { validate as isUuid } from 'uuid'
import type { CancelRequest } from '../economy/economy.ts'
import { type Outcome, type Refusal, refuse } from '../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import { formatCredits } from '../money/credits.ts'

/** The bid that a cancel names, and the agent that pays for it. */
export interface CancelledBid {
  payer: string
  status: 'pending' | 'winning' | 'outbid' | 'cancelled' | 'expired' | 'completed'
  amountMicro: bigint
  traceparent: string | null
}

export interface Cancellation {
  outcome: Outcome<{ bidId: string; status: 'cancelled'; released: string }>
  /** Null: nothing changes. */
  event: EventDraft | null
}

/** Refuses what cannot name any bid, or answers null. */
export function bidIdProblem(bidId: string): Refusal | null {
  return isUuid(bidId)
    ? null
    : refuse('unknown_bid', 'bidId: must be the UUID a placed bid answered with', 'bidId')
}

/** Only its payer takes a bid out of the book, and only while it is pending. Cancelling again answers the same. */
export function decideCancellation(
  { marketId, agent, bidId }: CancelRequest,
  bid: CancelledBid | null,
  operationId: string,
): Cancellation {
  if (bid === null || bid.payer !== agent) {
    const message = `agent ${agent} has no bid ${bidId} in market ${marketId}`
    return { outcome: refuse('unknown_bid', message, 'bidId'), event: null }
  }
  const released = formatCredits(bid.amountMicro)
  const outcome = { ok: true, bidId, status: 'cancelled', released } as const
  if (bid.status === 'cancelled') return { outcome, event: null }
  if (bid.status !== 'pending') {
    return { outcome: refuse('bid_not_open', `bid ${bidId} is ${bid.status}`, 'bidId'), event: null }
  }
  const context = { agent, correlationId: bidId, traceparent: bid.traceparent }
  return { outcome, event: draftEvent(operationId, 'bid_cancelled', { bid_id: bidId, released }, context) }
}
