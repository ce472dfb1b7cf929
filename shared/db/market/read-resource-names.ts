import type { Database } from '../pool.ts'

/** What a market sells, in its own order; empty when there is no such market. */
export async function readResourceNames(db: Database, marketId: string): Promise<string[]> {
  const { rows } = await db.query('select name from market_resources where market_id = $1 order by ordinal', [
    marketId,
  ])
  return rows.map(row => row.name)
}
