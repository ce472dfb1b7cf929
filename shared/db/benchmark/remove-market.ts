import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'

const AGENTS = 'agent_id in (select agent_id from agents where market_id = $1)'
const LEASES = 'lease_id in (select lease_id from leases where market_id = $1)'
const BATCHES = 'batch_id in (select batch_id from event_batches where market_id = $1)'
const MARKET = 'market_id = $1'

/** What a market is made of, what refers to something before what it refers to. */
const ROWS: readonly (readonly [table: string, condition: string])[] = [
  ['agent_tokens', AGENTS],
  ['lease_tokens', LEASES],
  ['code_changes', AGENTS],
  ['code_workspaces', AGENTS],
  ['agent_tasks', AGENTS],
  ['programs', MARKET],
  ['workspaces', AGENTS],
  ['executions', MARKET],
  ['prompts', MARKET],
  ['llm_refusals', LEASES],
  ['llm_usage', MARKET],
  ['llm_calls', MARKET],
  ['llm_budgets', MARKET],
  ['llm_minutes', MARKET],
  ['llm_owner_minutes', MARKET],
  ['llm_outages', MARKET],
  ['service_calls', MARKET],
  ['services', MARKET],
  ['holds', MARKET],
  ['messages', MARKET],
  ['leases', MARKET],
  ['bids', AGENTS],
  ['prices', MARKET],
  ['cycles', MARKET],
  ['transactions', BATCHES],
  ['transfers', BATCHES],
  ['operations', MARKET],
  ['refusal_counters', MARKET],
  ['outbox', BATCHES],
  ['span_emissions', MARKET],
  ['announcements', MARKET],
  ['publications', MARKET],
  ['market_resources', MARKET],
  ['system_accounts', MARKET],
  ['event_batches', MARKET],
  ['market_sequences', MARKET],
]

/**
 * Removes all that is kept of a benchmark market that is closed, but its row and its agents' names; false, and nothing is
 * removed, while it is not closed. One that was removed, or never was, is true. Locks the market's row first.
 */
export async function removeMarket(db: Database, marketId: string): Promise<boolean> {
  return await inTransaction(db, async client => {
    const { rows } = await client.query(
      'select status, removed_at from markets where market_id = $1 for update',
      [marketId],
    )
    if (rows[0] === undefined || rows[0].removed_at !== null) return true
    if (rows[0].status !== 'closed') return false
    await client.query('update markets set removed_at = clock_timestamp() where market_id = $1', [marketId])
    for (const [table, condition] of ROWS) {
      await client.query(`delete from ${table} where ${condition}`, [marketId])
    }
    await client.query(
      `update agents set available_micro = 0, held_micro = 0, open_bids = 0, judge_at = null where market_id = $1`,
      [marketId],
    )
    return true
  })
}
