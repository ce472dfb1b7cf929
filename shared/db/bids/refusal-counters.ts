import { setTimeout as delay } from 'node:timers/promises'
import type { CountedRefusal } from '../../bid/folded-refusal.ts'
import { NAME_PATTERN } from '../../market/name-pattern.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'

/** Agents are looked up first and counters written in a fixed order; the sequence row comes last. */
const COUNT = `
  with counted as (
    insert into refusal_counters (market_id, agent, reason, refused, since)
    select $1, a.name, r.reason, count(*), date_trunc('milliseconds', clock_timestamp())
      from unnest($2::text[], $3::text[]) as r(claimed, reason)
      left join agents a on a.market_id = $1 and a.name = r.claimed
     where exists (select from markets where market_id = $1)
     group by a.name, r.reason order by a.name, r.reason
    on conflict on constraint one_counter_per_reason
    do update set refused = refusal_counters.refused + excluded.refused
    returning 1)
  update market_sequences set wake_at = clock_timestamp(), asleep = false
   where market_id = $1 and asleep and exists (select from counted)`

/**
 * Counts refusals and makes a sleeping market due to tell them; what came in the name of nobody the market knows
 * counts for the market. Returns whether the market was asleep, so that the caller sends a hint after commit.
 */
export async function countRefusals(
  client: DatabaseClient,
  marketId: string,
  refusals: readonly CountedRefusal[],
): Promise<{ woken: boolean }> {
  if (refusals.length === 0) return { woken: false }
  const { rowCount } = await client.query(COUNT, valuesOf(marketId, refusals))
  return { woken: rowCount === 1 }
}

/** Refusals that come alone are counted together with what else comes in this time. */
const GATHERING_MS = 50

/**
 * Counts refusals that change nothing else: gathered per market, in one transaction for many callers, and without
 * waiting for the disk. A flood of them then costs a few writes a second; a count that is lost when Postgres's machine
 * fails is no state of the economy. Each call answers after its refusals were counted.
 */
export function createRefusalGathering(
  db: Database,
): (marketId: string, refusals: readonly CountedRefusal[]) => Promise<{ woken: boolean }> {
  const gatherings = new Map<string, { refusals: CountedRefusal[]; counted: Promise<{ woken: boolean }> }>()

  async function countGathered(marketId: string): Promise<{ woken: boolean }> {
    await delay(GATHERING_MS)
    const { refusals } = gatherings.get(marketId)!
    gatherings.delete(marketId)
    return await inTransaction(db, async client => {
      await client.query('set local synchronous_commit = off')
      return await countRefusals(client, marketId, refusals)
    })
  }

  return async (marketId, refusals) => {
    const gathering = gatherings.get(marketId)
    if (gathering !== undefined) {
      gathering.refusals.push(...refusals)
      await gathering.counted
      return { woken: false }
    }
    const counted = countGathered(marketId)
    gatherings.set(marketId, { refusals: [...refusals], counted })
    return await counted
  }
}

function valuesOf(marketId: string, refusals: readonly CountedRefusal[]): unknown[] {
  const claimed = refusals.map(({ agent }) => (NAME_PATTERN.test(agent) ? agent : null))
  return [marketId, claimed, refusals.map(one => one.reason)]
}
