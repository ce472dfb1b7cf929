import { formatCredits } from '../../money/credits.ts'
import { FLOOR_PRICE_MICRO } from '../../pricing/price-bounds.ts'
import { choosePriceSource, type PriceSource } from '../../pricing/price-source.ts'
import type { Database } from '../pool.ts'
import { ageOf, NEWEST_TICK } from './newest-prices.ts'

/** The posted prices a cycle would read now: credits per 100 % of capacity and second. */
export interface PostedPrices {
  priceSource: PriceSource
  ageSeconds: number | null
  prices: {
    resource: string
    unit: string
    price: string
    reason: string | null
    recordedAt: string | null
  }[]
}

/** The newest recorded prices of a market that exists; the floor where none was ever recorded. */
export async function readPostedPrices(db: Database, marketId: string): Promise<PostedPrices> {
  const { rows } = await db.query(
    `select r.name, r.unit, p.price_micro, p.reason, p.recorded_at,
            m.paused_ms, m.paused_at, p.paused_ms as paused_then_ms, clock_timestamp() as now,
            (m.rules ->> 'pricePeriodSeconds')::int as period_seconds
       from market_resources r join markets m using (market_id)
       left join prices p on p.market_id = r.market_id and p.ordinal = r.ordinal
        and p.tick = ${NEWEST_TICK}
      where r.market_id = $1 order by r.ordinal`,
    [marketId],
  )
  const newest = rows[0]
  const ageSeconds = newest?.recorded_at ? ageOf(newest, newest.now.getTime()) : null
  return {
    priceSource: choosePriceSource(ageSeconds, newest?.period_seconds ?? 0),
    ageSeconds,
    prices: rows.map(row => ({
      resource: row.name,
      unit: row.unit,
      price: formatCredits(row.price_micro ?? BigInt(FLOOR_PRICE_MICRO)),
      reason: row.reason,
      recordedAt: row.recorded_at?.toISOString() ?? null,
    })),
  }
}
