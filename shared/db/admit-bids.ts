import { v7 as uuidV7 } from 'uuid'
import {
  type AdmissionAgent,
  type AdmissionMarket,
  type AdmittedBid,
  type BidVerdict,
  decideAdmission,
} from '../bid/admission.ts'
import { type BidRequest, readBidRequest } from '../bid/bid-request.ts'
import { formatBundle } from '../bundle/bundle.ts'
import type { BidSubmission } from '../economy/economy.ts'
import { draftEvent, type EventDraft } from '../events/draft.ts'
import type { RejectionReason } from '../events/registry.ts'
import { formatCredits } from '../money/credits.ts'
import { FLOOR_PRICE_MICRO } from '../pricing/price-bounds.ts'
import { closeBatch, MarketMoved, startBatch, writeEvents } from './event-batch.ts'
import { type FirstOutcome, findOutcomes, type StoredOperation, storeOutcomes } from './operations.ts'
import type { Database, DatabaseClient } from './pool.ts'
import { type CountedRefusal, countRefusals } from './refusal-counters.ts'
import { inTransaction } from './transaction.ts'

/** A market that closes while a batch is being admitted makes it start again; the second try sees it closed. */
const MAX_ATTEMPTS = 3
/** Refusals that write no operation and no event of their own, so that flooding is no way to make us write. */
const FOLDED: ReadonlySet<string> = new Set<RejectionReason>(['rate_limited', 'unknown_agent', 'invalid_bid'])

interface ReadableBid extends BidSubmission {
  place: number
  request: BidRequest
}

interface Decided extends ReadableBid {
  operationId: string
  admitted: AdmittedBid | null
  verdict: BidVerdict
}

/**
 * Admits a batch of bids of one market in one transaction, each with its own verdict in the order given.
 * Locks: agents (sorted), operations, then the sequence row. Bids refused cost no more than a counter.
 */
export async function admitBids(
  db: Database,
  marketId: string,
  submissions: readonly BidSubmission[],
): Promise<{ verdicts: BidVerdict[]; woken: boolean }> {
  const verdicts: BidVerdict[] = new Array(submissions.length)
  const readable: ReadableBid[] = []
  const unreadable: CountedRefusal[] = []
  submissions.forEach((submission, place) => {
    const read = readBidRequest(submission.bid)
    if (read.ok) {
      readable.push({ ...submission, place, request: read.request })
    } else {
      const error = {
        code: 'invalid_bid' as const,
        message: `${read.field}: ${read.problem}`,
        field: read.field,
      }
      verdicts[place] = { ok: false, error }
      unreadable.push({ agent: submission.agent, reason: 'invalid_bid' })
    }
  })
  for (let attempt = 1; ; attempt++) {
    try {
      const { decided, woken } = await inTransaction(db, client =>
        admitReadable(client, marketId, readable, unreadable),
      )
      for (const { place, verdict } of decided) verdicts[place] = verdict
      return { verdicts, woken }
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
): Promise<{ decided: { place: number; verdict: BidVerdict }[]; woken: boolean }> {
  const agents = await lockAgents(client, marketId, bids)
  const market = await readMarket(client, marketId)
  if (market === null) {
    const error = {
      code: 'unknown_market' as const,
      message: `there is no market ${JSON.stringify(marketId)}`,
    }
    return { decided: bids.map(({ place }) => ({ place, verdict: { ok: false, error } })), woken: false }
  }
  const batch = await startBatch(client, marketId)
  const first = await firstOutcomesOf(client, marketId, agents, bids)
  const replayed: { place: number; verdict: BidVerdict }[] = []
  const decided: Decided[] = []
  const byKey = new Map<string, Decided>()
  const before = new Map([...agents.values()].map(agent => [agent.agentId, { ...agent }]))
  for (const bid of bids) {
    const outcome = first.get(bid)
    if (outcome !== undefined) {
      replayed.push({ place: bid.place, verdict: replay(outcome, bid) })
      continue
    }
    const earlier = bid.request.key === null ? undefined : byKey.get(`${bid.agent}/${bid.request.key}`)
    if (earlier !== undefined) {
      const sameContent = contentOf(earlier) === contentOf(bid)
      replayed.push({ place: bid.place, verdict: replay({ sameContent, outcome: earlier.verdict }, bid) })
      continue
    }
    const operationId = uuidV7()
    const decision = decideAdmission(market, agents, bid.agent, bid.request, batch.nowMs)
    const verdict: BidVerdict = decision.ok
      ? { ok: true, bidId: operationId, status: 'pending', held: formatCredits(decision.bid.amountMicro) }
      : decision
    const one = { ...bid, operationId, admitted: decision.ok ? decision.bid : null, verdict }
    decided.push(one)
    if (bid.request.key !== null) byKey.set(`${bid.agent}/${bid.request.key}`, one)
  }

  const told = decided.filter(one => !isFolded(one.verdict))
  const counted: CountedRefusal[] = [
    ...unreadable.map(one => ({ ...one, agent: agents.has(one.agent ?? '') ? one.agent : null })),
    ...decided.filter(one => isFolded(one.verdict)).map(one => countedRefusal(one, agents)),
  ]
  await updateAgents(
    client,
    [...agents.values()].filter(agent => changed(agent, before.get(agent.agentId)!)),
  )
  let woken = (await countRefusals(client, marketId, counted)).woken
  if (told.length > 0) {
    await storeOutcomes(
      client,
      marketId,
      batch.nowMs,
      told.flatMap(one => keyedOperation(one, agents)),
    )
    await insertBids(client, marketId, batch, told)
    await writeEvents(
      client,
      batch,
      told.map(one => eventOf(one, market.resources)),
    )
    const closed = await closeBatch(client, batch, told.length, {
      requireAccepting: told.some(one => one.verdict.ok),
    })
    woken ||= closed.woken
  }
  return { decided: [...decided, ...replayed], woken }
}

/** Locks payers and beneficiaries in the order of their ids. */
async function lockAgents(
  client: DatabaseClient,
  marketId: string,
  bids: readonly ReadableBid[],
): Promise<Map<string, AdmissionAgent>> {
  const names = new Set(bids.flatMap(bid => [bid.agent, bid.request.onBehalfOf ?? bid.agent]))
  const { rows } = await client.query(
    `select agent_id, name, status, available_micro, held_micro, open_bids, bucket_millionths, bucket_at
       from agents where market_id = $1 and name = any($2) order by agent_id for no key update`,
    [marketId, [...names]],
  )
  return new Map(
    rows.map(row => [
      row.name,
      {
        agentId: row.agent_id,
        name: row.name,
        alive: row.status !== 'dead',
        availableMicro: row.available_micro,
        heldMicro: row.held_micro,
        openBids: row.open_bids,
        bucket:
          row.bucket_at === null
            ? null
            : { millionths: row.bucket_millionths, atMs: row.bucket_at.getTime() },
      },
    ]),
  )
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
          where market_id = $1 and tick = (select max(tick) from prices where market_id = $1)) p
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
      content: contentOf(bid),
    })),
  )
  return new Map(keyed.flatMap((bid, index) => (outcomes[index] ? [[bid, outcomes[index]] as const] : [])))
}

function replay(first: FirstOutcome, bid: ReadableBid): BidVerdict {
  if (first.sameContent) return first.outcome as BidVerdict
  const message = `the key ${JSON.stringify(bid.request.key)} was used before for another bid`
  return { ok: false, error: { code: 'idempotency_conflict', message, field: 'key' } }
}

function isFolded(verdict: BidVerdict): boolean {
  return !verdict.ok && FOLDED.has(verdict.error.code)
}

/** What makes two bids under one key the same bid. */
function contentOf({ request }: ReadableBid): string {
  const { key: _key, amountMicro, ...rest } = request
  const bundle = Object.entries(request.bundle).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify({ ...rest, bundle, amountMicro: amountMicro.toString() })
}

function keyedOperation(one: Decided, agents: ReadonlyMap<string, AdmissionAgent>): StoredOperation[] {
  if (one.request.key === null) return []
  const agentId = agents.get(one.agent)!.agentId
  const { operationId, verdict } = one
  return [{ operationId, agentId, key: one.request.key, content: contentOf(one), outcome: verdict }]
}

function countedRefusal(one: Decided, agents: ReadonlyMap<string, AdmissionAgent>): CountedRefusal {
  const reason = one.verdict.ok ? 'invalid_bid' : (one.verdict.error.code as RejectionReason)
  return { agent: agents.has(one.agent) ? one.agent : null, reason }
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
      agents.map(agent => agent.agentId),
      agents.map(agent => agent.availableMicro),
      agents.map(agent => agent.heldMicro),
      agents.map(agent => agent.openBids),
      agents.map(agent => agent.bucket?.millionths ?? null),
      agents.map(agent => (agent.bucket === null ? null : new Date(agent.bucket.atMs))),
    ],
  )
}

async function insertBids(
  client: DatabaseClient,
  marketId: string,
  batch: { batchId: bigint; nowMs: number },
  told: readonly Decided[],
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
      rows.map(row => row.operationId),
      rows.map(row => row.bid.payer.agentId),
      rows.map(row => row.bid.beneficiary.agentId),
      rows.map(row => row.bid.amountMicro),
      rows.map(row => `{${row.bid.quantitiesPpm.join(',')}}`),
      rows.map(row => row.bid.durationSeconds),
      rows.map(row => row.request.goodTillCancelled),
      rows.map(row => (row.request.expiresAtMs === null ? null : new Date(row.request.expiresAtMs))),
      rows.map(row => row.via),
      rows.map(row => row.actor),
      rows.map(row => row.traceparent ?? null),
      rows.map(row => row.ordinal),
    ],
  )
}

function eventOf(one: Decided, resources: readonly string[]): EventDraft {
  const { operationId, verdict, admitted, request } = one
  const context = { agent: one.agent, correlationId: operationId, traceparent: one.traceparent ?? null }
  if (admitted === null || !verdict.ok) {
    const error = verdict.ok ? undefined : verdict.error
    return draftEvent(
      operationId,
      'bid_rejected',
      {
        reason: error?.code as RejectionReason,
        required: error?.required ?? null,
        available: error?.available ?? null,
        count: 1,
      },
      context,
    )
  }
  return draftEvent(
    operationId,
    'bid_placed',
    {
      bid_id: operationId,
      payer_id: admitted.payer.name,
      beneficiary_id: admitted.beneficiary.name,
      bundle: formatBundle(admitted.quantitiesPpm, admitted.durationSeconds, resources),
      total_cost: formatCredits(admitted.amountMicro),
      good_till_cancelled: request.goodTillCancelled,
      expires_at: request.expiresAtMs === null ? null : new Date(request.expiresAtMs).toISOString(),
      via: one.via,
      actor: one.actor,
    },
    context,
  )
}
