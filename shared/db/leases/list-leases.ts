import { z } from 'zod'
import { type BundleInput, formatBundle } from '../../bundle/bundle.ts'
import { readResourceNames } from '../market/read-resource-names.ts'
import type { Database } from '../pool.ts'

export interface ListedLease {
  leaseId: string
  bidId: string
  payer: string
  beneficiary: string
  cycle: number
  bundle: BundleInput
  startsAt: string
  endsAt: string
  status: 'active' | 'ended' | 'revoked'
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

const placeSchema = z.strictObject({ startsAt: z.iso.datetime(), leaseId: z.guid() })

/** A page of an agent's leases starts below this place: the last to begin first, by time and then by id. */
export type LeasePlace = z.infer<typeof placeSchema>

/** Reads the word that names a place; null when it names none. */
export function readLeasePlace(word: string): LeasePlace | null {
  try {
    return placeSchema.parse(JSON.parse(Buffer.from(word, 'base64url').toString('utf8')))
  } catch {
    return null
  }
}

const NEWEST: LeasePlace = { startsAt: 'infinity', leaseId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }

/**
 * One page of the leases that are an agent's, the last to begin first, and where the next begins; null when the market
 * has no such agent.
 */
export async function listAgentLeases(
  db: Database,
  marketId: string,
  agent: string,
  limit: number,
  { ended, before = NEWEST }: { ended: boolean; before?: LeasePlace | undefined },
): Promise<{ items: Omit<ListedLease, 'beneficiary'>[]; next: string | null } | null> {
  const found = await db.query('select agent_id from agents where market_id = $1 and name = $2', [
    marketId,
    agent,
  ])
  if (found.rows.length === 0) return null
  // One more than asked, to know whether anything is left.
  const { rows } = await db.query(
    `select l.lease_id, l.bid_id, l.cycle, l.quantities_ppm, b.duration_seconds, l.starts_at, l.ends_at, l.status,
            (select name from agents a where a.agent_id = l.agent_id) as payer
       from leases l join bids b using (bid_id)
      where l.beneficiary_id = $1 and (l.starts_at, l.lease_id) < ($2, $3) and ($4 or l.status = 'active')
      order by l.starts_at desc, l.lease_id desc limit $5`,
    [found.rows[0].agent_id, before.startsAt, before.leaseId, ended, limit + 1],
  )
  const resources = await readResourceNames(db, marketId)
  const items = rows.slice(0, limit).map(row => ({
    leaseId: row.lease_id,
    bidId: row.bid_id,
    payer: row.payer,
    cycle: Number(row.cycle),
    bundle: formatBundle(row.quantities_ppm, row.duration_seconds, resources),
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
    status: row.status,
  }))
  const last = items.at(-1)
  const place = last && { startsAt: last.startsAt, leaseId: last.leaseId }
  const isMore = rows.length > limit && place !== undefined
  return { items, next: isMore ? Buffer.from(JSON.stringify(place)).toString('base64url') : null }
}
