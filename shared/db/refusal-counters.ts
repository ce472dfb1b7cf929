import type { CountedRefusal } from '../bid/folded-refusal.ts'
import { NAME_PATTERN } from '../market/name-pattern.ts'
import type { DatabaseClient } from './pool.ts'

/**
 * Counts refusals in one statement and makes a sleeping market due to tell them; what came in the name of nobody
 * the market knows counts for the market. Returns whether the market was asleep, so that the caller sends a hint
 * after commit.
 */
export async function countRefusals(
  client: DatabaseClient,
  marketId: string,
  refusals: readonly CountedRefusal[],
): Promise<{ woken: boolean }> {
  if (refusals.length === 0) return { woken: false }
  const claimed = refusals.map(({ agent }) => (NAME_PATTERN.test(agent) ? agent : null))
  await client.query(
    `insert into refusal_counters (market_id, agent, reason, refused, since)
     select $1, a.name, r.reason, count(*), date_trunc('milliseconds', clock_timestamp())
       from unnest($2::text[], $3::text[]) as r(claimed, reason)
       left join agents a on a.market_id = $1 and a.name = r.claimed
      group by a.name, r.reason order by a.name, r.reason
     on conflict on constraint one_counter_per_reason
     do update set refused = refusal_counters.refused + excluded.refused`,
    [marketId, claimed, refusals.map(one => one.reason)],
  )
  const { rowCount } = await client.query(
    `update market_sequences set wake_at = clock_timestamp(), asleep = false where market_id = $1 and asleep`,
    [marketId],
  )
  return { woken: rowCount === 1 }
}
