import type { Database } from '../pool.ts'

/** Who answers for an agent; null: nobody else, or there is no such agent. */
export async function readOwner(db: Database, marketId: string, agent: string): Promise<string | null> {
  const { rows } = await db.query({
    name: 'read-owner',
    text: 'select owner from agents where market_id = $1 and name = $2',
    values: [marketId, agent],
  })
  return rows[0]?.owner ?? null
}
