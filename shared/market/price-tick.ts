import { PPM_OF_CAPACITY } from '../bundle/bundle.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import { formatCredits } from '../money/credits.ts'
import { heldDemandPpm } from '../pricing/held-demand.ts'
import {
  type CycleDemand,
  DEFAULT_PRICE_RULE,
  type PostedPrice,
  type PriceRule,
  type PriceUpdate,
  priceTick,
} from '../pricing/posted-price.ts'
import { type Pauses, pausedUpToMs } from './market-clock.ts'
import type { MarketRules } from './rules.ts'

/** The newest recorded tick, its time by Postgres's clock; `pausedMs` is what pauses had added up to then. */
export interface RecordedTick {
  tick: number
  tickedAtMs: number
  pausedMs: number
  /** In the order of the market's resources. */
  prices: readonly PostedPrice[]
}

/** What a settled cycle recorded, its time by Postgres's clock. */
export interface RecordedDemand extends CycleDemand {
  pausedMs: number
}

export interface PriceTickFacts {
  tickMs: number
  pauses: Pauses
  rules: MarketRules
  resources: readonly string[]
  /** Leased now, parts per million. */
  leasedPpm: readonly number[]
  last: RecordedTick | null
  /** The settled cycles from the last tick's time up to this tick's. */
  cycles: readonly RecordedDemand[]
  /** The newest settled cycle. */
  lastCycle: RecordedDemand | null
  /** There are bids that no cycle has considered. */
  bidsWait: boolean
}

export interface DecidedTick {
  tick: number
  pausedMs: number
  updates: PriceUpdate[]
  events: EventDraft[]
}

/** The first time whose cycles a tick asks for: that of the last tick, or a period ago. */
export function firstMomentMs({
  last,
  tickMs,
  rules,
}: Pick<PriceTickFacts, 'last' | 'tickMs' | 'rules'>): number {
  return last === null ? tickMs - rules.pricePeriodSeconds * 1000 : last.tickedAtMs
}

/** Whether a tick is as late as one that was applied, and so moves nothing. */
export function isTickStale({ last, tickMs, pauses }: PriceTickFacts): boolean {
  return last !== null && tickMs - pausedUpToMs(pauses, tickMs) <= last.tickedAtMs - last.pausedMs
}

/** Whether the demand that cycles recorded answers a tick; if not, what stands in the book has to be read. */
export function isDemandRecorded(facts: PriceTickFacts): boolean {
  return facts.cycles.length > 0 || heldBy(facts) !== null
}

/**
 * One tick of every price on the market's own clock, on which pauses take no time. `askedPpm` is what pending bids
 * at or above their posted cost ask for, needed only where no cycle's demand is recorded. Null when the tick is stale.
 */
export function decidePriceTick(facts: PriceTickFacts, askedPpm: readonly number[]): DecidedTick | null {
  if (isTickStale(facts)) return null
  const { last, resources, leasedPpm, tickMs } = facts
  const pausedMs = pausedUpToMs(facts.pauses, tickMs)
  const standingDemandPpm = heldBy(facts) ?? leasedPpm.map((ppm, place) => ppm + (askedPpm[place] ?? 0))
  const updates = priceTick({
    previous: last === null ? null : { tickMs: last.tickedAtMs - last.pausedMs, prices: last.prices },
    tickMs: tickMs - pausedMs,
    cycles: facts.cycles.map(onMarketClock),
    standingDemandPpm,
    leasedPpm,
    rule: priceRuleOf(facts.rules),
  })!
  const tick = (last?.tick ?? 0) + 1
  const operation = `tick/${tick}`
  const events = updates.map((update, place) =>
    draftEvent(
      operation,
      'price_update',
      {
        resource: resources[place]!,
        old_price: formatCredits(BigInt(update.old.priceMicro)),
        new_price: formatCredits(BigInt(update.new.priceMicro)),
        reason: update.reason,
        tick,
        ticked_at: new Date(tickMs).toISOString(),
        e: update.new.eMillionths,
        demand: update.demandPpm / PPM_OF_CAPACITY,
        elapsed_ms: update.elapsedMs,
      },
      { correlationId: operation },
    ),
  )
  return { tick, pausedMs, updates, events }
}

/** By which rule a market's prices move. */
export function priceRuleOf(rules: MarketRules): PriceRule {
  // A market that is older than the rule has no value for it.
  const { targetUtilisation } = rules as Partial<MarketRules>
  return {
    ...DEFAULT_PRICE_RULE,
    ...(targetUtilisation === undefined
      ? {}
      : { targetPpm: Math.round(targetUtilisation * PPM_OF_CAPACITY) }),
    periodMs: rules.pricePeriodSeconds * 1000,
  }
}

function heldBy({ lastCycle, tickMs, pauses, rules, bidsWait }: PriceTickFacts): readonly number[] | null {
  return heldDemandPpm({
    lastCycle: lastCycle === null ? null : onMarketClock(lastCycle),
    atMs: tickMs - pausedUpToMs(pauses, tickMs),
    cycleMs: rules.cycleSeconds * 1000,
    periodMs: rules.pricePeriodSeconds * 1000,
    bidsWait,
  })
}

function onMarketClock({ effectiveAtMs, pausedMs, demandPpm }: RecordedDemand): CycleDemand {
  return { effectiveAtMs: effectiveAtMs - pausedMs, demandPpm }
}
