import type { Database } from '../pool.ts'

/** An open prompt, as far as its workflow's name goes. */
export interface NamedPrompt {
  promptId: string
  marketId: string
  agent: string
}

/** Open prompts whose workflow was not started yet, the oldest first. */
export async function findUnstartedPrompts(db: Database, limit: number): Promise<NamedPrompt[]> {
  const { rows } = await db.query(
    `select p.prompt_id, p.market_id, a.name from prompts p join agents a using (agent_id)
      where p.status = 'open' and not p.workflow_started order by p.opened_at limit $1`,
    [limit],
  )
  return rows.map(row => ({ promptId: row.prompt_id, marketId: row.market_id, agent: row.name }))
}

/** Remembers that these prompts' workflows were started; one that was resolved meanwhile needs none. */
export async function markPromptsStarted(db: Database, promptIds: readonly string[]): Promise<void> {
  if (promptIds.length === 0) return
  await db.query(`update prompts set workflow_started = true where prompt_id = any($1) and status = 'open'`, [
    promptIds,
  ])
}
