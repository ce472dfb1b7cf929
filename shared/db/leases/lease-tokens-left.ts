import type { Database } from '../pool.ts'

/** Whether a lease's tokens for models are used up: it called, and nothing is left, or too little for a call it made. */
export async function areTokensUsedUp(db: Database, leaseId: string): Promise<boolean> {
  const { rows } = await db.query(
    'select was_used_up or used_tokens + reserved_tokens >= granted_tokens as used_up from llm_budgets where lease_id = $1',
    [leaseId],
  )
  return rows[0]?.used_up === true
}
