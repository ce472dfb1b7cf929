import { v7 as uuidV7 } from 'uuid'
import type { Outcome } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import type { ReviveAgent } from '../../identity/identity.ts'
import { textProblem } from '../../ledger/text-problem.ts'
import { awaken, lifeRulesOf } from '../../life/life.ts'
import { formatCredits } from '../../money/credits.ts'
import { writeAgents } from '../bids/book.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { readRules } from '../market/read-rules.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import type { LockedAgent } from './lock-agents.ts'
import { lockNamedAgent } from './lock-named-agent.ts'

/**
 * Makes a dead agent alive again, and wakes a dormant one; one that is alive is left as it is. Its time of idleness begins
 * anew. Locks the agent, then the sequence row.
 */
export async function reviveAgent(
  db: Database,
  { marketId, agent, reason, actor }: ReviveAgent,
): Promise<Outcome<{ agent: string; status: 'alive'; was: LockedAgent['status'] }> & { woken?: boolean }> {
  const problem = textProblem({ marketId, agent, reason })
  if (problem !== null) return problem
  return await inTransaction(db, async client => {
    const named = await lockNamedAgent(client, marketId, agent)
    if (!named.ok) return named
    const { locked: found } = named
    const { status: was } = found
    if (was === 'alive') return { ok: true, agent, status: 'alive', was }
    const { rules } = await readRules(client, marketId)
    const batch = await startBatch(client, marketId)
    awaken(found, lifeRulesOf(rules), batch.nowMs)
    await writeAgents(client, [found])
    await writeEvents(client, batch, [revivalEvent(found, was, { actor, reason })])
    const { woken } = await closeBatch(client, batch, 1)
    return { ok: true, agent, status: 'alive', was, woken }
  })
}

function revivalEvent(agent: LockedAgent, was: 'dormant' | 'dead', act: { actor: string; reason: string }) {
  const context = { agent: agent.name, correlationId: `life/${agent.name}` }
  if (was === 'dead') return draftEvent(uuidV7(), 'agent_revived', act, context)
  const current_balance = formatCredits(agent.availableMicro + agent.heldMicro)
  return draftEvent(uuidV7(), 'agent_awake', { awakened_by: 'system', current_balance, ...act }, context)
}
