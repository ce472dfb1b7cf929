import { type BundleInput, formatBundle } from '../../bundle/bundle.ts'
import { formatCredits } from '../../money/credits.ts'
import { readResourceNames } from '../market/read-resource-names.ts'
import type { Database } from '../pool.ts'

export interface ListedBid {
  bidId: string
  timestamp: string
  payer: string
  beneficiary: string
  amount: string
  bundle: BundleInput
  status: 'pending' | 'winning' | 'outbid' | 'cancelled' | 'expired' | 'completed'
  goodTillCancelled: boolean
  expiresAt: string | null
  via: string
  actor: string
  cycle: number | null
  rank: number | null
  score: string | null
}

/** A page of bids starts below this place: the newest first, by time and then by id. */
export interface BidPlace {
  timestamp: string
  bidId: string
}

const NEWEST: BidPlace = { timestamp: 'infinity', bidId: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }

const COLUMNS = `
  b.bid_id, b.timestamp, b.amount_micro, b.quantities_ppm, b.duration_seconds, b.status, b.good_till_cancelled,
  b.expires_at, b.via, b.actor, b.decided_cycle, b.rank, b.score,
  (select name from agents p where p.agent_id = b.agent_id) as payer,
  (select name from agents p where p.agent_id = b.beneficiary_id) as beneficiary`

/** One agent's page of bids, read in the order of the index on (agent_id, timestamp, bid_id). */
export const AGENT_BIDS_PAGE = `
  select ${COLUMNS} from bids b
   where b.agent_id = $1 and (b.timestamp, b.bid_id) < ($2, $3)
   order by b.timestamp desc, b.bid_id desc limit $4`

/** Every agent's newest bids by the same index, and of those the newest. */
const MARKET_BIDS_PAGE = `
  select ${COLUMNS}
    from (select newest.* from agents a cross join lateral (
            select * from bids one
             where one.agent_id = a.agent_id and (one.timestamp, one.bid_id) < ($2, $3)
             order by one.timestamp desc, one.bid_id desc limit $4) newest
           where a.market_id = $1) b
   order by b.timestamp desc, b.bid_id desc limit $4`

const OPEN_BIDS_PAGE = `
  select ${COLUMNS} from bids b
   where b.market_id = $1 and b.status = 'pending' and (b.timestamp, b.bid_id) < ($2, $3)
   order by b.timestamp desc, b.bid_id desc limit $4`

/** The newest bids that an agent (its surrogate id) pays for, at most `limit` below `before`. */
export async function listAgentBids(
  db: Database,
  marketId: string,
  agentId: bigint,
  limit: number,
  before: BidPlace = NEWEST,
): Promise<ListedBid[]> {
  const { rows } = await db.query(AGENT_BIDS_PAGE, [agentId, before.timestamp, before.bidId, limit])
  return listed(rows, await readResourceNames(db, marketId))
}

/** The newest bids of a market, at most `limit` below `before`; with `open` only those still in the book. */
export async function listMarketBids(
  db: Database,
  marketId: string,
  limit: number,
  { before = NEWEST, open = false }: { before?: BidPlace | undefined; open?: boolean } = {},
): Promise<ListedBid[]> {
  const page = open ? OPEN_BIDS_PAGE : MARKET_BIDS_PAGE
  const { rows } = await db.query(page, [marketId, before.timestamp, before.bidId, limit])
  return listed(rows, await readResourceNames(db, marketId))
}

/** One bid that an agent pays for or that is for it, with the lease it won; null when it has no such bid. */
export async function readAgentBid(
  db: Database,
  marketId: string,
  agent: string,
  bidId: string,
): Promise<(ListedBid & { leaseId: string | null }) | null> {
  const { rows } = await db.query(
    `select ${COLUMNS}, (select lease_id from leases l where l.bid_id = b.bid_id) as lease_id from bids b
      where b.bid_id = $3 and b.market_id = $1 and
            (select agent_id from agents where market_id = $1 and name = $2) in (b.agent_id, b.beneficiary_id)`,
    [marketId, agent, bidId],
  )
  const [bid] = listed(rows, await readResourceNames(db, marketId))
  return bid === undefined ? null : { ...bid, leaseId: rows[0].lease_id }
}

// biome-ignore lint/suspicious/noExplicitAny: rows as the driver gives them
function listed(rows: any[], resources: readonly string[]): ListedBid[] {
  return rows.map(row => ({
    bidId: row.bid_id,
    timestamp: row.timestamp.toISOString(),
    payer: row.payer,
    beneficiary: row.beneficiary,
    amount: formatCredits(row.amount_micro),
    bundle: formatBundle(row.quantities_ppm, row.duration_seconds, resources),
    status: row.status,
    goodTillCancelled: row.good_till_cancelled,
    expiresAt: row.expires_at?.toISOString() ?? null,
    via: row.via,
    actor: row.actor,
    cycle: row.decided_cycle === null ? null : Number(row.decided_cycle),
    rank: row.rank,
    score: row.score,
  }))
}
