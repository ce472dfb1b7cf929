import type { RegisterAgent } from '../../economy/economy.ts'
import { type Outcome, refuse, refuseUnknownMarket } from '../../economy/refusal.ts'
import { refuseMintExhausted } from '../../ledger/mint-limit.ts'
import { lifeRulesOf } from '../../life/life.ts'
import { refuseAgentExists, registrationEffects, registrationProblem } from '../../market/registration.ts'
import { closeBatch, MarketMoved, startBatch, writeEvents } from '../events/event-batch.ts'
import { isMintExhausted } from '../ledger/mint-limit.ts'
import { postMovements } from '../ledger/postings.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { insertAgent } from './insert-agent.ts'
import { writeProgram } from './programs.ts'

/** Registers an agent with an endowment from the mint. A name that is taken in this market is refused. */
export async function registerAgent(
  db: Database,
  request: RegisterAgent,
): Promise<Outcome<{ agent: string; balance: string }> & { woken?: boolean }> {
  const { marketId, agent, creditsMicro } = request
  const problem = registrationProblem(request)
  if (problem !== null) return problem
  try {
    return await inTransaction(db, async client => {
      const market = await client.query('select rules from markets where market_id = $1', [marketId])
      if (market.rows.length === 0) return refuseUnknownMarket(marketId)
      if (request.owner !== undefined) {
        await client.query(
          `insert into owners (market_id, owner)
           select $1, $2 where not exists (select from agents where market_id = $1 and name = $3)
           on conflict do nothing`,
          [marketId, request.owner, agent],
        )
      }
      const batch = await startBatch(client, marketId)
      const row = {
        marketId,
        name: agent,
        displayName: request.displayName ?? agent,
        owner: request.owner ?? null,
        creditsMicro,
        parentId: null,
      }
      const agentId = await insertAgent(client, row, lifeRulesOf(market.rows[0].rules), batch.nowMs)
      if (agentId === null) return refuseAgentExists(marketId, agent)
      if (request.program !== undefined) {
        await writeProgram(client, marketId, agentId, request.program)
      }
      const { balance, events, movements } = registrationEffects(request, agentId)
      await postMovements(client, batch, movements)
      await writeEvents(client, batch, events)
      const { woken } = await closeBatch(client, batch, events.length, { requireAccepting: true })
      return { ok: true, agent, balance, woken }
    })
  } catch (error) {
    if (error instanceof MarketMoved)
      return refuse('market_closed', `market ${marketId} is closed`, 'marketId')
    if (isMintExhausted(error)) return refuseMintExhausted(marketId)
    throw error
  }
}
