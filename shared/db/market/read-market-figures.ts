import { PPM_OF_CAPACITY } from '../../bundle/bundle.ts'
import { FLOOR_PRICE_MICRO } from '../../pricing/price-bounds.ts'
import type { MarketFigures } from '../../telemetry/market-gauges.ts'
import type { Database } from '../pool.ts'

const MICRO_PER_CREDIT = 1_000_000

/** How markets that are not closed stand, the oldest first, at most `limit`. No row is locked. */
export async function readMarketFigures(db: Database, limit: number): Promise<MarketFigures[]> {
  const { rows } = await db.query(
    `select m.market_id, a.open_bids::float8, a.held_micro::float8, s.last_seq::float8, p.published_seq::float8,
            case when s.last_seq > p.published_seq then (
              select extract(epoch from clock_timestamp() - b.at)::float8 from event_batches b
               where b.market_id = m.market_id and b.first_seq <= p.published_seq + 1
               order by b.first_seq desc limit 1) else 0 end as lag_seconds,
            r.names, r.leased_ppm, r.prices_micro
       from (select * from markets where status <> 'closed' order by created_at, market_id limit $1) m
       join market_sequences s using (market_id)
       join publications p using (market_id)
       cross join lateral (
         select coalesce(sum(open_bids), 0) as open_bids, coalesce(sum(held_micro), 0) as held_micro
           from agents where market_id = m.market_id) a
       cross join lateral (
         select array_agg(r.name order by r.ordinal) as names, array_agg(r.leased_ppm order by r.ordinal) as leased_ppm,
                array_agg(coalesce(q.price_micro, $2)::float8 order by r.ordinal) as prices_micro
           from market_resources r left join prices q
             on q.market_id = r.market_id and q.ordinal = r.ordinal
            and q.tick = (select max(tick) from prices where market_id = m.market_id)
          where r.market_id = m.market_id) r`,
    [limit, FLOOR_PRICE_MICRO],
  )
  return rows.map(row => ({
    marketId: row.market_id,
    bookDepth: row.open_bids,
    heldCredits: row.held_micro / MICRO_PER_CREDIT,
    unpublishedEvents: row.last_seq - row.published_seq,
    publicationLagSeconds: Math.max(0, row.lag_seconds ?? 0),
    resources: (row.names as string[]).map((name, place) => ({
      name,
      utilisation: row.leased_ppm[place] / PPM_OF_CAPACITY,
      priceCredits: row.prices_micro[place] / MICRO_PER_CREDIT,
    })),
  }))
}
