import { v7 as uuidV7 } from 'uuid'
import { draftEvent } from '../../events/draft.ts'
import { lifeRulesOf } from '../../life/life.ts'
import { restAfterBids } from '../../life/rest.ts'
import { releaseHolds } from '../../market/bid-holds.ts'
import type { BookBid } from '../../market/settlement.ts'
import { formatCredits } from '../../money/credits.ts'
import type { LockedAgent } from '../agents/lock-agents.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { readRules } from '../market/read-rules.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { endBids, lockBook, writeAgents } from './book.ts'

/** At most this many bids are released in one transaction. */
const MAX_RELEASED = 10_000

/**
 * Cancels the open bids of a closing market and gives their holds back, a bounded number a call; with none left the
 * market is closed. A market that is not closing, or has an open cycle, is left as it is.
 */
export async function releaseOpenBids(
  db: Database,
  marketId: string,
): Promise<{ released: number; closed: boolean; woken: boolean }> {
  return await inTransaction(db, async client => {
    const { rows } = await client.query(
      `select m.status, exists (select from cycles where market_id = $1 and status = 'open') as cycle_is_open
         from markets m where m.market_id = $1 for no key update of m`,
      [marketId],
    )
    const status = rows[0]?.status
    if (status !== 'closing' || rows[0].cycle_is_open)
      return { released: 0, closed: status === 'closed', woken: false }
    const { bids, agents } = await lockBook(client, marketId, { all: true, limit: MAX_RELEASED })
    if (bids.length === 0) {
      await client.query(`update markets set status = 'closed' where market_id = $1`, [marketId])
      return { released: 0, closed: true, woken: false }
    }
    return { ...(await release(client, marketId, bids, agents)), closed: false }
  })
}

/**
 * Cancels the open bids that an agent pays for or would get the lease of, a bounded number a call, and gives their holds
 * back. Answers how many; fewer than asked for: none is left.
 */
export async function releaseBidsOfAgent(
  db: Database,
  marketId: string,
  agentId: bigint,
): Promise<{ released: number; isMore: boolean; woken: boolean }> {
  return await inTransaction(db, async client => {
    const { bids, agents } = await lockBook(client, marketId, { ofAgent: agentId, limit: MAX_RELEASED })
    if (bids.length === 0) return { released: 0, isMore: false, woken: false }
    return { ...(await release(client, marketId, bids, agents)), isMore: bids.length === MAX_RELEASED }
  })
}

/** Cancels bids whose payers are locked. */
async function release(
  client: DatabaseClient,
  marketId: string,
  bids: readonly BookBid[],
  agents: ReadonlyMap<bigint, LockedAgent>,
): Promise<{ released: number; woken: boolean }> {
  const batch = await startBatch(client, marketId)
  const { rules } = await readRules(client, marketId)
  releaseHolds(agents, bids)
  restAfterBids(agents, lifeRulesOf(rules), bids, batch.nowMs)
  await endBids(
    client,
    bids.map(bid => bid.bidId),
    'cancelled',
  )
  await writeAgents(client, [...agents.values()])
  const operation = uuidV7()
  const events = bids.map(bid =>
    draftEvent(
      operation,
      'bid_cancelled',
      { bid_id: bid.bidId, released: formatCredits(bid.amountMicro) },
      { agent: bid.payer, correlationId: bid.bidId, traceparent: bid.traceparent },
    ),
  )
  await writeEvents(client, batch, events)
  const { woken } = await closeBatch(client, batch, events.length)
  return { released: bids.length, woken }
}
