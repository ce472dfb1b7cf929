import { type BundleInput, formatBundle } from '../bundle/bundle.ts'
import type { Database } from './pool.ts'
import { readResourceNames } from './read-resource-names.ts'

export interface ListedLease {
  leaseId: string
  bidId: string
  payer: string
  beneficiary: string
  cycle: number
  bundle: BundleInput
  startsAt: string
  endsAt: string
  status: 'active' | 'ended'
}

/** Leases of a market, the last to end first, at most `limit`; with `ended` those that ended too. */
export async function listLeases(
  db: Database,
  marketId: string,
  limit: number,
  { ended = false }: { ended?: boolean } = {},
): Promise<ListedLease[]> {
  const { rows } = await db.query(
    `select l.lease_id, l.bid_id, l.cycle, l.quantities_ppm, b.duration_seconds, l.starts_at, l.ends_at, l.status,
            (select name from agents a where a.agent_id = l.agent_id) as payer,
            (select name from agents a where a.agent_id = l.beneficiary_id) as beneficiary
       from leases l join bids b using (bid_id)
      where l.market_id = $1 ${ended ? '' : "and l.status = 'active'"}
      order by l.ends_at desc limit $2`,
    [marketId, limit],
  )
  const resources = await readResourceNames(db, marketId)
  return rows.map(row => ({
    leaseId: row.lease_id,
    bidId: row.bid_id,
    payer: row.payer,
    beneficiary: row.beneficiary,
    cycle: Number(row.cycle),
    bundle: formatBundle(row.quantities_ppm, row.duration_seconds, resources),
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
    status: row.status,
  }))
}
