import { v7 as uuidV7 } from 'uuid'
import type { CancelRequest } from '../economy/economy.ts'
import { bidIdProblem, type Cancellation, decideCancellation } from '../market/cancellation.ts'
import { closeBatch, startBatch, writeEvents } from './event-batch.ts'
import type { Database } from './pool.ts'
import { inTransaction } from './transaction.ts'

/**
 * Takes a pending bid out of the book and releases its hold; only its payer may. Cancelling again answers
 * the same. Locks the payer, under whose lock alone its bids leave the book. A cancel that comes after a settlement
 * took the bid is refused.
 */
export async function cancelBid(
  db: Database,
  request: CancelRequest,
): Promise<Cancellation['outcome'] & { woken?: boolean }> {
  const { marketId, agent, bidId } = request
  const problem = bidIdProblem(bidId)
  if (problem !== null) return problem
  return await inTransaction(db, async client => {
    const payer = await client.query(
      'select agent_id from agents where market_id = $1 and name = $2 for no key update',
      [marketId, agent],
    )
    const { rows } = await client.query(
      `select agent_id, amount_micro, status, traceparent from bids
        where bid_id = $1 and market_id = $2 and agent_id = $3`,
      [bidId, marketId, payer.rows[0]?.agent_id ?? null],
    )
    const bid = rows[0]
    const found =
      bid === undefined
        ? null
        : { payer: agent, status: bid.status, amountMicro: bid.amount_micro, traceparent: bid.traceparent }
    const { outcome, event } = decideCancellation(request, found, uuidV7())
    if (event === null) return outcome
    const batch = await startBatch(client, marketId)
    await client.query(
      `update agents set available_micro = available_micro + $2, held_micro = held_micro - $2,
              open_bids = open_bids - 1 where agent_id = $1`,
      [bid.agent_id, bid.amount_micro],
    )
    await client.query(`update bids set status = 'cancelled' where bid_id = $1`, [bidId])
    await writeEvents(client, batch, [event])
    const { woken } = await closeBatch(client, batch, 1)
    return { ...outcome, woken }
  })
}
