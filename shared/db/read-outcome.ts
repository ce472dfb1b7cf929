import type { BidVerdict } from '../bid/admission.ts'
import type { Database } from './pool.ts'

/** The stored verdict of the bid that an agent placed under this key; null when none is stored. */
export async function readBidOutcome(
  db: Database,
  marketId: string,
  agent: string,
  key: string,
): Promise<BidVerdict | null> {
  const { rows } = await db.query(
    `select outcome from operations
      where market_id = $1 and key = $3
        and agent_id = (select agent_id from agents where market_id = $1 and name = $2)`,
    [marketId, agent, key],
  )
  return rows[0]?.outcome ?? null
}
