import { v7 as uuidV7 } from 'uuid'
import type { AdmissionAgent, AdmissionMarket, AdmissionOwner, BidVerdict } from '../../bid/admission.ts'
import {
  contentOfBid,
  type DecidedBid,
  decideBatch,
  type PlacedVerdict,
  type ReadableBid,
  readBatch,
} from '../../bid/admission-batch.ts'
import type { CountedRefusal } from '../../bid/folded-refusal.ts'
import type { BidSubmission } from '../../economy/economy.ts'
import type { FirstOutcome } from '../../economy/first-outcome.ts'
import { NAME_PATTERN } from '../../market/name-pattern.ts'
import { FLOOR_PRICE_MICRO } from '../../pricing/price-bounds.ts'
import { lockAgents, NAMED } from '../agents/lock-agents.ts'
import { arrayLiteral } from '../array-literal.ts'
import { closeBatch, MarketMoved, startBatch, writeEvents } from '../events/event-batch.ts'
import { findOutcomes, type StoredOperation, storeOutcomes } from '../operations.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { NEWEST_TICK } from '../prices/newest-prices.ts'
import { inTransaction } from '../transaction.ts'
import { lockOwners, writeOwners } from './admission-owners.ts'
import { countRefusals, createRefusalGathering } from './refusal-counters.ts'

/** A market that closes while a batch is being admitted makes it start again; the second try sees it closed. */
const MAX_ATTEMPTS = 3

export type AdmitBids = (
  marketId: string,
  submissions: readonly BidSubmission[],
) => Promise<{ verdicts: BidVerdict[]; woken: boolean }>

/**
 * Admission on Postgres: a batch of bids of one market in one transaction, each with its own verdict in the order given.
 * Locks: owners, agents (each sorted), operations, then the sequence row. Bids refused cost no more than a counter; a batch in which
 * no bid can be read is counted together with others of its kind.
 */
export function createAdmission(db: Database): AdmitBids {
  const countGathered = createRefusalGathering(db)
  return async (marketId, submissions) => {
    const { readable, refused, counted } = readBatch(submissions)
    const verdicts: BidVerdict[] = new Array(submissions.length)
    for (const { place, verdict } of refused) verdicts[place] = verdict
    if (readable.length === 0) return { verdicts, ...(await countGathered(marketId, counted)) }
    const { judged, woken } = await admitUnlessMoved(db, marketId, readable, counted)
    for (const { place, verdict } of judged) verdicts[place] = verdict
    return { verdicts, woken }
  }
}

async function admitUnlessMoved(
  db: Database,
  marketId: string,
  readable: readonly ReadableBid[],
  unreadable: readonly CountedRefusal[],
): Promise<{ judged: PlacedVerdict[]; woken: boolean }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(db, client => admitReadable(client, marketId, readable, unreadable))
    } catch (error) {
      if (!(error instanceof MarketMoved) || attempt >= MAX_ATTEMPTS) throw error
    }
  }
}

async function admitReadable(
  client: DatabaseClient,
  marketId: string,
  bids: readonly ReadableBid[],
  unreadable: readonly CountedRefusal[],
): Promise<{ judged: PlacedVerdict[]; woken: boolean }> {
  const { agents, owners } = await lockBidders(client, marketId, bids)
  const market = await readMarket(client, marketId)
  if (market === null) {
    const error = {
      code: 'unknown_market' as const,
      message: `there is no market ${JSON.stringify(marketId)}`,
    }
    return { judged: bids.map(({ place }) => ({ place, verdict: { ok: false, error } })), woken: false }
  }
  const batch = await startBatch(client, marketId)
  const firstOutcomes = await firstOutcomesOf(client, marketId, agents, bids)
  const before = new Map([...agents.values()].map(agent => [agent.agentId, { ...agent }]))
  const { verdicts, told, events, counted } = decideBatch({
    market,
    agents,
    bids,
    firstOutcomes,
    nowMs: batch.nowMs,
    newOperationId: uuidV7,
  })

  await updateAgents(
    client,
    [...agents.values()].filter(agent => changed(agent, before.get(agent.agentId)!)),
  )
  await writeOwners(client, marketId, owners)
  if (told.length > 0) {
    await storeOutcomes(
      client,
      marketId,
      batch.nowMs,
      told.flatMap(one => keyedOperation(one, agents)),
    )
    await insertBids(client, marketId, batch, told)
    await writeEvents(client, batch, events)
  }
  const refusals = await countRefusals(client, marketId, [...unreadable, ...counted])
  if (told.length === 0) return { judged: verdicts, woken: refusals.woken }
  const { woken } = await closeBatch(client, batch, told.length, {
    requireAccepting: told.some(one => one.verdict.ok),
  })
  return { judged: verdicts, woken: woken || refusals.woken }
}

/** Locks the owners of payers and beneficiaries, then these, each in their order. */
async function lockBidders(
  client: DatabaseClient,
  marketId: string,
  bids: readonly ReadableBid[],
): Promise<{ agents: Map<string, AdmissionAgent>; owners: AdmissionOwner[] }> {
  const named = new Set(bids.flatMap(bid => [bid.agent, bid.request.onBehalfOf ?? bid.agent]))
  const names = [...named].filter(name => NAME_PATTERN.test(name))
  const owners = await lockOwners(client, marketId, names)
  const locked = await lockAgents(client, NAMED, [marketId, names])
  const agents = locked.map(({ status, ownerName, ...agent }): [string, AdmissionAgent] => {
    const owner = ownerName === null ? null : (owners.get(ownerName) ?? null)
    return [agent.name, { ...agent, alive: status !== 'dead', owner }]
  })
  return { agents: new Map(agents), owners: [...owners.values()] }
}

async function readMarket(client: DatabaseClient, marketId: string): Promise<AdmissionMarket | null> {
  const { rows } = await client.query(
    `select m.rules, s.accepting, r.resources, p.prices_micro
       from markets m
       join market_sequences s using (market_id)
       cross join lateral (
         select array_agg(name order by ordinal) as resources from market_resources where market_id = $1) r
       cross join lateral (
         select array_agg(price_micro order by ordinal) as prices_micro from prices
          where market_id = $1 and tick = ${NEWEST_TICK}) p
      where m.market_id = $1`,
    [marketId],
  )
  const row = rows[0]
  if (row === undefined) return null
  const resources: string[] = row.resources
  const pricesMicro =
    (row.prices_micro as bigint[] | null)?.map(Number) ?? resources.map(() => FLOOR_PRICE_MICRO)
  return { accepting: row.accepting, rules: row.rules, resources, pricesMicro }
}

async function firstOutcomesOf(
  client: DatabaseClient,
  marketId: string,
  agents: ReadonlyMap<string, AdmissionAgent>,
  bids: readonly ReadableBid[],
): Promise<Map<ReadableBid, FirstOutcome>> {
  const keyed = bids.filter(bid => bid.request.key !== null && agents.has(bid.agent))
  const outcomes = await findOutcomes(
    client,
    marketId,
    keyed.map(bid => ({
      agentId: agents.get(bid.agent)!.agentId,
      key: bid.request.key!,
      content: contentOfBid(bid),
    })),
  )
  return new Map(keyed.flatMap((bid, index) => (outcomes[index] ? [[bid, outcomes[index]] as const] : [])))
}

function keyedOperation(one: DecidedBid, agents: ReadonlyMap<string, AdmissionAgent>): StoredOperation[] {
  if (one.request.key === null) return []
  const agentId = agents.get(one.agent)!.agentId
  const { operationId, verdict } = one
  return [{ operationId, agentId, key: one.request.key, content: contentOfBid(one), outcome: verdict }]
}

function changed(agent: AdmissionAgent, before: AdmissionAgent): boolean {
  return agent.bucket !== before.bucket || agent.heldMicro !== before.heldMicro
}

async function updateAgents(client: DatabaseClient, agents: readonly AdmissionAgent[]): Promise<void> {
  if (agents.length === 0) return
  await client.query(
    `update agents set available_micro = u.available_micro, held_micro = u.held_micro, open_bids = u.open_bids,
            bucket_millionths = u.bucket_millionths, bucket_at = u.bucket_at
       from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::bigint[], $6::timestamptz[])
         as u(agent_id, available_micro, held_micro, open_bids, bucket_millionths, bucket_at)
      where agents.agent_id = u.agent_id`,
    [
      arrayLiteral(agents.map(agent => agent.agentId)),
      arrayLiteral(agents.map(agent => agent.availableMicro)),
      arrayLiteral(agents.map(agent => agent.heldMicro)),
      arrayLiteral(agents.map(agent => agent.openBids)),
      agents.map(agent => agent.bucket?.millionths ?? null),
      agents.map(agent => (agent.bucket === null ? null : new Date(agent.bucket.atMs))),
    ],
  )
}

async function insertBids(
  client: DatabaseClient,
  marketId: string,
  batch: { batchId: bigint; nowMs: number },
  told: readonly DecidedBid[],
): Promise<void> {
  const rows = told.flatMap((one, ordinal) => (one.admitted ? [{ ...one, bid: one.admitted, ordinal }] : []))
  if (rows.length === 0) return
  await client.query(
    `insert into bids (bid_id, market_id, agent_id, beneficiary_id, amount_micro, quantities_ppm, duration_seconds,
                       good_till_cancelled, expires_at, via, actor, traceparent, batch_id, ordinal, timestamp)
     select bid_id, $1, agent_id, beneficiary_id, amount_micro, quantities_ppm::int[], duration_seconds,
            good_till_cancelled, expires_at, via, actor, traceparent, $2, ordinal, $3
       from unnest($4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::int[], $10::bool[],
                   $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::int[])
         as b(bid_id, agent_id, beneficiary_id, amount_micro, quantities_ppm, duration_seconds,
              good_till_cancelled, expires_at, via, actor, traceparent, ordinal)`,
    [
      marketId,
      batch.batchId,
      new Date(batch.nowMs),
      arrayLiteral(rows.map(row => row.operationId)),
      arrayLiteral(rows.map(row => row.bid.payer.agentId)),
      arrayLiteral(rows.map(row => row.bid.beneficiary.agentId)),
      arrayLiteral(rows.map(row => row.bid.amountMicro)),
      rows.map(row => `{${row.bid.quantitiesPpm.join(',')}}`),
      arrayLiteral(rows.map(row => row.bid.durationSeconds)),
      rows.map(row => row.request.goodTillCancelled),
      rows.map(row => (row.request.expiresAtMs === null ? null : new Date(row.request.expiresAtMs))),
      arrayLiteral(rows.map(row => row.via)),
      rows.map(row => row.actor),
      rows.map(row => row.traceparent),
      arrayLiteral(rows.map(row => row.ordinal)),
    ],
  )
}
