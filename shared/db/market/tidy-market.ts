import { v7 as uuidV7 } from 'uuid'
import {
  type FoldedRefusal,
  foldedRefusalEvent,
  inTellingOrder,
  REFUSAL_FOLDING_SECONDS,
} from '../../bid/folded-refusal.ts'
import type { TidyCounts } from '../../economy/economy.ts'
import { lifeRulesOf } from '../../life/life.ts'
import { restAfterBids } from '../../life/rest.ts'
import { releaseHolds } from '../../market/bid-holds.ts'
import { bidExpiredEvent, leaseEndedEvent } from '../../market/settlement.ts'
import { judgeLives } from '../agents/judge-lives.ts'
import { endBids, lockBook, writeAgents } from '../bids/book.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { changeLeased, endDueLeases, leasedChange, lockBidsOfDueLeases } from '../leases/lease-ends.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { readRules } from './read-rules.ts'

/** At most this many bids expire in one transaction; the market comes back for the rest. */
const MAX_EXPIRED = 10_000

/** Does what has come due: ends leases, expires bids, judges lives, tells folded refusals. Locks as a settlement does. */
export async function tidyMarket(db: Database, marketId: string): Promise<TidyCounts & { woken: boolean }> {
  return await inTransaction(db, async client => {
    const { bids, agents } = await lockBook(client, marketId, { expiredNow: true, limit: MAX_EXPIRED })
    const { untilMs } = await lockBidsOfDueLeases(client, marketId)
    const batch = await startBatch(client, marketId)
    const leases = await endDueLeases(client, marketId, batch.nowMs, untilMs)
    const { rules, isOver } = await readRules(client, marketId)
    const lifeRules = lifeRulesOf(rules)
    releaseHolds(agents, bids)
    restAfterBids(agents, lifeRules, bids, batch.nowMs)
    await endBids(
      client,
      bids.map(bid => bid.bidId),
      'expired',
    )
    await writeAgents(client, [...agents.values()])
    const operation = uuidV7()
    const lives = isOver ? [] : await judgeLives(client, batch, lifeRules, operation)
    const refusals = await takeRefusals(client, marketId, batch.nowMs)
    await changeLeased(client, marketId, leasedChange([], leases))

    const events = [
      ...leases.map(lease => leaseEndedEvent(operation, lease)),
      ...bids.map(bid => bidExpiredEvent(operation, bid)),
      ...lives,
      ...refusals.map(refusal => foldedRefusalEvent(operation, refusal)),
    ]
    const counts = {
      leasesEnded: leases.length,
      bidsExpired: bids.length,
      livesChanged: lives.length,
      refusalsTold: refusals.length,
    }
    if (events.length === 0) return { ...counts, woken: false }
    await writeEvents(client, batch, events)
    const { woken } = await closeBatch(client, batch, events.length)
    return { ...counts, woken }
  })
}

async function takeRefusals(
  client: DatabaseClient,
  marketId: string,
  nowMs: number,
): Promise<FoldedRefusal[]> {
  const { rows } = await client.query(
    `delete from refusal_counters where market_id = $1 and since + make_interval(secs => $3) <= $2
     returning agent, reason, refused`,
    [marketId, new Date(nowMs), REFUSAL_FOLDING_SECONDS],
  )
  return inTellingOrder(
    rows.map(row => ({ agent: row.agent, reason: row.reason, count: Number(row.refused) })),
  )
}
