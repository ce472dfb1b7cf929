import { validate as isUuid, v7 as uuidV7 } from 'uuid'
import type { CancelRequest } from '../economy/economy.ts'
import { type Outcome, refuse } from '../economy/refusal.ts'
import { draftEvent } from '../events/draft.ts'
import { formatCredits } from '../money/credits.ts'
import { closeBatch, startBatch, writeEvents } from './event-batch.ts'
import type { Database } from './pool.ts'
import { inTransaction } from './transaction.ts'

export type CancelOutcome = Outcome<{ bidId: string; status: 'cancelled'; released: string }>

/**
 * Takes a pending bid out of the book and releases its hold; only its payer may. Cancelling again answers
 * the same. Locks: the bid, then its payer. A cancel that comes after a settlement took the bid is refused.
 */
export async function cancelBid(
  db: Database,
  { marketId, agent, bidId }: CancelRequest,
): Promise<CancelOutcome & { woken?: boolean }> {
  if (!isUuid(bidId))
    return refuse('unknown_bid', 'bidId: must be the UUID a placed bid answered with', 'bidId')
  return await inTransaction(db, async client => {
    const { rows } = await client.query(
      `select b.agent_id, b.amount_micro, b.status, b.traceparent from bids b
         join agents a using (agent_id)
        where b.bid_id = $1 and b.market_id = $2 and a.name = $3 for no key update of b`,
      [bidId, marketId, agent],
    )
    const bid = rows[0]
    if (bid === undefined) {
      return refuse('unknown_bid', `agent ${agent} has no bid ${bidId} in market ${marketId}`, 'bidId')
    }
    const released = formatCredits(bid.amount_micro)
    if (bid.status === 'cancelled') return { ok: true, bidId, status: 'cancelled', released }
    if (bid.status !== 'pending') return refuse('bid_not_open', `bid ${bidId} is ${bid.status}`, 'bidId')
    await client.query('select from agents where agent_id = $1 for no key update', [bid.agent_id])
    const batch = await startBatch(client, marketId)
    await client.query(
      `update agents set available_micro = available_micro + $2, held_micro = held_micro - $2,
              open_bids = open_bids - 1 where agent_id = $1`,
      [bid.agent_id, bid.amount_micro],
    )
    await client.query(`update bids set status = 'cancelled' where bid_id = $1`, [bidId])
    await writeEvents(client, batch, [
      draftEvent(
        uuidV7(),
        'bid_cancelled',
        { bid_id: bidId, released },
        { agent, correlationId: bidId, traceparent: bid.traceparent },
      ),
    ])
    const { woken } = await closeBatch(client, batch, 1)
    return { ok: true, bidId, status: 'cancelled', released, woken }
  })
}
