import { v7 as uuidV7 } from 'uuid'
import { type Outcome, refuse, refuseUnknownMarket } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import { changesLives } from '../../life/life.ts'
import { changeRules as decideRules } from '../../market/change-rules.ts'
import type { MarketRules } from '../../market/rules.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'

/**
 * Changes a market's rules by name. Admission follows at once; a cycle that is open keeps what it froze. Changing
 * nothing writes nothing. Locks the market, agents (sorted) when the rules of their lives change, the sequence row.
 */
export async function changeRules(
  db: Database,
  marketId: string,
  changes: unknown,
  actor: string,
): Promise<Outcome<{ rules: MarketRules }> & { woken?: boolean }> {
  return await inTransaction(db, async client => {
    const { rows } = await client.query(
      'select status, rules from markets where market_id = $1 for no key update',
      [marketId],
    )
    if (rows.length === 0) return refuseUnknownMarket(marketId)
    const { status, rules: before } = rows[0]
    if (status === 'closing' || status === 'closed') {
      return refuse('market_closed', `market ${marketId} is ${status}; its rules stay`, 'marketId')
    }
    const decided = decideRules(before, changes)
    if (!decided.ok) return decided
    const { rules, changed } = decided
    if (changed.length === 0) return { ok: true, rules }
    const batch = await startBatch(client, marketId)
    await client.query('update markets set rules = $2 where market_id = $1', [
      marketId,
      JSON.stringify(rules),
    ])
    if (changesLives(changed)) await judgeAllLives(client, marketId, batch.nowMs)
    const pick = (from: MarketRules) => Object.fromEntries(changed.map(rule => [rule, from[rule]]))
    const data = { before: pick(before), after: pick(rules), actor }
    await writeEvents(client, batch, [
      draftEvent(uuidV7(), 'market_rules_changed', data, { correlationId: marketId }),
    ])
    const { woken } = await closeBatch(client, batch, 1)
    return { ok: true, rules, woken }
  })
}

/** Rules of life have changed: has everybody judged by the new ones. */
async function judgeAllLives(client: DatabaseClient, marketId: string, nowMs: number): Promise<void> {
  await client.query(
    `with living as (
       select agent_id from agents where market_id = $1 and status <> 'dead' order by agent_id for no key update)
     update agents a set judge_at = $2 from living where a.agent_id = living.agent_id`,
    [marketId, new Date(nowMs)],
  )
}
