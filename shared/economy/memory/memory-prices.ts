import { pausedUpToMs } from '../../market/market-clock.ts'
import {
  decidePriceTick,
  firstMomentMs,
  type PriceTickFacts,
  type RecordedDemand,
} from '../../market/price-tick.ts'
import { formatCredits } from '../../money/credits.ts'
import { postedCostMicro } from '../../pricing/posted-cost.ts'
import { FLOOR_PRICE_MICRO } from '../../pricing/price-bounds.ts'
import type { PriceTick } from '../economy.ts'
import { type Outcome, refuse } from '../refusal.ts'
import { appendEvents, type MemoryMarket, type MemoryState } from './memory-state.ts'

/** The age of the newest prices, pauses not counted; null: none was ever recorded. */
export function priceAgeSeconds({ prices, pauses }: MemoryMarket, nowMs: number): number | null {
  if (prices === null) return null
  const pausedSinceMs = pausedUpToMs(pauses, nowMs) - prices.pausedMs
  return Math.max(0, nowMs - prices.recordedAtMs - pausedSinceMs) / 1000
}

/** Moves every posted price by one tick; one that is not later than the newest moves nothing. */
export function tickMemoryPrices(
  state: MemoryState,
  market: MemoryMarket,
  tickMs: number,
): Outcome<PriceTick> {
  const { marketId, status } = market
  if (status === 'closing' || status === 'closed') {
    return refuse('market_closed', `market ${marketId} is closed; its prices stay`, 'marketId')
  }
  const decided = decidePriceTick(factsOf(market, tickMs), askedPpm(market))
  if (decided !== null) {
    const { tick, pausedMs, updates, events } = decided
    const prices = updates.map(update => update.new)
    market.prices = { tick, tickedAtMs: tickMs, pausedMs, prices, recordedAtMs: state.now() }
    appendEvents(state, market, events)
  }
  const { tick, prices } = market.prices!
  const posted = { ok: true as const, tick, prices: postedBy(market, prices) }
  if (decided === null) return { ...posted, applied: false }
  const before = decided.updates.map(update => update.old)
  return { ...posted, applied: true, before: postedBy(market, before) }
}

function postedBy(
  { resources }: MemoryMarket,
  prices: readonly { priceMicro: number }[],
): Record<string, string> {
  const posted = resources.map(({ name }, place) => [name, formatCredits(BigInt(prices[place]!.priceMicro))])
  return Object.fromEntries(posted)
}

function factsOf(market: MemoryMarket, tickMs: number): PriceTickFacts {
  const { rules, prices: last, cycles } = market
  const fromMs = firstMomentMs({ last, tickMs, rules })
  const recorded = cycles.flatMap(({ outcome, pausedMs }): RecordedDemand[] => {
    if (outcome === null) return []
    return [{ effectiveAtMs: outcome.effectiveAtMs, pausedMs, demandPpm: outcome.demandPpm.map(Number) }]
  })
  return {
    tickMs,
    pauses: market.pauses,
    rules,
    resources: market.resources.map(resource => resource.name),
    leasedPpm: market.leasedPpm,
    last,
    cycles: recorded.filter(({ effectiveAtMs }) => effectiveAtMs >= fromMs && effectiveAtMs < tickMs),
    lastCycle: recorded.at(-1) ?? null,
    bidsWait: [...market.bids.values()].some(
      bid => bid.status === 'pending' && bid.lastConsideredCycle === null,
    ),
  }
}

function askedPpm({ bids, prices, resources }: MemoryMarket): number[] {
  const pricesMicro = resources.map((_, place) => prices?.prices[place]?.priceMicro ?? FLOOR_PRICE_MICRO)
  const asking = [...bids.values()].filter(
    bid =>
      bid.status === 'pending' &&
      bid.amountMicro >= postedCostMicro(pricesMicro, bid.quantitiesPpm, bid.durationSeconds),
  )
  return resources.map((_, place) => asking.reduce((sum, bid) => sum + bid.quantitiesPpm[place]!, 0))
}
