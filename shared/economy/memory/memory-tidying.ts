import { v7 as uuidV7 } from 'uuid'
import { foldedRefusalEvent, inTellingOrder, REFUSAL_FOLDING_SECONDS } from '../../bid/folded-refusal.ts'
import { lifeRulesOf } from '../../life/life.ts'
import { restAfterBids } from '../../life/rest.ts'
import { releaseHolds } from '../../market/bid-holds.ts'
import { bidExpiredEvent, leaseEndedEvent } from '../../market/settlement.ts'
import type { TidyCounts } from '../economy.ts'
import { changeLeased, endDueLeases, isOver, judgeLives, payersOf, waitingBids } from './memory-book.ts'
import { appendEvents, type MemoryMarket, type MemoryState } from './memory-state.ts'

/** Ends and tells what is due beside cycles: leases, expired bids, lives, folded refusals. */
export function tidy(state: MemoryState, market: MemoryMarket): TidyCounts {
  const nowMs = state.now()
  const expired = waitingBids(market).filter(bid => bid.expiresAtMs !== null && bid.expiresAtMs <= nowMs)
  const ended = endDueLeases(market, nowMs)
  for (const bid of expired) bid.status = 'expired'
  releaseHolds(payersOf(market), expired)
  restAfterBids(payersOf(market), lifeRulesOf(market.rules), expired, nowMs)
  changeLeased(market, ended, -1)
  const isDue = ({ sinceMs }: { sinceMs: number }) => sinceMs + REFUSAL_FOLDING_SECONDS * 1000 <= nowMs
  const told = inTellingOrder(market.refusals.filter(isDue))
  market.refusals = market.refusals.filter(refusal => !isDue(refusal))
  const operation = uuidV7()
  const lives = isOver(market) ? [] : judgeLives(market, operation, nowMs)
  const events = [
    ...ended.map(lease => leaseEndedEvent(operation, lease)),
    ...expired.map(bid => bidExpiredEvent(operation, bid)),
    ...lives,
    ...told.map(refusal => foldedRefusalEvent(operation, refusal)),
  ]
  if (events.length > 0) appendEvents(state, market, events)
  return {
    leasesEnded: ended.length,
    bidsExpired: expired.length,
    livesChanged: lives.length,
    refusalsTold: told.length,
  }
}
