import { draftEvent, type EventDraft } from '../events/draft.ts'
import { formatCredits } from '../money/credits.ts'
import type { WonBid } from './settlement.ts'

/** An agent after its settlement. */
export interface PossibleWinner {
  agentId: bigint
  name: string
  status: 'alive' | 'dormant' | 'dead'
  availableMicro: bigint
  heldMicro: bigint
}

/** Wakes the dormant that a cycle gave a lease, each once, by whoever paid for its best bid. */
export function wakeWinners(
  operation: string,
  won: readonly WonBid[],
  agents: ReadonlyMap<bigint, PossibleWinner>,
): { awake: PossibleWinner[]; events: EventDraft[] } {
  const awake: PossibleWinner[] = []
  const events: EventDraft[] = []
  const seen = new Set<bigint>()
  for (const { bid } of won) {
    const agent = agents.get(bid.beneficiaryId)
    if (agent?.status !== 'dormant' || seen.has(agent.agentId)) continue
    seen.add(agent.agentId)
    awake.push(agent)
    const isOwn = bid.payerId === agent.agentId
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
  return { awake, events }
}
