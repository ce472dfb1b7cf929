import { type Outcome, refuseUnknownAgent } from '../../economy/refusal.ts'
import { findMarket } from '../market/describe-market.ts'
import type { Database } from '../pool.ts'

/** The surrogate id that an agent's rows carry. */
export async function findAgentId(
  db: Database,
  marketId: string,
  agent: string,
): Promise<Outcome<{ agentId: bigint }>> {
  const market = await findMarket(db, marketId)
  if (!market.ok) return market
  const { rows } = await db.query('select agent_id from agents where market_id = $1 and name = $2', [
    marketId,
    agent,
  ])
  if (rows.length === 0) return refuseUnknownAgent(marketId, agent)
  return { ok: true, agentId: rows[0].agent_id }
}
