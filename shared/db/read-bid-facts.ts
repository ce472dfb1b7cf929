import { formatBundle, PPM_OF_CAPACITY } from '../bundle/bundle.ts'
import { formatCredits } from '../money/credits.ts'
import { postedCostMicro } from '../pricing/posted-cost.ts'
import type { BidFacts, EventPlace, RefusalFacts } from '../trace/bid-story.ts'
import { readTraceparent } from '../trace/traceparent.ts'
import { readNewestPrices } from './newest-prices.ts'
import type { Database } from './pool.ts'

const SELECT_BID = `
  select b.*, p.name as payer, f.name as beneficiary, e.first_seq + b.ordinal as seq, e.at,
         coalesce(u.published_seq, 0) as published_seq, coalesce(u.first_seq, 1) as first_kept_seq,
         c.number as cycle, c.opened_at, c.policy, c.considered, c.winners, c.cutoff_score, c.price_source,
         c.price_age_seconds, c.batch_id as cycle_batch_id,
         l.lease_id, l.starts_at, l.ends_at, l.status as lease_status,
         x.status as execution_status, x.reason as execution_reason,
         r.names, r.leased
    from bids b
    join agents p on p.agent_id = b.agent_id
    join agents f on f.agent_id = b.beneficiary_id
    join event_batches e on e.batch_id = b.batch_id
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
             and type in ('bid_rejected', 'bid_cancelled', 'bid_expired', 'lease_ended')) o
    join event_batches b using (batch_id)
   where b.market_id = $3 order by seq`

const SELECT_REFUSAL = `
  select b.market_id, o.agent, o.trace_id, o.data, b.first_seq + o.ordinal as seq, b.at,
         coalesce(u.published_seq, 0) as published_seq
    from outbox o join event_batches b using (batch_id) left join publications u using (market_id)
   where o.type = 'bid_rejected' and (o.event_id = $1::uuid or o.correlation_id = $1::text) limit 1`

/** What is known of a bid; null when there is no such row. `bidId` is a UUID. */
export async function readBidFacts(db: Database, bidId: string): Promise<BidFacts | null> {
  const row = (await db.query(SELECT_BID, [bidId])).rows[0]
  if (row === undefined) return null
  const events = await db.query(SELECT_EVENTS, [row.bid_id, row.cycle_batch_id, row.market_id])
  return {
    bidId: row.bid_id,
    marketId: row.market_id,
    traceId: readTraceparent(row.traceparent)?.traceId ?? null,
    payer: row.payer,
    beneficiary: row.beneficiary,
    amount: formatCredits(row.amount_micro),
    bundle: { ...formatBundle(row.quantities_ppm, row.duration_seconds, row.names) },
    via: row.via,
    actor: row.actor,
    status: row.status,
    goodTillCancelled: row.good_till_cancelled,
    expiresAtMs: row.expires_at?.getTime() ?? null,
    placed: placeOf(row, row.published_seq),
    score: row.score,
    rank: row.rank,
    firstConsideredCycle: numberOrNull(row.first_considered_cycle),
    lastConsideredCycle: numberOrNull(row.last_considered_cycle),
    decidedBy:
      row.cycle === null
        ? null
        : {
            number: Number(row.cycle),
            openedAtMs: row.opened_at.getTime(),
            policy: row.policy,
            considered: row.considered,
            winners: row.winners,
            cutoffScore: row.cutoff_score,
            priceSource: row.price_source,
            priceAgeSeconds: numberOrNull(row.price_age_seconds),
          },
    events: events.rows.map(one => ({ type: one.type, ...placeOf(one, row.published_seq) })),
    lease:
      row.lease_id === null
        ? null
        : {
            leaseId: row.lease_id,
            startsAtMs: row.starts_at.getTime(),
            endsAtMs: row.ends_at.getTime(),
            status: row.lease_status,
          },
    execution:
      row.execution_status === null ? null : { status: row.execution_status, reason: row.execution_reason },
    now: row.status === 'pending' ? await readNow(db, row) : null,
    firstKeptSeq: Number(row.first_kept_seq),
  }
}

/** The refusal that this id names: of its event, or of its operation. */
export async function readRefusalFacts(db: Database, id: string): Promise<RefusalFacts | null> {
  const row = (await db.query(SELECT_REFUSAL, [id])).rows[0]
  if (row === undefined) return null
  const { reason, required, available } = row.data
  return {
    marketId: row.market_id,
    agent: row.agent,
    traceId: row.trace_id,
    reason,
    message: null,
    required,
    available,
    event: placeOf(row, row.published_seq),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
async function readNow(db: Database, row: any): Promise<BidFacts['now']> {
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

function placeOf(row: { seq: bigint; at: Date }, publishedSeq: bigint): EventPlace {
  return { seq: Number(row.seq), atMs: row.at.getTime(), published: row.seq <= publishedSeq }
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : Number(value)
}
