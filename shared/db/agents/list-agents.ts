import { formatCredits } from '../../money/credits.ts'
import type { Database } from '../pool.ts'

/** An agent and its money; balance = available + held. */
export interface ListedAgent {
  agent: string
  displayName: string
  owner: string | null
  status: 'alive' | 'dormant' | 'dead'
  balance: string
  available: string
  held: string
  openBids: number
  createdAt: string
}

const SELECT_AGENTS = `
  select name, display_name, owner, status, available_micro, held_micro, open_bids, created_at
    from agents where market_id = $1`

/** Agents of a market by name, at most `limit` after the name `after` (empty: from the first). */
export async function listAgents(
  db: Database,
  marketId: string,
  limit: number,
  after = '',
): Promise<ListedAgent[]> {
  const { rows } = await db.query(`${SELECT_AGENTS} and name > $3 order by name limit $2`, [
    marketId,
    limit,
    after,
  ])
  return rows.map(listed)
}

/** One agent, or null. */
export async function readAgent(db: Database, marketId: string, agent: string): Promise<ListedAgent | null> {
  const { rows } = await db.query(`${SELECT_AGENTS} and name = $2`, [marketId, agent])
  return rows.length === 0 ? null : listed(rows[0])
}

// biome-ignore lint/suspicious/noExplicitAny: a row as the driver gives it
function listed(row: any): ListedAgent {
  return {
    agent: row.name,
    displayName: row.display_name,
    owner: row.owner,
    status: row.status,
    balance: formatCredits(row.available_micro + row.held_micro),
    available: formatCredits(row.available_micro),
    held: formatCredits(row.held_micro),
    openBids: row.open_bids,
    createdAt: row.created_at.toISOString(),
  }
}
