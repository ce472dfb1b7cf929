import { PPM_OF_CAPACITY } from '../../bundle/bundle.ts'
import { type AgentGlance, type Glances, MAX_COUNTED, type MarketGlance } from '../../market/glances.ts'
import { formatCredits } from '../../money/credits.ts'
import { FLOOR_PRICE_MICRO } from '../../pricing/price-bounds.ts'
import { choosePriceSource } from '../../pricing/price-source.ts'
import type { Database } from '../pool.ts'
import { ageOf, NEWEST_TICK } from '../prices/newest-prices.ts'

/** Glances at an economy in Postgres; no row is locked. */
export function createGlances(db: Database): Glances {
  return {
    market: marketId => glanceAtMarket(db, marketId),
    agent: (marketId, agent) => glanceAtAgent(db, marketId, agent),
  }
}

async function glanceAtMarket(db: Database, marketId: string): Promise<MarketGlance | null> {
  const { rows } = await db.query(
    `select r.name, r.leased_ppm, p.price_micro, p.recorded_at, p.paused_ms as paused_then_ms, m.paused_ms, m.paused_at,
            (m.rules ->> 'pricePeriodSeconds')::int as period_seconds, clock_timestamp() as now,
            (select count(*) from (
              select from bids where market_id = $1 and status = 'pending' limit $2) b) as book,
            (select count(*) from (
              select from leases where market_id = $1 and status = 'active' limit $2) l) as leases
       from market_resources r join markets m using (market_id)
       left join prices p on p.market_id = r.market_id and p.ordinal = r.ordinal
        and p.tick = ${NEWEST_TICK}
      where r.market_id = $1 order by r.ordinal`,
    [marketId, MAX_COUNTED + 1],
  )
  const first = rows[0]
  if (first === undefined) return null
  const priceAgeSeconds = first.recorded_at === null ? null : ageOf(first, first.now.getTime())
  const byResource = <T>(show: (row: (typeof rows)[number]) => T) =>
    Object.fromEntries(rows.map(row => [row.name, show(row)]))
  return {
    book: Number(first.book),
    leases: Number(first.leases),
    prices: byResource(row => formatCredits(row.price_micro ?? BigInt(FLOOR_PRICE_MICRO))),
    priceSource: choosePriceSource(priceAgeSeconds, first.period_seconds),
    priceAgeSeconds,
    leased: byResource(row => row.leased_ppm / PPM_OF_CAPACITY),
  }
}

async function glanceAtAgent(db: Database, marketId: string, agent: string): Promise<AgentGlance | null> {
  const { rows } = await db.query(
    'select status, available_micro, held_micro, open_bids from agents where market_id = $1 and name = $2',
    [marketId, agent],
  )
  const row = rows[0]
  if (row === undefined) return null
  return {
    status: row.status,
    balance: formatCredits(row.available_micro + row.held_micro),
    available: formatCredits(row.available_micro),
    held: formatCredits(row.held_micro),
    openBids: row.open_bids,
  }
}
