import { type Outcome, refuse } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import { hashToken, newToken } from '../../identity/token.ts'
import { lifeRulesOf } from '../../life/life.ts'
import {
  describeBirth,
  inheritProgram,
  refuseSpawn,
  type SpawnRequest,
  spawnEffects,
  spawnFeeMicro,
} from '../../life/spawn.ts'
import { refuseAgentExists } from '../../market/registration.ts'
import { runAgentOperation } from '../agent-operation.ts'
import { readRules } from '../market/read-rules.ts'
import type { Database } from '../pool.ts'
import { insertAgent } from './insert-agent.ts'
import { readProgram, writeProgram } from './programs.ts'

export type Birth = Outcome<{
  operationId: string
  agent: string
  credits: string
  fee: string
  balance: string
}>

/**
 * Spawns an agent in one transaction: the parent pays, the child is there with what it was given, its parent's owner and
 * program, and a token, which this answer alone carries: asked again under its key it is null.
 */
export async function spawnAgent(
  db: Database,
  hint: (marketId: string) => Promise<void>,
  {
    marketId,
    parent,
    key,
    ...request
  }: SpawnRequest & { marketId: string; parent: string; key: string | null },
): Promise<Birth & { token?: string | null }> {
  const { child, files } = request
  let drawn: { operationId: string; token: string } | null = null
  const outcome = await runAgentOperation<Extract<Birth, { ok: true }>>(db, hint, {
    marketId,
    agent: parent,
    key,
    content: { operation: 'spawn', ...request },
    async act({ client, batch, caller, operationId }) {
      const { rules, isOver } = await readRules(client, marketId)
      if (isOver) return { outcome: refuse('market_closed', `market ${marketId} takes no more agents`) }
      const feeMicro = spawnFeeMicro(rules)
      const problem = refuseSpawn(caller, feeMicro, request)
      if (problem !== null) return { outcome: problem }
      const inherited = inheritProgram(await readProgram(client, caller.agentId), files)
      if (!inherited.ok) return { outcome: inherited }
      const { rows } = await client.query('select owner from agents where agent_id = $1', [caller.agentId])
      const row = {
        marketId,
        name: child,
        displayName: child,
        owner: rows[0].owner,
        creditsMicro: request.creditsMicro,
        parentId: caller.agentId,
      }
      const childId = await insertAgent(client, row, lifeRulesOf(rules), batch.nowMs)
      if (childId === null) return { outcome: refuseAgentExists(marketId, child) }
      if (inherited.program !== null) await writeProgram(client, marketId, childId, inherited.program)
      const effects = spawnEffects(operationId, caller, feeMicro, { ...request, childId })
      const token = newToken('agent')
      const issued = await client.query(
        'insert into agent_tokens (token_hash, agent_id, issued_at) values ($1, $2, $3) returning token_id',
        [hashToken(token), childId, new Date(batch.nowMs)],
      )
      drawn = { operationId, token }
      const data = { token_id: String(issued.rows[0].token_id), actor: parent }
      const context = { agent: child, correlationId: operationId }
      return {
        outcome: { ok: true, operationId, ...describeBirth(effects.parent, feeMicro, request) },
        agents: [effects.parent],
        movements: effects.movements,
        events: [...effects.events, draftEvent(operationId, 'agent_token_issued', data, context)],
      }
    },
  })
  if (!outcome.ok) return outcome
  return { ...outcome, token: tokenOf(drawn, outcome.operationId) }
}

/** A token that was drawn in an attempt that did not commit is nobody's. */
function tokenOf(drawn: { operationId: string; token: string } | null, operationId: string): string | null {
  return drawn?.operationId === operationId ? drawn.token : null
}
