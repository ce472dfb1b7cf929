import { v7 as uuidV7 } from 'uuid'
import type { MarketStatus } from '../../economy/economy.ts'
import { type Outcome, refuseUnknownMarket } from '../../economy/refusal.ts'
import { draftEvent } from '../../events/draft.ts'
import { changeStatus, type StatusChange } from '../../market/change-status.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'

/**
 * Pauses, resumes or closes a market; asking for what already is changes nothing. Closing ends admission in the
 * same transaction, from a paused market too, and cannot be taken back.
 */
export async function changeMarketStatus(
  db: Database,
  marketId: string,
  change: StatusChange,
  actor: string,
): Promise<Outcome<{ status: MarketStatus }> & { woken?: boolean }> {
  return await inTransaction(db, async client => {
    const { rows } = await client.query('select status from markets where market_id = $1 for no key update', [
      marketId,
    ])
    if (rows.length === 0) return refuseUnknownMarket(marketId)
    const decided = changeStatus(marketId, rows[0].status, change)
    if (!decided.ok) return decided
    const { status, event } = decided
    if (event === null) return { ok: true, status }
    const batch = await startBatch(client, marketId)
    await client.query(
      `update markets set status = $2,
              paused_ms = paused_ms + coalesce(extract(epoch from $3::timestamptz - paused_at) * 1000, 0)::bigint,
              paused_at = case when $2 = 'paused' then $3::timestamptz end
        where market_id = $1`,
      [marketId, status, new Date(batch.nowMs)],
    )
    await writeEvents(client, batch, [draftEvent(uuidV7(), event, { actor }, { correlationId: marketId })])
    const { woken } = await closeBatch(client, batch, 1, { closeAdmission: change === 'close' })
    return { ok: true, status, woken }
  })
}
