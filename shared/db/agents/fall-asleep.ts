import { type Outcome, refuse } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import { balanceMicro } from '../../ledger/decisions.ts'
import { formatCredits } from '../../money/credits.ts'
import { runAgentOperation } from '../agent-operation.ts'
import type { Database } from '../pool.ts'

/**
 * Makes an agent dormant because it asks for it: it may bid and be bid for, and the next win wakes it. One that is
 * dormant stays so; one with an active lease is at work and is refused.
 */
export function fallAsleep(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  { marketId, agent, key }: { marketId: string; agent: string; key: string | null },
): Promise<Outcome<{ status: 'dormant' }>> {
  return runAgentOperation<{ status: 'dormant' }>(db, hint, {
    marketId,
    agent,
    key,
    content: { operation: 'life.sleep' },
    async act({ client, batch, caller, operationId }) {
      const { rows } = await client.query(
        `select a.status, exists (select from leases l where l.beneficiary_id = a.agent_id and l.status = 'active'
                                     and l.ends_at > $2) as at_work
           from agents a where a.agent_id = $1`,
        [caller.agentId, new Date(batch.nowMs)],
      )
      const { status, at_work: atWork } = rows[0]
      if (atWork)
        return { outcome: refuse('lease_active', `agent ${agent} has an active lease: it is at work`) }
      const outcome = { ok: true, status: 'dormant' } as const
      if (status === 'dormant') return { outcome }
      await client.query(
        `update agents set status = 'dormant', dormant_reason = 'voluntary', idle_from = greatest(idle_from, $2),
                judge_at = null where agent_id = $1`,
        [caller.agentId, new Date(batch.nowMs)],
      )
      const data = { final_balance: formatCredits(balanceMicro(caller)), reason: 'voluntary' } as const
      const context = { agent, correlationId: operationId }
      return { outcome, events: [draftEvent(operationId, 'agent_dormant', data, context)] }
    },
  })
}
