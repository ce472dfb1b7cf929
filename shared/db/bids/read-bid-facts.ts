import { formatBundle, PPM_OF_CAPACITY } from '../../bundle/bundle.ts'
import { formatCredits } from '../../money/credits.ts'
import type { BidFacts, CycleFacts } from '../../trace/facts.ts'
import type { SpanLink } from '../../trace/span-record.ts'
import { placeOfBid } from '../../trace/traces.ts'
import type { Database } from '../pool.ts'

const CYCLE_COLUMNS = `
  c.number, c.policy, c.opened_by_run, c.traceparent as cycle_traceparent, c.opened_at, c.effective_at, c.considered,
  c.winners, c.losers, c.left_waiting, c.revenue_micro, c.cutoff_score, c.price_source,
  c.price_age_seconds, c.supply_ppm, c.utilisation_ppm, c.prices_micro`

const RESOURCES = `(select array_agg(name order by ordinal) from market_resources r where r.market_id = $1) as resources`

/** What is written down of bids of a market, by their id; those it does not have are not in it. */
export async function readBidFacts(
  db: Database,
  marketId: string,
  bidIds: readonly string[],
): Promise<Map<string, BidFacts>> {
  if (bidIds.length === 0) return new Map()
  const { rows } = await db.query(
    `select b.bid_id, b.amount_micro, b.quantities_ppm, b.duration_seconds, b.status, b.good_till_cancelled,
            b.expires_at, b.via, b.actor, b.traceparent, b.timestamp, e.at as admitted_at,
            e.first_seq + b.ordinal as placed_seq, b.first_considered_cycle, b.last_considered_cycle, b.score, b.rank,
            (select name from agents a where a.agent_id = b.agent_id) as payer,
            (select name from agents a where a.agent_id = b.beneficiary_id) as beneficiary,
            l.lease_id, l.starts_at, l.ends_at, l.status as lease_status, ${CYCLE_COLUMNS}, ${RESOURCES}
       from bids b join event_batches e using (batch_id)
       left join cycles c on c.market_id = b.market_id and c.number = b.decided_cycle and c.status = 'settled'
       left join leases l on l.bid_id = b.bid_id
      where b.market_id = $1 and b.bid_id = any($2::uuid[])`,
    [marketId, bidIds],
  )
  return new Map(rows.map(row => [row.bid_id, bidFactsOf(marketId, row)]))
}

/** What is written down of settled cycles of a market, by number. */
export async function readCycleFacts(
  db: Database,
  marketId: string,
  numbers: readonly number[],
): Promise<Map<number, CycleFacts>> {
  if (numbers.length === 0) return new Map()
  const { rows } = await db.query(
    `select ${CYCLE_COLUMNS}, ${RESOURCES} from cycles c
      where c.market_id = $1 and c.number = any($2::bigint[]) and c.status = 'settled'`,
    [marketId, numbers],
  )
  return new Map(rows.map(row => [Number(row.number), cycleFactsOf(marketId, row)]))
}

/** The spans of the best bids that a cycle decided, at most `limit`: its winners by rank, then its losers. */
export async function readLinksToBids(
  db: Database,
  marketId: string,
  cycle: number,
  limit: number,
): Promise<SpanLink[]> {
  const { rows } = await db.query(
    `select o.data ->> 'bid_id' as bid_id, o.data ->> 'status' as status, b.traceparent
       from cycles c
       cross join lateral (
         select data, ordinal from outbox
          where batch_id = c.batch_id and type = 'bid_processed' order by ordinal limit $3) o
       join bids b on b.bid_id = (o.data ->> 'bid_id')::uuid
      where c.market_id = $1 and c.number = $2 order by o.ordinal`,
    [marketId, cycle, limit],
  )
  return rows.map(row => {
    const { traceId, spanId } = placeOfBid(row.bid_id, row.traceparent)
    return { traceId, spanId, attributes: { 'bourse.bid.id': row.bid_id, 'bourse.bid.outcome': row.status } }
  })
}

/** The recorded spans that refused bids came from, by the id of their refusal's event. */
export async function readParentsOfRefusals(
  db: Database,
  eventIds: readonly string[],
): Promise<Map<string, string | null>> {
  if (eventIds.length === 0) return new Map()
  const { rows } = await db.query(
    `select event_id, parent_span_id from outbox where type = 'bid_rejected' and event_id = any($1::uuid[])`,
    [eventIds],
  )
  return new Map(rows.map(row => [row.event_id, row.parent_span_id]))
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
function bidFactsOf(marketId: string, row: any): BidFacts {
  return {
    marketId,
    bidId: row.bid_id,
    payer: row.payer,
    beneficiary: row.beneficiary,
    amount: formatCredits(row.amount_micro),
    bundle: formatBundle(row.quantities_ppm, row.duration_seconds, row.resources),
    status: row.status,
    goodTillCancelled: row.good_till_cancelled,
    expiresAtMs: row.expires_at?.getTime() ?? null,
    via: row.via,
    actor: row.actor,
    traceparent: row.traceparent,
    placedAtMs: row.timestamp.getTime(),
    admittedAtMs: row.admitted_at.getTime(),
    placedSeq: Number(row.placed_seq),
    firstConsideredCycle: numberOrNull(row.first_considered_cycle),
    lastConsideredCycle: numberOrNull(row.last_considered_cycle),
    score: row.score,
    rank: row.rank,
    cycle: row.number === null ? null : cycleFactsOf(marketId, row),
    lease:
      row.lease_id === null
        ? null
        : {
            leaseId: row.lease_id,
            startsAtMs: row.starts_at.getTime(),
            endsAtMs: row.ends_at.getTime(),
            status: row.lease_status,
          },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
function cycleFactsOf(marketId: string, row: any): CycleFacts {
  const byResource = <T>(values: readonly T[]) =>
    Object.fromEntries((row.resources as string[]).map((name, place) => [name, values[place]!]))
  const fractions = (ppm: readonly number[]) => byResource(ppm.map(one => one / PPM_OF_CAPACITY))
  return {
    marketId,
    number: Number(row.number),
    policy: row.policy,
    openedByRun: row.opened_by_run,
    traceparent: row.cycle_traceparent,
    openedAtMs: row.opened_at.getTime(),
    effectiveAtMs: row.effective_at.getTime(),
    considered: row.considered,
    winners: row.winners,
    losers: row.losers,
    leftWaiting: row.left_waiting,
    revenue: formatCredits(row.revenue_micro),
    cutoffScore: row.cutoff_score,
    priceSource: row.price_source,
    priceAgeSeconds: numberOrNull(row.price_age_seconds),
    supply: fractions(row.supply_ppm),
    remaining: fractions((row.utilisation_ppm as number[]).map(leased => PPM_OF_CAPACITY - leased)),
    prices: byResource((row.prices_micro as bigint[]).map(formatCredits)),
  }
}

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : Number(value)
}
