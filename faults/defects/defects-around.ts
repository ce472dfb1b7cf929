import { closeBatch, startBatch, writeEvents } from '../../shared/db/events/event-batch.ts'
import { postMovements } from '../../shared/db/ledger/postings.ts'
import { createDatabase, type DatabaseClient } from '../../shared/db/pool.ts'
import { inTransaction } from '../../shared/db/transaction.ts'
import { draftEvent } from '../../shared/events/draft.ts'
import type { Surroundings } from '../../workers/run-market-worker.ts'
import type { DefectName } from './defect-names.ts'

/** Surroundings with a defect in each of the markets chosen; `onEffect` is told the market when it has done harm. */
export function defectsAround(
  postgresUrl: string,
  chosen: Readonly<Record<string, DefectName>>,
  onEffect: (marketId: string) => void,
): {
  around: Partial<Surroundings>
  close: () => Promise<void>
} {
  const db = createDatabase(postgresUrl, 'bourse deliberate defect', 1)
  /** Markets whose lost event is chosen: the publisher must not find it at another try. */
  const lostSeqs = new Map<string, number>()

  const around: Partial<Surroundings> = {
    economy: economy => ({
      ...economy,
      async settleCycle(marketId, cycle) {
        const settled = await economy.settleCycle(marketId, cycle)
        if (chosen[marketId] === 'double-settlement' && settled.winners > 0) {
          const isCharged = await inTransaction(db, client => chargeAgain(client, marketId, cycle))
          if (isCharged) onEffect(marketId)
        }
        return settled
      },
      async admitBids(marketId, submissions) {
        const verdicts = await economy.admitBids(marketId, submissions)
        if (chosen[marketId] === 'skipped-hold') {
          const bidIds = verdicts.flatMap(verdict => (verdict.ok ? [verdict.bidId] : []))
          const { rowCount } = await db.query(
            `update agents a set available_micro = a.available_micro + b.amount_micro,
                                 held_micro = a.held_micro - b.amount_micro
               from bids b
              where b.bid_id = (select min(bid_id::text)::uuid from bids where bid_id = any($1::uuid[]) and status = 'pending')
                and a.agent_id = b.agent_id and a.held_micro >= b.amount_micro`,
            [bidIds],
          )
          if (rowCount === 1) onEffect(marketId)
        }
        return verdicts
      },
    }),
    outbox: outbox => ({
      ...outbox,
      async readEvents(marketId, afterSeq, limit) {
        const events = await outbox.readEvents(marketId, afterSeq, limit)
        if (chosen[marketId] !== 'lost-publish' || events.length === 0) return events
        const lost = lostSeqs.get(marketId) ?? events.at(-1)!.seq
        lostSeqs.set(marketId, lost)
        const sent = events.filter(event => event.seq !== lost)
        if (sent.length < events.length) onEffect(marketId)
        return sent
      },
    }),
  }
  return { around, close: () => db.end() }
}

/** Charges a winner of the cycle once more, with everything else as it should be: sums, events, constraints. */
async function chargeAgain(client: DatabaseClient, marketId: string, cycle: number): Promise<boolean> {
  const { rows } = await client.query(
    `select a.agent_id, a.name, b.bid_id, b.amount_micro
       from bids b join agents a using (agent_id)
      where b.market_id = $1 and b.decided_cycle = $2 and b.status in ('winning', 'completed')
        and a.available_micro >= b.amount_micro
      order by b.rank limit 1 for no key update of a`,
    [marketId, cycle],
  )
  const winner = rows[0]
  if (winner === undefined) return false
  const { rows: changed } = await client.query(
    `update agents set available_micro = available_micro - $2 where agent_id = $1
     returning available_micro + held_micro as balance_micro`,
    [winner.agent_id, winner.amount_micro],
  )
  const batch = await startBatch(client, marketId)
  const from = { agentId: winner.agent_id, balanceAfterMicro: changed[0].balance_micro }
  await postMovements(client, batch, [
    { from, to: 'burn', amountMicro: winner.amount_micro, purpose: 'bid_payment', ref: winner.bid_id },
  ])
  const operation = `double/${winner.bid_id}`
  const data = {
    agent_id: winner.name,
    amount: String(Number(winner.amount_micro) / 1e6),
    reason: 'bid_payment',
  }
  await writeEvents(client, batch, [
    draftEvent(operation, 'credits_burned', data, { agent: winner.name, correlationId: winner.bid_id }),
  ])
  await closeBatch(client, batch, 1)
  return true
}
