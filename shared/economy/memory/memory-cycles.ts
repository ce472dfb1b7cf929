import { v7 as uuidV7 } from 'uuid'
import { lifeRulesOf } from '../../life/life.ts'
import { restAfterSettlement } from '../../life/rest.ts'
import { resolveHolds } from '../../market/bid-holds.ts'
import { chooseCycle } from '../../market/choose-cycle.ts'
import { summariseCycle } from '../../market/cycle-summary.ts'
import { pausedUpToMs } from '../../market/market-clock.ts'
import { decideSettlement } from '../../market/settlement.ts'
import { wakeWinners } from '../../market/wake-winners.ts'
import { choosePriceSource } from '../../pricing/price-source.ts'
import type { CycleSummary, OpenedCycle } from '../economy.ts'
import type { Outcome } from '../refusal.ts'
import { UnknownCycle } from '../unknown-cycle.ts'
import { changeLeased, endDueLeases, judgeLives, payersOf, pricesOf, waitingBids } from './memory-book.ts'
import { priceAgeSeconds } from './memory-prices.ts'
import {
  appendEvents,
  type MemoryBid,
  type MemoryLease,
  type MemoryMarket,
  type MemoryState,
  postMovements,
} from './memory-state.ts'

/** Opens the next cycle, or finds the one that is open. */
export function openCycle(
  state: MemoryState,
  market: MemoryMarket,
  number: number | null,
  run: string,
): Outcome<OpenedCycle> {
  const newest = market.cycles.at(-1)
  const last = newest ? { number: newest.number, run: newest.run, settled: newest.outcome !== null } : null
  const chosen = chooseCycle(market, last, number, run)
  if (!('choice' in chosen)) return chosen
  if (chosen.choice === 'found') return { ok: true, ...chosen.cycle }
  const nowMs = state.now()
  const { rules } = market
  const ageSeconds = priceAgeSeconds(market, nowMs)
  market.cycles.push({
    number: chosen.number,
    run,
    openedAtMs: nowMs,
    cutoffSeq: BigInt(market.events.length),
    policy: rules.policy,
    maxBids: rules.maxBidsPerCycle,
    pricesMicro: pricesOf(market),
    priceSource: choosePriceSource(ageSeconds, rules.pricePeriodSeconds),
    priceAgeSeconds: ageSeconds,
    outcome: null,
    pausedMs: 0,
  })
  return { ok: true, cycle: chosen.number, settled: false }
}

export function settle(state: MemoryState, market: MemoryMarket, number: number): CycleSummary {
  const opened = market.cycles[number - 1]
  if (opened === undefined) throw new UnknownCycle(market.marketId, number)
  if (opened.outcome !== null) return summariseCycle(opened.outcome)
  const nowMs = state.now()
  const resources = market.resources.map(resource => resource.name)
  const book = waitingBids(market).filter(bid => bid.seq <= opened.cutoffSeq)
  const bids = book.slice(0, opened.maxBids)
  const leftWaiting = book.length - bids.length
  const endedLeases = endDueLeases(market, nowMs)
  changeLeased(market, endedLeases, -1)
  const settlement = decideSettlement({
    ...opened,
    cycle: number,
    previousPriceSource: market.cycles[number - 2]?.priceSource ?? null,
    effectiveAtMs: nowMs,
    resources,
    leasedPpm: market.leasedPpm,
    bids,
    endedLeases,
    leftWaiting,
    newLeaseId: uuidV7,
  })
  postMovements(market, resolveHolds(payersOf(market), settlement))
  const operation = `cycle/${number}`
  const wakings = wakeWinners(operation, settlement.won, payersOf(market))
  restAfterSettlement(payersOf(market), lifeRulesOf(market.rules), settlement, nowMs)
  const { won, lost, staying, expired } = settlement
  const consider = (bidId: string, status: MemoryBid['status']) => {
    const bid = market.bids.get(bidId)!
    bid.firstConsideredCycle ??= BigInt(number)
    bid.lastConsideredCycle = BigInt(number)
    bid.status = status
  }
  for (const { bid } of won) consider(bid.bidId, 'winning')
  for (const { bid } of lost) consider(bid.bidId, 'outbid')
  for (const bid of staying) consider(bid.bidId, 'pending')
  for (const bid of expired) market.bids.get(bid.bidId)!.status = 'expired'
  const leases = won.map(({ bid, leaseId, endsAtMs }): MemoryLease => {
    const { bidId, beneficiary, quantitiesPpm, traceparent } = bid
    const times = { startsAtMs: nowMs, endsAtMs }
    return { leaseId, bidId, beneficiary, quantitiesPpm, ...times, status: 'active', traceparent }
  })
  market.leases.push(...leases)
  changeLeased(market, leases, 1)
  opened.outcome = {
    number,
    effectiveAtMs: nowMs,
    resources,
    winners: won.length,
    losers: lost.length,
    leftWaiting: leftWaiting + staying.length,
    revenueMicro: settlement.revenueMicro,
    supplyPpm: settlement.supplyPpm,
    demandPpm: settlement.demandPpm,
    utilisationPpm: settlement.utilisationPpm,
    pricesMicro: opened.pricesMicro,
    priceSource: opened.priceSource,
    priceAgeSeconds: opened.priceAgeSeconds,
    cutoffScore: settlement.cutoffScore?.toString() ?? null,
  }
  opened.pausedMs = pausedUpToMs(market.pauses, nowMs)
  const lives = judgeLives(market, operation, nowMs)
  appendEvents(state, market, [...settlement.events, ...wakings, ...lives])
  return summariseCycle(opened.outcome)
}
