import { v7 as uuidV7 } from 'uuid'
import { draftEvent } from '../events/draft.ts'
import { bidExpiredEvent, leaseEndedEvent } from '../market/settlement.ts'
import { endBids, lockBook, releaseHold, writeAgents } from './book.ts'
import { closeBatch, startBatch, writeEvents } from './event-batch.ts'
import { changeLeased, endDueLeases, leasedChange, lockBidsOfDueLeases } from './lease-ends.ts'
import type { Database, DatabaseClient } from './pool.ts'
import { REFUSAL_FOLDING_SECONDS } from './refusal-counters.ts'
import { inTransaction } from './transaction.ts'

/** At most this many bids expire in one transaction; the market comes back for the rest. */
const MAX_EXPIRED = 10_000

/** Does what has come due: ends leases, expires bids, tells folded refusals. Locks as a settlement does. */
export async function tidyMarket(
  db: Database,
  marketId: string,
): Promise<{ leasesEnded: number; bidsExpired: number; refusalsTold: number; woken: boolean }> {
  return await inTransaction(db, async client => {
    const { bids, agents } = await lockBook(client, marketId, { expiredNow: true, limit: MAX_EXPIRED })
    const { untilMs } = await lockBidsOfDueLeases(client, marketId)
    const batch = await startBatch(client, marketId)
    const leases = await endDueLeases(client, marketId, batch.nowMs, untilMs)
    for (const bid of bids) releaseHold(agents.get(bid.payerId)!, bid.amountMicro)
    await endBids(
      client,
      bids.map(bid => bid.bidId),
      'expired',
    )
    await writeAgents(client, [...agents.values()])
    const refusals = await takeRefusals(client, marketId, batch.nowMs)
    await changeLeased(client, marketId, leasedChange([], leases))

    const operation = uuidV7()
    const events = [
      ...leases.map(lease => leaseEndedEvent(operation, lease)),
      ...bids.map(bid => bidExpiredEvent(operation, bid)),
      ...refusals.map(({ agent, reason, count }) =>
        draftEvent(
          operation,
          'bid_rejected',
          { reason, required: null, available: null, count },
          { correlationId: operation, ...(agent === null ? {} : { agent }) },
        ),
      ),
    ]
    const counts = { leasesEnded: leases.length, bidsExpired: bids.length, refusalsTold: refusals.length }
    if (events.length === 0) return { ...counts, woken: false }
    await writeEvents(client, batch, events)
    const { woken } = await closeBatch(client, batch, events.length)
    return { ...counts, woken }
  })
}

async function takeRefusals(client: DatabaseClient, marketId: string, nowMs: number) {
  const { rows } = await client.query(
    `delete from refusal_counters where market_id = $1 and since + make_interval(secs => $3) <= $2
     returning agent, reason, refused`,
    [marketId, new Date(nowMs), REFUSAL_FOLDING_SECONDS],
  )
  return rows.map(row => ({
    agent: row.agent as string | null,
    reason: row.reason,
    count: Number(row.refused),
  }))
}
