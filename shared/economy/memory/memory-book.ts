import type { EventDraft } from '../../events/draft.ts'
import { judge, judgementEvent, lifeRulesOf, type Waiting } from '../../life/life.ts'
import { FLOOR_PRICE_MICRO } from '../../pricing/price-bounds.ts'
import type { MemoryAgent, MemoryBid, MemoryLease, MemoryMarket, MemoryState } from './memory-state.ts'

export function existing(state: MemoryState, marketId: string): MemoryMarket {
  const market = state.markets.get(marketId)
  if (market === undefined) throw new Error(`there is no market ${marketId}`)
  return market
}

/** Pending bids in the order in which cycles take them: new ones by admission, then by the cycle that looked last. */
export function waitingBids(market: MemoryMarket): MemoryBid[] {
  return pendingBids(market).toSorted((a, b) =>
    Number((a.lastConsideredCycle ?? 0n) - (b.lastConsideredCycle ?? 0n) || a.seq - b.seq),
  )
}

export function pendingBids(market: MemoryMarket): MemoryBid[] {
  return [...market.bids.values()].filter(bid => bid.status === 'pending')
}

export function payersOf(market: MemoryMarket): Map<bigint, MemoryAgent> {
  return new Map([...market.agents.values()].map(agent => [agent.agentId, agent]))
}

export function pricesOf(market: MemoryMarket): number[] {
  return market.resources.map((_, place) => market.prices?.prices[place]?.priceMicro ?? FLOOR_PRICE_MICRO)
}

export function isOver({ status }: MemoryMarket): boolean {
  return status === 'closing' || status === 'closed'
}

export function endDueLeases(market: MemoryMarket, nowMs: number): MemoryLease[] {
  const due = market.leases
    .filter(lease => lease.status === 'active' && lease.endsAtMs <= nowMs)
    .toSorted((a, b) => a.endsAtMs - b.endsAtMs || (a.leaseId < b.leaseId ? -1 : 1))
  for (const lease of due) {
    lease.status = 'ended'
    market.bids.get(lease.bidId)!.status = 'completed'
  }
  return due
}

export function changeLeased(market: MemoryMarket, leases: readonly MemoryLease[], sign: 1 | -1): void {
  for (const lease of leases) {
    lease.quantitiesPpm.forEach((ppm, place) => {
      market.leasedPpm[place]! += sign * ppm
    })
  }
}

export function judgeLives(market: MemoryMarket, operation: string, nowMs: number): EventDraft[] {
  const due = [...market.agents.values()].filter(({ judgeAtMs }) => judgeAtMs !== null && judgeAtMs <= nowMs)
  return due.flatMap(agent => {
    const became = judge(agent, lifeRulesOf(market.rules), waitingOf(market, agent.name), nowMs)
    return became === null ? [] : [judgementEvent(operation, agent, became)]
  })
}

function waitingOf(market: MemoryMarket, agent: string): Waiting {
  const prompts = [...market.prompts.values()]
  const holds = [...market.holds.values()]
  return {
    openBid: pendingBids(market).some(bid => bid.payer === agent || bid.beneficiary === agent),
    promptOrHold:
      prompts.some(prompt => prompt.agent === agent && prompt.status === 'open') ||
      holds.some(hold => hold.agent === agent && hold.status === 'held'),
    // Services are called on Postgres alone.
    asked: false,
  }
}
