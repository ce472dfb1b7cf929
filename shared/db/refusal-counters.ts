import type { RejectionReason } from '../events/registry.ts'
import type { DatabaseClient } from './pool.ts'

/** Refusals of one agent and reason are told together after this time. */
export const REFUSAL_FOLDING_SECONDS = 1

/** Refusals that are counted and told at most once per agent (null: the market) and second. */
export interface CountedRefusal {
  agent: string | null
  reason: RejectionReason
}

/**
 * Counts refusals in one statement and makes a sleeping market due to tell them. Returns whether the market
 * was asleep, so that the caller sends a hint after commit.
 */
export async function countRefusals(
  client: DatabaseClient,
  marketId: string,
  refusals: readonly CountedRefusal[],
): Promise<{ woken: boolean }> {
  if (refusals.length === 0) return { woken: false }
  await client.query(
    `insert into refusal_counters (market_id, agent, reason, refused, since)
     select $1, agent, reason, count(*), date_trunc('milliseconds', clock_timestamp())
       from unnest($2::text[], $3::text[]) as r(agent, reason) group by agent, reason order by agent, reason
     on conflict on constraint one_counter_per_reason
     do update set refused = refusal_counters.refused + excluded.refused`,
    [marketId, refusals.map(one => one.agent), refusals.map(one => one.reason)],
  )
  const { rowCount } = await client.query(
    `update market_sequences set wake_at = clock_timestamp(), asleep = false where market_id = $1 and asleep`,
    [marketId],
  )
  return { woken: rowCount === 1 }
}
