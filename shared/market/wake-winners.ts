import { draftEvent, type EventDraft } from '../events/draft.ts'
import type { Living } from '../life/life.ts'
import { formatCredits } from '../money/credits.ts'
import type { WonBid } from './settlement.ts'

/** Wakes the dormant that a cycle gave a lease, each once, by whoever paid for its best bid. Changes them, and tells it. */
export function wakeWinners(
  operation: string,
  won: readonly WonBid[],
  agents: ReadonlyMap<bigint, Living>,
): EventDraft[] {
  const events: EventDraft[] = []
  for (const { bid } of won) {
    const agent = agents.get(bid.beneficiaryId)
    if (agent?.status !== 'dormant') continue
    agent.status = 'alive'
    agent.dormantReason = null
    const isOwn = bid.payerId === bid.beneficiaryId
    events.push(
      draftEvent(
        operation,
        'agent_awake',
        {
          ...(isOwn ? { awakened_by: 'self' } : { awakened_by: 'agent', waker_id: bid.payer }),
          current_balance: formatCredits(agent.availableMicro + agent.heldMicro),
        },
        { agent: agent.name, correlationId: bid.bidId, traceparent: bid.traceparent },
      ),
    )
  }
  return events
}
