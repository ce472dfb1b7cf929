import { v7 as uuidV7 } from 'uuid'
import type { CycleSummary } from '../../economy/economy.ts'
import { UnknownCycle } from '../../economy/unknown-cycle.ts'
import { lifeRulesOf } from '../../life/life.ts'
import { restAfterSettlement } from '../../life/rest.ts'
import { resolveHolds } from '../../market/bid-holds.ts'
import { pausedUpToMs } from '../../market/market-clock.ts'
import { decideSettlement, type Settlement } from '../../market/settlement.ts'
import { wakeWinners } from '../../market/wake-winners.ts'
import { judgeLives } from '../agents/judge-lives.ts'
import { arrayLiteral } from '../array-literal.ts'
import { endBids, lockBook, writeAgents } from '../bids/book.ts'
import { type BatchStart, closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { changeLeased, endDueLeases, leasedChange, lockBidsOfDueLeases } from '../leases/lease-ends.ts'
import { postMovements } from '../ledger/postings.ts'
import { pausesIn } from '../market/pauses.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { readCycle } from './cycles.ts'

/**
 * Clears and settles an open cycle in one transaction; a settled one answers its stored outcome.
 * Locks: the cycle, agents (and with them their bids), leases, system accounts, resources, the sequence row.
 */
export async function settleCycle(
  db: Database,
  marketId: string,
  number: number,
): Promise<{ cycle: CycleSummary; woken: boolean }> {
  return await inTransaction(db, async client => {
    const opened = await lockCycle(client, marketId, number)
    if (opened.settled) return { cycle: (await readCycle(client, marketId, number))!, woken: false }

    const { bids, agents } = await lockBook(client, marketId, {
      upToSeq: opened.cutoffSeq,
      limit: opened.maxBids,
    })
    const { untilMs } = await lockBidsOfDueLeases(client, marketId)
    const leftWaiting = bids.length < opened.maxBids ? 0 : await countWaiting(client, marketId, opened)
    const batch = await startBatch(client, marketId)
    const endedLeases = await endDueLeases(client, marketId, batch.nowMs, untilMs)
    const leasedPpm = await readLeased(client, marketId, batch.nowMs, opened.resources.length)
    const settlement = decideSettlement({
      ...opened,
      cycle: number,
      effectiveAtMs: batch.nowMs,
      leasedPpm,
      bids,
      endedLeases,
      leftWaiting,
      newLeaseId: uuidV7,
    })

    const payments = resolveHolds(agents, settlement)
    const operation = `cycle/${number}`
    const wakings = wakeWinners(operation, settlement.won, agents)
    restAfterSettlement(agents, opened.lifeRules, settlement, batch.nowMs)
    await writeDecidedBids(client, number, settlement)
    await endBids(
      client,
      settlement.expired.map(bid => bid.bidId),
      'expired',
    )
    await writeAgents(client, [...agents.values()])
    const lives = await judgeLives(client, batch, opened.lifeRules, operation)
    await insertLeases(client, batch, number, settlement)
    await insertExecutions(client, marketId, settlement)
    await postMovements(client, batch, payments)
    await changeLeased(
      client,
      marketId,
      leasedChange(
        settlement.won.map(one => one.bid),
        endedLeases,
      ),
    )
    const pausedMs = pausedUpToMs(opened.pauses, batch.nowMs)
    await writeOutcome(client, batch, number, settlement, { considered: bids.length, leftWaiting, pausedMs })
    const events = [...settlement.events, ...wakings, ...lives]
    await writeEvents(client, batch, events)
    const { woken } = await closeBatch(client, batch, events.length)
    return { cycle: (await readCycle(client, marketId, number))!, woken }
  })
}

async function lockCycle(client: DatabaseClient, marketId: string, number: number) {
  const { rows } = await client.query(
    `select c.status, c.cutoff_seq, c.max_bids, c.policy, c.prices_micro, c.price_source, c.price_age_seconds,
            (select price_source from cycles where market_id = $1 and number = $2 - 1) as previous_price_source,
            m.paused_ms, m.paused_at, m.rules,
            (select array_agg(name order by ordinal) from market_resources where market_id = $1) as resources
       from cycles c join markets m using (market_id)
      where c.market_id = $1 and c.number = $2 for no key update of c`,
    [marketId, number],
  )
  const row = rows[0]
  if (row === undefined) throw new UnknownCycle(marketId, number)
  return {
    settled: row.status === 'settled',
    cutoffSeq: row.cutoff_seq as bigint,
    maxBids: row.max_bids as number,
    policy: row.policy,
    pricesMicro: (row.prices_micro as bigint[]).map(Number),
    priceSource: row.price_source,
    priceAgeSeconds: row.price_age_seconds === null ? null : Number(row.price_age_seconds),
    previousPriceSource: row.previous_price_source,
    pauses: pausesIn(row),
    lifeRules: lifeRulesOf(row.rules),
    resources: row.resources as string[],
  }
}

async function countWaiting(
  client: DatabaseClient,
  marketId: string,
  opened: { cutoffSeq: bigint; maxBids: number },
): Promise<number> {
  const { rows } = await client.query(
    `select count(*) as pending from bids b join event_batches e using (batch_id)
      where b.market_id = $1 and b.status = 'pending' and e.first_seq + b.ordinal <= $2`,
    [marketId, opened.cutoffSeq],
  )
  return Number(rows[0].pending) - opened.maxBids
}

/** What leases hold at `atMs`, whatever their status column says. */
async function readLeased(
  client: DatabaseClient,
  marketId: string,
  atMs: number,
  resources: number,
): Promise<number[]> {
  const { rows } = await client.query(
    `select q.place, sum(q.ppm) as ppm
       from leases l cross join lateral unnest(l.quantities_ppm) with ordinality as q(ppm, place)
      where l.market_id = $1 and l.ends_at > $2 group by q.place`,
    [marketId, new Date(atMs)],
  )
  const leasedPpm = new Array<number>(resources).fill(0)
  for (const row of rows) leasedPpm[Number(row.place) - 1] = Number(row.ppm)
  return leasedPpm
}

async function writeDecidedBids(
  client: DatabaseClient,
  number: number,
  settlement: Settlement,
): Promise<void> {
  const decided = [
    ...settlement.won.map(one => ({ ...one, status: 'winning' })),
    ...settlement.lost.map(one => ({ ...one, status: 'outbid' })),
  ]
  if (decided.length > 0) {
    await client.query(
      `update bids b set status = u.status, score = u.score, rank = u.rank, decided_cycle = $1,
              first_considered_cycle = coalesce(b.first_considered_cycle, $1), last_considered_cycle = $1
         from unnest($2::uuid[], $3::text[], $4::numeric[], $5::int[]) as u(bid_id, status, score, rank)
        where b.bid_id = u.bid_id`,
      [
        number,
        arrayLiteral(decided.map(one => one.bid.bidId)),
        arrayLiteral(decided.map(one => one.status)),
        arrayLiteral(decided.map(one => one.score)),
        arrayLiteral(decided.map(one => one.rank)),
      ],
    )
  }
  if (settlement.staying.length > 0) {
    await client.query(
      `update bids set first_considered_cycle = coalesce(first_considered_cycle, $1), last_considered_cycle = $1
        where bid_id = any($2::uuid[])`,
      [number, arrayLiteral(settlement.staying.map(bid => bid.bidId))],
    )
  }
}

async function insertLeases(
  client: DatabaseClient,
  batch: BatchStart,
  number: number,
  { won }: Settlement,
): Promise<void> {
  if (won.length === 0) return
  await client.query(
    `insert into leases (lease_id, market_id, bid_id, agent_id, beneficiary_id, cycle, quantities_ppm,
                         starts_at, ends_at)
     select lease_id, $1, bid_id, agent_id, beneficiary_id, $2, quantities_ppm::int[], $3, ends_at
       from unnest($4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[], $8::text[], $9::timestamptz[])
         as l(lease_id, bid_id, agent_id, beneficiary_id, quantities_ppm, ends_at)`,
    [
      batch.marketId,
      number,
      new Date(batch.nowMs),
      won.map(one => one.leaseId),
      won.map(one => one.bid.bidId),
      won.map(one => one.bid.payerId),
      won.map(one => one.bid.beneficiaryId),
      won.map(one => `{${one.bid.quantitiesPpm.join(',')}}`),
      won.map(one => new Date(one.endsAtMs)),
    ],
  )
}

/** A lease of an agent with a program has an execution from its beginning on; the market starts it. */
async function insertExecutions(
  client: DatabaseClient,
  marketId: string,
  { won }: Settlement,
): Promise<void> {
  if (won.length === 0) return
  await client.query(
    `insert into executions (lease_id, market_id, agent_id)
     select u.lease_id, $1, u.agent_id from unnest($2::uuid[], $3::bigint[]) as u(lease_id, agent_id)
       join programs p on p.agent_id = u.agent_id`,
    [marketId, won.map(one => one.leaseId), won.map(one => one.bid.beneficiaryId)],
  )
}

async function writeOutcome(
  client: DatabaseClient,
  batch: BatchStart,
  number: number,
  settlement: Settlement,
  { considered, leftWaiting, pausedMs }: { considered: number; leftWaiting: number; pausedMs: number },
): Promise<void> {
  await client.query(
    `update cycles set status = 'settled', effective_at = $3, supply_ppm = $4, demand_ppm = $5, considered = $6,
            left_waiting = $7, winners = $8, losers = $9, revenue_micro = $10, utilisation_ppm = $11,
            cutoff_score = $12, paused_ms = $13, batch_id = $14
      where market_id = $1 and number = $2`,
    [
      batch.marketId,
      number,
      new Date(batch.nowMs),
      settlement.supplyPpm,
      settlement.demandPpm,
      considered,
      leftWaiting + settlement.staying.length,
      settlement.won.length,
      settlement.lost.length,
      settlement.revenueMicro,
      settlement.utilisationPpm,
      settlement.cutoffScore,
      pausedMs,
      batch.batchId,
    ],
  )
}
