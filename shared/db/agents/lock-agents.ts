import type { TokenBucket } from '../../bid/token-bucket.ts'
import type { Living } from '../../life/life.ts'
import type { DatabaseClient } from '../pool.ts'

/** An agent under its row lock. */
export interface LockedAgent extends Living {
  agentId: bigint
  ownerName: string | null
  openBids: number
  bucket: TokenBucket | null
}

/** Agents of one market by name. */
export const NAMED = 'market_id = $1 and name = any($2)'

/**
 * Locks the agents that meet a condition of our own, in the order of their ids, which everybody keeps. Waits for those
 * that others hold, unless it is told to leave them out.
 */
export async function lockAgents(
  client: DatabaseClient,
  condition: string,
  values: readonly unknown[],
  whenLocked: '' | 'skip locked' = '',
): Promise<LockedAgent[]> {
  const { rows } = await client.query(
    `select agent_id, name, status, dormant_reason, frozen, owner, available_micro, held_micro, open_bids,
            bucket_millionths, bucket_at, idle_from, judge_at
       from agents where ${condition} order by agent_id for no key update ${whenLocked}`,
    [...values],
  )
  return rows.map(row => ({
    agentId: row.agent_id,
    name: row.name,
    status: row.status,
    dormantReason: row.dormant_reason,
    idleFromMs: row.idle_from.getTime(),
    judgeAtMs: row.judge_at === null ? null : row.judge_at.getTime(),
    frozen: row.frozen,
    ownerName: row.owner,
    availableMicro: row.available_micro,
    heldMicro: row.held_micro,
    openBids: row.open_bids,
    bucket: bucketOf(row),
  }))
}

/** A token bucket as a row holds it. */
export function bucketOf(row: { bucket_millionths: bigint; bucket_at: Date | null }): TokenBucket | null {
  return row.bucket_at === null ? null : { millionths: row.bucket_millionths, atMs: row.bucket_at.getTime() }
}
