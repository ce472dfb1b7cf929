import { type Outcome, refuseUnknownAgent, refuseUnknownMarket } from '../../economy/refusal.ts'
import type { DatabaseClient } from '../pool.ts'
import { type LockedAgent, lockAgents, NAMED } from './lock-agents.ts'

/** Locks one agent by its name. Refuses `unknown_market` and `unknown_agent`. */
export async function lockNamedAgent(
  client: DatabaseClient,
  marketId: string,
  agent: string,
): Promise<Outcome<{ locked: LockedAgent }>> {
  const market = await client.query('select from markets where market_id = $1', [marketId])
  if (market.rowCount === 0) return refuseUnknownMarket(marketId)
  const [locked] = await lockAgents(client, NAMED, [marketId, [agent]])
  return locked === undefined ? refuseUnknownAgent(marketId, agent) : { ok: true, locked }
}
