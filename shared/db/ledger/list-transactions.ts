import { formatCredits } from '../../money/credits.ts'
import type { Database } from '../pool.ts'

/** One movement of an agent's credits; negative when they left. */
export interface ListedTransaction {
  id: string
  timestamp: string
  amount: string
  balanceAfter: string
  purpose: string
  ref: string
}

/** A page of transactions starts below this place: the newest first, by time and then by id. */
export interface TransactionPlace {
  timestamp: string
  id: string
}

const NEWEST: TransactionPlace = { timestamp: 'infinity', id: '9223372036854775807' }

/** One agent's page of transactions, read in the order of the index on (agent_id, timestamp, id). */
export const AGENT_TRANSACTIONS_PAGE = `
  select id, timestamp, amount_micro, balance_after_micro, purpose, ref from transactions
   where agent_id = $1 and (timestamp, id) < ($2, $3)
   order by timestamp desc, id desc limit $4`

/** The newest movements of an agent's credits (its surrogate id), at most `limit` below `before`. */
export async function listTransactions(
  db: Database,
  agentId: bigint,
  limit: number,
  before: TransactionPlace = NEWEST,
): Promise<ListedTransaction[]> {
  const { rows } = await db.query(AGENT_TRANSACTIONS_PAGE, [agentId, before.timestamp, before.id, limit])
  return rows.map(row => ({
    id: String(row.id),
    timestamp: row.timestamp.toISOString(),
    amount: formatCredits(row.amount_micro),
    balanceAfter: formatCredits(row.balance_after_micro),
    purpose: row.purpose,
    ref: row.ref,
  }))
}
