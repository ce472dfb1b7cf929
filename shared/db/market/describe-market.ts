import { PPM_OF_CAPACITY } from '../../bundle/bundle.ts'
import type { MarketStatus, MarketSummary } from '../../economy/economy.ts'
import { type Outcome, refuseUnknownMarket } from '../../economy/refusal.ts'
import { choosePriceSource } from '../../pricing/price-source.ts'
import { readCycles } from '../cycles/cycles.ts'
import type { Database } from '../pool.ts'
import { readNewestPrices } from '../prices/newest-prices.ts'

/** What a market is and how it stands, for people and programs. */
export async function describeMarket(db: Database, marketId: string): Promise<Outcome<MarketSummary>> {
  const { rows } = await db.query(
    `select m.*, clock_timestamp() as now, s.last_seq, s.wake_at, s.asleep, p.published_seq,
            (select count(*) from bids b where b.market_id = $1 and b.status = 'pending') as pending_bids,
            (select count(*) from leases l where l.market_id = $1 and l.status = 'active') as active_leases,
            (select json_agg(json_build_object('name', name, 'unit', unit, 'capacity', capacity::text,
                                               'leased', leased_ppm) order by ordinal)
               from market_resources r where r.market_id = $1) as resources
       from markets m join market_sequences s using (market_id) join publications p using (market_id)
      where m.market_id = $1`,
    [marketId],
  )
  const row = rows[0]
  if (row === undefined) return refuseUnknownMarket(marketId)
  const [lastCycle] = await readCycles(db, marketId, 1)
  const { ageSeconds } = await readNewestPrices(db, marketId, row.now.getTime())
  return {
    ok: true,
    marketId,
    displayName: row.display_name,
    status: row.status,
    resources: row.resources.map((resource: { leased: number }) => ({
      ...resource,
      leased: resource.leased / PPM_OF_CAPACITY,
    })),
    rules: row.rules,
    lastSeq: Number(row.last_seq),
    publishedSeq: Number(row.published_seq),
    wakeAt: row.wake_at?.toISOString() ?? null,
    asleep: row.asleep,
    pendingBids: Number(row.pending_bids),
    activeLeases: Number(row.active_leases),
    priceSource: choosePriceSource(ageSeconds, row.rules.pricePeriodSeconds),
    priceAgeSeconds: ageSeconds,
    lastCycle: lastCycle ?? null,
  }
}

/** Whether there is such a market, and how it stands. */
export async function findMarket(
  db: Database,
  marketId: string,
): Promise<Outcome<{ status: MarketStatus; displayName: string }>> {
  const { rows } = await db.query('select status, display_name from markets where market_id = $1', [marketId])
  if (rows.length === 0) return refuseUnknownMarket(marketId)
  return { ok: true, status: rows[0].status, displayName: rows[0].display_name }
}

/** Whether an existing market has this agent. */
export async function findAgent(
  db: Database,
  marketId: string,
  agent: string,
): Promise<Outcome<{ exists: boolean }>> {
  const market = await findMarket(db, marketId)
  if (!market.ok) return market
  const { rows } = await db.query('select from agents where market_id = $1 and name = $2', [marketId, agent])
  return { ok: true, exists: rows.length === 1 }
}
