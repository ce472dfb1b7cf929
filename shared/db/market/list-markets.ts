import type { MarketStatus } from '../../economy/economy.ts'
import { choosePriceSource, type PriceSource } from '../../pricing/price-source.ts'
import type { Database } from '../pool.ts'
import { ageOf } from '../prices/newest-prices.ts'

export interface ListedMarket {
  marketId: string
  displayName: string
  status: MarketStatus
  createdAt: string
  lastCycle: number
  pendingBids: number
  activeLeases: number
  lastSeq: number
  publishedSeq: number
  /** Publication is halted: the stream goes on after this event with events that are not in Postgres. */
  divergedAfter: number | null
  /** How long the oldest unpublished event has waited; 0 when none does. */
  lagSeconds: number
  wakeAt: string | null
  /** How long ago the market should have looked for work; 0 when that is not over. */
  overdueSeconds: number
  priceSource: PriceSource
  priceAgeSeconds: number | null
}

/** Markets by id, at most `limit` after the id `after` (empty: from the first). */
export async function listMarkets(db: Database, limit: number, after = ''): Promise<ListedMarket[]> {
  const { rows } = await db.query(
    `select m.market_id, m.display_name, m.status, m.created_at, m.paused_ms, m.paused_at, clock_timestamp() as now,
            (m.rules ->> 'pricePeriodSeconds')::int as period_seconds,
            extract(epoch from clock_timestamp() - s.wake_at)::float8 as overdue_seconds,
            case when s.last_seq > p.published_seq then (
              select extract(epoch from clock_timestamp() - b.at)::float8 from event_batches b
               where b.market_id = m.market_id and b.first_seq <= p.published_seq + 1
               order by b.first_seq desc limit 1) end as lag_seconds,
            newest.recorded_at, newest.paused_ms as paused_then_ms, s.last_seq, s.wake_at, p.published_seq, p.diverged_after,
            coalesce((select number from cycles c where c.market_id = m.market_id and c.status = 'settled'
                       order by number desc limit 1), 0) as last_cycle,
            (select count(*) from bids b where b.market_id = m.market_id and b.status = 'pending') as pending_bids,
            (select count(*) from leases l where l.market_id = m.market_id and l.status = 'active') as active_leases
       from markets m join market_sequences s using (market_id) join publications p using (market_id)
       left join lateral (
         select recorded_at, paused_ms from prices p where p.market_id = m.market_id
          order by tick desc limit 1) newest on true
      where m.market_id > $2 order by m.market_id limit $1`,
    [limit, after],
  )
  return rows.map(listedMarket)
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
function listedMarket(row: any): ListedMarket {
  const ageSeconds = row.recorded_at === null ? null : ageOf(row, row.now.getTime())
  return {
    marketId: row.market_id,
    displayName: row.display_name,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    lastCycle: Number(row.last_cycle),
    pendingBids: Number(row.pending_bids),
    activeLeases: Number(row.active_leases),
    lastSeq: Number(row.last_seq),
    publishedSeq: Number(row.published_seq),
    divergedAfter: row.diverged_after === null ? null : Number(row.diverged_after),
    lagSeconds: Math.max(0, row.lag_seconds ?? 0),
    wakeAt: row.wake_at?.toISOString() ?? null,
    overdueSeconds: Math.max(0, row.overdue_seconds ?? 0),
    priceSource: choosePriceSource(ageSeconds, row.period_seconds),
    priceAgeSeconds: ageSeconds,
  }
}
