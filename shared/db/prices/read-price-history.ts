import { formatCredits } from '../../money/credits.ts'
import type { Database } from '../pool.ts'

/** What one tick posted; lists by resource are in the market's order. */
export interface PostedTick {
  tick: number
  tickedAt: string
  recordedAt: string
  elapsedSeconds: number
  prices: { resource: string; price: string; reason: string; demand: number }[]
}

/** The newest `limit` ticks of a market below number `before` (null: the newest of all), newest first. */
export async function readPriceHistory(
  db: Database,
  marketId: string,
  limit: number,
  before: number | null = null,
): Promise<PostedTick[]> {
  const { rows } = await db.query(
    `select p.tick, p.ticked_at, p.recorded_at, p.elapsed_ms,
            array_agg(r.name order by p.ordinal) as resources, array_agg(p.price_micro order by p.ordinal) as prices,
            array_agg(p.reason order by p.ordinal) as reasons, array_agg(p.demand_ppm order by p.ordinal) as demand_ppm
       from (
         select * from prices where market_id = $1 and ($3::bigint is null or tick < $3)
          order by tick desc, ordinal limit $2 * (select count(*) from market_resources where market_id = $1)) p
       join market_resources r using (market_id, ordinal)
      group by p.tick, p.ticked_at, p.recorded_at, p.elapsed_ms order by p.tick desc`,
    [marketId, limit, before],
  )
  return rows.map(row => ({
    tick: Number(row.tick),
    tickedAt: row.ticked_at.toISOString(),
    recordedAt: row.recorded_at.toISOString(),
    elapsedSeconds: Number(row.elapsed_ms) / 1000,
    prices: (row.resources as string[]).map((resource, place) => ({
      resource,
      price: formatCredits(row.prices[place]),
      reason: row.reasons[place],
      demand: Number(row.demand_ppm[place]) / 1e6,
    })),
  }))
}
