import { type Outcome, refuse } from '../../economy/refusal.ts'
import { runAgentOperation } from '../agent-operation.ts'
import type { Database } from '../pool.ts'
import { findAgentId } from './find-agent-id.ts'

/** A task as its agent reads it; nothing by which it is judged. */
export interface AgentTask {
  text: string
  situation: unknown
  decisions: string[]
  outputSchema: unknown
}

/** Gives an agent its task, once: what it was given before stays. The deadline counts from now, by Postgres's clock. */
export async function giveTask(
  db: Database,
  { marketId, agent }: { marketId: string; agent: string },
  task: AgentTask,
  deadlineSeconds: number,
): Promise<void> {
  await db.query(
    `insert into agent_tasks (agent_id, task, deadline_at, given_at)
     select agent_id, $3, now + make_interval(secs => $4), now
       from agents, date_trunc('milliseconds', clock_timestamp()) as now
      where market_id = $1 and name = $2
     on conflict (agent_id) do nothing`,
    [marketId, agent, JSON.stringify(task), deadlineSeconds],
  )
}

/** The task of an agent. Refuses `no_task`. */
export async function readTask(
  db: Database,
  marketId: string,
  agent: string,
): Promise<Outcome<AgentTask & { deadlineAt: string | null }>> {
  const found = await findAgentId(db, marketId, agent)
  if (!found.ok) return found
  const { rows } = await db.query('select task, deadline_at from agent_tasks where agent_id = $1', [
    found.agentId,
  ])
  if (rows.length === 0) return refuseNoTask(agent)
  return { ok: true, ...rows[0].task, deadlineAt: rows[0].deadline_at?.toISOString() ?? null }
}

/** Notes that an agent says it is done. The agent's own row is locked, then its task's; no event beside the observed call. */
export async function finishTask(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  { marketId, agent, key }: { marketId: string; agent: string; key: string | null },
): Promise<Outcome<{ status: 'finished' }>> {
  return await runAgentOperation<{ status: 'finished' }>(db, hint, {
    marketId,
    agent,
    key,
    content: { operation: 'task.finish' },
    async act({ client, caller, batch }) {
      const { rowCount } = await client.query(
        'update agent_tasks set finished_at = coalesce(finished_at, $2) where agent_id = $1',
        [caller.agentId, new Date(batch.nowMs)],
      )
      return { outcome: rowCount === 0 ? refuseNoTask(agent) : { ok: true, status: 'finished' } }
    },
  })
}

function refuseNoTask(agent: string) {
  return refuse('no_task', `agent ${agent} was given no task`)
}
