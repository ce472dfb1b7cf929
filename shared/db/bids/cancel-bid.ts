import { v7 as uuidV7 } from 'uuid'
import type { CancelRequest } from '../../economy/economy.ts'
import { lifeRulesOf, restFrom } from '../../life/life.ts'
import { releaseHold } from '../../market/bid-holds.ts'
import { bidIdProblem, type Cancellation, decideCancellation } from '../../market/cancellation.ts'
import { lockAgents } from '../agents/lock-agents.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { readRules } from '../market/read-rules.ts'
import type { Database } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { endBids, writeAgents } from './book.ts'

/**
 * Takes a pending bid out of the book and releases its hold; only its payer may. Cancelling again answers
 * the same. Locks the payer, under whose lock alone its bids leave the book, and the beneficiary. A cancel that comes
 * after a settlement took the bid is refused.
 */
export async function cancelBid(
  db: Database,
  request: CancelRequest,
): Promise<Cancellation['outcome'] & { woken?: boolean }> {
  const { marketId, agent, bidId } = request
  const problem = bidIdProblem(bidId)
  if (problem !== null) return problem
  return await inTransaction(db, async client => {
    const agents = await lockAgents(
      client,
      `agent_id in (
         select unnest(array[b.agent_id, b.beneficiary_id]) from bids b join agents p on p.agent_id = b.agent_id
          where b.bid_id = $1 and b.market_id = $2 and p.name = $3)`,
      [bidId, marketId, agent],
    )
    const payer = agents.find(one => one.name === agent)
    const { rows } = await client.query(
      'select amount_micro, status, traceparent from bids where bid_id = $1 and agent_id = $2',
      [bidId, payer?.agentId ?? null],
    )
    const bid = rows[0]
    const found =
      bid === undefined
        ? null
        : { payer: agent, status: bid.status, amountMicro: bid.amount_micro, traceparent: bid.traceparent }
    const { outcome, event } = decideCancellation(request, found, uuidV7())
    if (event === null) return outcome
    const { rules } = await readRules(client, marketId)
    const batch = await startBatch(client, marketId)
    releaseHold(payer!, bid.amount_micro)
    for (const one of agents) restFrom(one, lifeRulesOf(rules), batch.nowMs)
    await writeAgents(client, agents)
    await endBids(client, [bidId], 'cancelled')
    await writeEvents(client, batch, [event])
    const { woken } = await closeBatch(client, batch, 1)
    return { ...outcome, woken }
  })
}
