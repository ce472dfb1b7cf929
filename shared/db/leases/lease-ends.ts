import type { EndedLease } from '../../market/settlement.ts'
import type { DatabaseClient } from '../pool.ts'

/** Leases that come due while other rows are being locked are found as long as that takes less than this. */
const LOCK_AHEAD_SECONDS = 5

/** Locks the bids whose leases are due, or will be within moments: bids come before leases in the lock order. */
export async function lockBidsOfDueLeases(
  client: DatabaseClient,
  marketId: string,
): Promise<{ untilMs: number }> {
  const { rows } = await client.query('select clock_timestamp() + make_interval(secs => $1) as until', [
    LOCK_AHEAD_SECONDS,
  ])
  await client.query(
    `select from bids b join leases l using (bid_id)
      where l.market_id = $1 and l.status = 'active' and l.ends_at <= $2
      order by b.bid_id for no key update of b`,
    [marketId, rows[0].until],
  )
  return { untilMs: rows[0].until.getTime() }
}

/**
 * Ends the leases due at `atMs` and completes their bids, whose rows must be locked; their supply returns with the
 * caller's change to the market's resources.
 */
export async function endDueLeases(
  client: DatabaseClient,
  marketId: string,
  atMs: number,
  lockedUntilMs: number,
): Promise<EndedLease[]> {
  if (atMs > lockedUntilMs) throw new Error(`market ${marketId}: its rows were locked elsewhere for too long`)
  const { rows } = await client.query(
    `with due as (
       select lease_id from leases where market_id = $1 and status = 'active' and ends_at <= $2
        order by lease_id for no key update),
     ended as (
       update leases l set status = 'ended' from due where l.lease_id = due.lease_id returning l.*),
     completed as (
       update bids b set status = 'completed' from ended
        where b.bid_id = ended.bid_id and b.status = 'winning')
     select e.lease_id, e.bid_id, e.ends_at, e.quantities_ppm, a.name as beneficiary, b.traceparent
       from ended e join agents a on a.agent_id = e.beneficiary_id join bids b on b.bid_id = e.bid_id
      order by e.ends_at, e.lease_id`,
    [marketId, new Date(atMs)],
  )
  return rows.map(row => ({
    leaseId: row.lease_id,
    bidId: row.bid_id,
    beneficiary: row.beneficiary,
    endsAtMs: row.ends_at.getTime(),
    quantitiesPpm: row.quantities_ppm,
    traceparent: row.traceparent,
  }))
}

/** Moves what is leased of each resource; the table's CHECK refuses more than its capacity. */
export async function changeLeased(
  client: DatabaseClient,
  marketId: string,
  changePpm: readonly number[],
): Promise<void> {
  if (changePpm.every(change => change === 0)) return
  await client.query(
    `with locked as (
       select ordinal from market_resources where market_id = $1 order by ordinal for no key update)
     update market_resources r set leased_ppm = r.leased_ppm + ($2::int[])[r.ordinal + 1]
       from locked where r.market_id = $1 and r.ordinal = locked.ordinal`,
    [marketId, changePpm],
  )
}

/** The change in what is leased when some bundles start and others end, parts per million by resource. */
export function leasedChange(
  started: readonly { quantitiesPpm: readonly number[] }[],
  ended: readonly { quantitiesPpm: readonly number[] }[],
): number[] {
  const changePpm: number[] = []
  const add = (quantitiesPpm: readonly number[], sign: 1 | -1) => {
    quantitiesPpm.forEach((ppm, place) => {
      changePpm[place] = (changePpm[place] ?? 0) + sign * ppm
    })
  }
  for (const one of started) add(one.quantitiesPpm, 1)
  for (const one of ended) add(one.quantitiesPpm, -1)
  return changePpm
}
