import type { RegisterAgent } from '../economy/economy.ts'
import { type Outcome, refuse, refuseUnknownMarket } from '../economy/refusal.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import { nameSchema } from '../market/names.ts'
import { formatCredits } from '../money/credits.ts'
import { closeBatch, MarketMoved, startBatch, writeEvents } from './event-batch.ts'
import { isMintExhausted, refuseMintExhausted } from './mint-limit.ts'
import type { Database } from './pool.ts'
import { postMovements } from './postings.ts'
import { inTransaction } from './transaction.ts'

/** Registers an agent with an endowment from the mint. A name that is taken in this market is refused. */
export async function registerAgent(
  db: Database,
  request: RegisterAgent,
): Promise<Outcome<{ agent: string; balance: string }> & { woken?: boolean }> {
  const { marketId, agent, creditsMicro } = request
  const name = nameSchema.safeParse(agent)
  if (!name.success) return refuse('invalid_agent', `an agent's id ${name.error.issues[0]!.message}`, 'agent')
  try {
    return await inTransaction(db, async client => {
      const market = await client.query('select status from markets where market_id = $1', [marketId])
      if (market.rows.length === 0) return refuseUnknownMarket(marketId)
      const inserted = await client.query(
        `insert into agents (market_id, name, display_name, owner, available_micro, created_at)
         values ($1, $2, $3, $4, $5, date_trunc('milliseconds', clock_timestamp()))
         on conflict (market_id, name) do nothing returning agent_id`,
        [marketId, agent, request.displayName ?? agent, request.owner ?? null, creditsMicro],
      )
      if (inserted.rowCount === 0) {
        return refuse(
          'agent_exists',
          `market ${marketId} already has an agent ${JSON.stringify(agent)}`,
          'agent',
        )
      }
      const batch = await startBatch(client, marketId)
      const operation = `register/${agent}`
      const balance = formatCredits(creditsMicro)
      const context = { agent, correlationId: operation }
      const events: EventDraft[] = [
        draftEvent(operation, 'agent_registered', { initial_balance: balance }, context),
      ]
      if (creditsMicro > 0n) {
        const minted = { agent_id: agent, amount: balance, reason: 'endowment', ref: operation }
        events.push(draftEvent(operation, 'credits_minted', minted, context))
        await postMovements(client, batch, [
          {
            from: 'mint',
            to: { agentId: inserted.rows[0].agent_id, balanceAfterMicro: creditsMicro },
            amountMicro: creditsMicro,
            purpose: 'endowment',
            ref: operation,
          },
        ])
      }
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
