import type { AdmissionOwner } from '../../bid/admission.ts'
import { bucketOf } from '../agents/lock-agents.ts'
import type { DatabaseClient } from '../pool.ts'

/**
 * Locks the owners of these agents, by name. They come before agents in the order of locks, and of what opens bids only
 * admissions lock them: how many bids an owner's agents have open can then only fall, until the admission is over.
 */
export async function lockOwners(
  client: DatabaseClient,
  marketId: string,
  agents: readonly string[],
): Promise<Map<string, AdmissionOwner>> {
  const locked = await client.query(
    `select owner, bucket_millionths, bucket_at from owners
      where market_id = $1 and owner in (select owner from agents where market_id = $1 and name = any($2))
      order by owner for no key update`,
    [marketId, agents],
  )
  if (locked.rows.length === 0) return new Map()
  const { rows } = await client.query(
    `select owner, sum(open_bids)::int as open_bids from agents
      where market_id = $1 and owner = any($2) group by owner`,
    [marketId, locked.rows.map(row => row.owner)],
  )
  const openBids = new Map(rows.map(row => [row.owner, row.open_bids]))
  return new Map(
    locked.rows.map(row => [
      row.owner,
      { name: row.owner, openBids: openBids.get(row.owner) ?? 0, bucket: bucketOf(row) },
    ]),
  )
}

/** Writes what is left in owners' buckets. */
export async function writeOwners(
  client: DatabaseClient,
  marketId: string,
  owners: readonly AdmissionOwner[],
): Promise<void> {
  if (owners.length === 0) return
  await client.query(
    `update owners set bucket_millionths = u.millionths, bucket_at = u.at
       from unnest($2::text[], $3::bigint[], $4::timestamptz[]) as u(owner, millionths, at)
      where owners.market_id = $1 and owners.owner = u.owner`,
    [
      marketId,
      owners.map(owner => owner.name),
      owners.map(owner => owner.bucket?.millionths ?? null),
      owners.map(owner => (owner.bucket === null ? null : new Date(owner.bucket.atMs))),
    ],
  )
}
