import { PPM_OF_CAPACITY } from '../../bundle/bundle.ts'
import { formatCredits } from '../../money/credits.ts'
import { postedCostMicro } from '../../pricing/posted-cost.ts'
import type { BidRecord, EventPlace, RefusalRecord } from '../../trace/facts.ts'
import type { Database } from '../pool.ts'
import { readNewestPrices } from '../prices/newest-prices.ts'
import { readBidFacts } from './read-bid-facts.ts'

const SELECT_BID = `
  select b.market_id, b.amount_micro, b.quantities_ppm, b.duration_seconds, c.batch_id as cycle_batch_id,
         coalesce(u.published_seq, 0) as published_seq, coalesce(u.first_seq, 1) as first_kept_seq,
         x.status as execution_status, x.reason as execution_reason,
         coalesce(l.refunded or x.refunded, l.refunded, false) as is_refunded, r.names, r.leased
    from bids b
    left join publications u on u.market_id = b.market_id
    left join cycles c on c.market_id = b.market_id and c.number = b.decided_cycle
    left join leases l on l.bid_id = b.bid_id
    left join executions x on x.lease_id = l.lease_id
    cross join lateral (
      select array_agg(name order by ordinal) as names, array_agg(leased_ppm order by ordinal) as leased
        from market_resources where market_id = b.market_id) r
   where b.bid_id = $1`

/** Those its cycle told, and those that no cycle told. */
const SELECT_EVENTS = `
  select o.type, b.first_seq + o.ordinal as seq, b.at
    from (select * from outbox where batch_id = $2 and correlation_id = $1
          union all
          select * from outbox where correlation_id = $1 and batch_id is distinct from $2
             and type in ('bid_rejected', 'bid_cancelled', 'bid_expired', 'lease_ended')
          union all
          select * from outbox where type = 'lease_revoked' and data ->> 'bid_id' = $1) o
    join event_batches b using (batch_id)
   where b.market_id = $3 order by seq`

const SELECT_REFUSAL = `
  select b.market_id, o.agent, o.trace_id, o.data, b.first_seq + o.ordinal as seq, b.at,
         coalesce(u.published_seq, 0) as published_seq
    from outbox o join event_batches b using (batch_id) left join publications u using (market_id)
   where o.type = 'bid_rejected' and (o.event_id = $1::uuid or o.correlation_id = $1::text) limit 1`

/** All that is known of a bid; null when there is no such row. `bidId` is a UUID. */
export async function readBidRecord(db: Database, bidId: string): Promise<BidRecord | null> {
  const row = (await db.query(SELECT_BID, [bidId])).rows[0]
  if (row === undefined) return null
  const bid = (await readBidFacts(db, row.market_id, [bidId])).get(bidId)!
  const events = await db.query(SELECT_EVENTS, [bidId, row.cycle_batch_id, row.market_id])
  return {
    ...bid,
    placed: placeOf({ seq: bid.placedSeq, at: bid.admittedAtMs }, row.published_seq),
    events: events.rows.map(one => ({ type: one.type, ...placeOf(one, row.published_seq) })),
    execution:
      row.execution_status === null ? null : { status: row.execution_status, reason: row.execution_reason },
    isRefunded: row.is_refunded,
    now: bid.status === 'pending' ? await readNow(db, row) : null,
    firstKeptSeq: Number(row.first_kept_seq),
  }
}

/** The refusal that this id names: of its event, or of its operation. */
export async function readRefusalRecord(db: Database, id: string): Promise<RefusalRecord | null> {
  const row = (await db.query(SELECT_REFUSAL, [id])).rows[0]
  if (row === undefined) return null
  const { reason, required, available, count } = row.data
  return {
    marketId: row.market_id,
    agent: row.agent,
    traceId: row.trace_id,
    reason,
    message: null,
    required,
    available,
    count,
    event: placeOf(row, row.published_seq),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
async function readNow(db: Database, row: any): Promise<BidRecord['now']> {
  const { pricesMicro } = await readNewestPrices(db, row.market_id, Date.now())
  const costMicro = postedCostMicro(pricesMicro.map(Number), row.quantities_ppm, row.duration_seconds)
  const free = row.names.map((name: string, place: number): [string, number] => [
    name,
    (PPM_OF_CAPACITY - row.leased[place]) / PPM_OF_CAPACITY,
  ])
  return {
    freeSupply: Object.fromEntries(free),
    postedCost: formatCredits(costMicro),
    belowPostedCost: row.amount_micro < costMicro,
  }
}

function placeOf(row: { seq: bigint | number; at: Date | number }, publishedSeq: bigint): EventPlace {
  return { seq: Number(row.seq), atMs: Number(row.at), published: row.seq <= publishedSeq }
}
