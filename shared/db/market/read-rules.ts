import type { MarketRules } from '../../market/rules.ts'
import type { DatabaseClient } from '../pool.ts'

/** The rules of a market that is there; `isOver`: it is closing or closed. */
export async function readRules(
  client: DatabaseClient,
  marketId: string,
): Promise<{ rules: MarketRules; isOver: boolean }> {
  const { rows } = await client.query(
    `select rules, status in ('closing', 'closed') as is_over from markets where market_id = $1`,
    [marketId],
  )
  return { rules: rows[0].rules, isOver: rows[0].is_over }
}
