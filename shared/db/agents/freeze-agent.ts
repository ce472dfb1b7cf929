import { v7 as uuidV7 } from 'uuid'
import type { Outcome } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import type { FreezeAgent } from '../../identity/identity.ts'
import { textProblem } from '../../ledger/text-problem.ts'
import { lifeRulesOf, restFrom } from '../../life/life.ts'
import { writeAgents } from '../bids/book.ts'
import { releaseBidsOfAgent } from '../bids/release-open-bids.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { readRules } from '../market/read-rules.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { lockNamedAgent } from './lock-named-agent.ts'

/**
 * Freezes an agent, then releases the bids it has open and those that others have open for it. From the first commit on
 * nothing new is admitted for it, so that the second finds all of them; freezing again goes on with what was left.
 */
export async function freezeAgent(
  db: Database,
  request: FreezeAgent,
): Promise<Outcome<{ agent: string; frozen: true; released: number }> & { woken?: boolean }> {
  const changed = await setFrozen(db, request, true)
  if (!changed.ok) return changed
  let { woken } = changed
  let released = 0
  for (;;) {
    const step = await releaseBidsOfAgent(db, request.marketId, changed.agentId)
    released += step.released
    woken ||= step.woken
    if (!step.isMore) return { ok: true, agent: request.agent, frozen: true, released, woken }
  }
}

/** Lets a frozen agent act again. */
export async function unfreezeAgent(
  db: Database,
  request: FreezeAgent,
): Promise<Outcome<{ agent: string; frozen: false }> & { woken?: boolean }> {
  const changed = await setFrozen(db, request, false)
  return changed.ok ? { ok: true, agent: request.agent, frozen: false, woken: changed.woken } : changed
}

/** Changing nothing writes nothing. Locks the agent, then the sequence row. */
async function setFrozen(
  db: Database,
  { marketId, agent, reason, actor }: FreezeAgent,
  frozen: boolean,
): Promise<Outcome<{ agentId: bigint; woken: boolean }>> {
  const problem = textProblem({ marketId, agent, reason })
  if (problem !== null) return problem
  return await inTransaction(db, async client => {
    const named = await lockNamedAgent(client, marketId, agent)
    if (!named.ok) return named
    const { locked: found } = named
    const { agentId } = found
    if (found.frozen === frozen) return { ok: true, agentId, woken: false }
    const batch = await startBatch(client, marketId)
    const { rules } = await readRules(client, marketId)
    await client.query('update agents set frozen = $2 where agent_id = $1', [agentId, frozen])
    // While it is frozen nothing becomes of it; then its time begins anew.
    const changed = { ...found, frozen }
    restFrom(changed, lifeRulesOf(rules), batch.nowMs)
    await writeAgents(client, [changed])
    const type = frozen ? 'agent_frozen' : 'agent_unfrozen'
    await writeEvents(client, batch, [
      draftEvent(uuidV7(), type, { actor, reason }, { agent, correlationId: `freeze/${agent}` }),
    ])
    const { woken } = await closeBatch(client, batch, 1)
    return { ok: true, agentId, woken }
  })
}
