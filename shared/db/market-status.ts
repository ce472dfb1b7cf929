import { v7 as uuidV7 } from 'uuid'
import type { MarketStatus } from '../economy/economy.ts'
import { type Outcome, refuse, refuseUnknownMarket } from '../economy/refusal.ts'
import { draftEvent } from '../events/draft.ts'
import { closeBatch, startBatch, writeEvents } from './event-batch.ts'
import type { Database } from './pool.ts'
import { inTransaction } from './transaction.ts'

const TRANSITIONS = {
  pause: { to: 'paused', event: 'market_paused' },
  resume: { to: 'open', event: 'market_resumed' },
  close: { to: 'closing', event: 'market_closed' },
} as const satisfies Record<string, { to: MarketStatus; event: string }>

/**
 * Pauses, resumes or closes a market; asking for what already is changes nothing. Closing ends admission in the
 * same transaction, from a paused market too, and cannot be taken back.
 */
export async function changeMarketStatus(
  db: Database,
  marketId: string,
  change: keyof typeof TRANSITIONS,
  actor: string,
): Promise<Outcome<{ status: MarketStatus }> & { woken?: boolean }> {
  return await inTransaction(db, async client => {
    const { rows } = await client.query('select status from markets where market_id = $1 for no key update', [
      marketId,
    ])
    if (rows.length === 0) return refuseUnknownMarket(marketId)
    const { to, event } = TRANSITIONS[change]
    const current: MarketStatus = rows[0].status
    const isClosed = current === 'closing' || current === 'closed'
    if (current === to || (change === 'close' && isClosed)) return { ok: true, status: current }
    if (isClosed)
      return refuse('market_closed', `market ${marketId} is ${current} and cannot ${change}`, 'marketId')
    const batch = await startBatch(client, marketId)
    await client.query('update markets set status = $2 where market_id = $1', [marketId, to])
    await writeEvents(client, batch, [draftEvent(uuidV7(), event, { actor }, { correlationId: marketId })])
    const { woken } = await closeBatch(client, batch, 1, { closeAdmission: change === 'close' })
    return { ok: true, status: to, woken }
  })
}
