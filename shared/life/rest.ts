import type { BookBid, Settlement } from '../market/settlement.ts'
import { type LifeRules, type Living, restFrom } from './life.ts'

/** Remembers, for those whose bids left the book without a lease, that they had them until now. */
export function restAfterBids(
  agents: ReadonlyMap<bigint, Living>,
  rules: LifeRules,
  bids: readonly BookBid[],
  nowMs: number,
): void {
  const concerned = new Set(bids.flatMap(bid => [bid.payerId, bid.beneficiaryId]))
  for (const agentId of concerned) restFrom(agents.get(agentId)!, rules, nowMs)
}

/** Remembers how long those are busy whose bids a settlement decided: with a lease until its end, without one until now. */
export function restAfterSettlement(
  agents: ReadonlyMap<bigint, Living>,
  rules: LifeRules,
  { won, lost, expired }: Settlement,
  nowMs: number,
): void {
  const untilMs = new Map<bigint, number>()
  const note = ({ payerId, beneficiaryId }: BookBid, endMs: number) => {
    for (const agentId of [payerId, beneficiaryId]) {
      if (endMs > (untilMs.get(agentId) ?? 0)) untilMs.set(agentId, endMs)
    }
  }
  for (const { bid, endsAtMs } of won) note(bid, endsAtMs)
  for (const { bid } of lost) note(bid, nowMs)
  for (const bid of expired) note(bid, nowMs)
  for (const [agentId, endMs] of untilMs) restFrom(agents.get(agentId)!, rules, endMs)
}
