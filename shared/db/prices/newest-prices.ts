import { pausedUpToMs } from '../../market/market-clock.ts'
import { FLOOR_PRICE_MICRO } from '../../pricing/price-bounds.ts'
import { pausesIn } from '../market/pauses.ts'
import type { Database, DatabaseClient } from '../pool.ts'

/** The number of the newest tick of the market that is a statement's first parameter; null before the first. */
export const NEWEST_TICK = '(select max(tick) from prices where market_id = $1)'

/** A market's newest recorded prices, and their age at `nowMs` on its own clock; the floor where there are none. */
export async function readNewestPrices(
  db: Database | DatabaseClient,
  marketId: string,
  nowMs: number,
): Promise<{ pricesMicro: bigint[]; ageSeconds: number | null }> {
  const { rows } = await db.query(
    `select m.paused_ms, m.paused_at, p.price_micro, p.recorded_at, p.paused_ms as paused_then_ms
       from markets m join market_resources r using (market_id)
       left join prices p on p.market_id = r.market_id and p.ordinal = r.ordinal
        and p.tick = ${NEWEST_TICK}
      where m.market_id = $1 order by r.ordinal`,
    [marketId],
  )
  const newest = rows[0]
  return {
    pricesMicro: rows.map(row => row.price_micro ?? BigInt(FLOOR_PRICE_MICRO)),
    ageSeconds: newest?.recorded_at ? ageOf(newest, nowMs) : null,
  }
}

/** The age in seconds of recorded prices, pauses not counted, from a row as above. */
export function ageOf(
  row: { paused_ms: bigint; paused_at: Date | null; recorded_at: Date; paused_then_ms: bigint },
  nowMs: number,
): number {
  const pausedSinceMs = pausedUpToMs(pausesIn(row), nowMs) - Number(row.paused_then_ms)
  return Math.max(0, nowMs - row.recorded_at.getTime() - pausedSinceMs) / 1000
}
