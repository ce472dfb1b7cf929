import type { PriceTick } from '../../economy/economy.ts'
import { type Outcome, refuse, refuseUnknownMarket } from '../../economy/refusal.ts'
import {
  type DecidedTick,
  decidePriceTick,
  firstMomentMs,
  isDemandRecorded,
  type PriceTickFacts,
  type RecordedDemand,
  type RecordedTick,
} from '../../market/price-tick.ts'
import { formatCredits } from '../../money/credits.ts'
import { FLOOR_PRICE_MICRO } from '../../pricing/price-bounds.ts'
import { type BatchStart, closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import { pausesIn } from '../market/pauses.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { inTransaction } from '../transaction.ts'
import { NEWEST_TICK } from './newest-prices.ts'

/** Two ticks at once try for one number; the one that loses looks again and finds itself stale, or the next. */
const MAX_ATTEMPTS = 5
/** After a long outage a tick takes the mean of the newest cycles alone. */
const MAX_CYCLES_PER_TICK = 10_000

/**
 * Moves every posted price of a market by one tick, whose time is `tickMs`. One that is not later than the newest
 * moves nothing. Locks no row that a cycle needs but the sequence row, last and for a moment.
 */
export async function tickPrices(
  db: Database,
  marketId: string,
  tickMs: number,
): Promise<Outcome<PriceTick> & { woken?: boolean }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(db, client => tick(client, marketId, tickMs))
    } catch (error) {
      if (!isTickTaken(error) || attempt >= MAX_ATTEMPTS) throw error
    }
  }
}

async function tick(
  client: DatabaseClient,
  marketId: string,
  tickMs: number,
): Promise<Outcome<PriceTick> & { woken?: boolean }> {
  const facts = await readFacts(client, marketId, tickMs)
  if (facts === null) return refuseUnknownMarket(marketId)
  if (facts.isClosed)
    return refuse('market_closed', `market ${marketId} is closed; its prices stay`, 'marketId')
  const askedPpm = isDemandRecorded(facts) ? [] : await readAskedPpm(client, marketId, facts)
  const decided = decidePriceTick(facts, askedPpm)
  const { last, resources } = facts
  if (decided === null) return { ok: true, ...outcomeOf(last!.tick, false, resources, last!.prices) }

  const batch = await startBatch(client, marketId)
  await insertPrices(client, batch, tickMs, decided)
  await writeEvents(client, batch, decided.events)
  const { woken } = await closeBatch(client, batch, decided.events.length)
  const prices = decided.updates.map(update => update.new)
  const before = postedBy(
    resources,
    decided.updates.map(update => update.old),
  )
  return { ok: true, ...outcomeOf(decided.tick, true, resources, prices), before, woken }
}

function outcomeOf(
  tick: number,
  applied: boolean,
  resources: readonly string[],
  prices: readonly { priceMicro: number }[],
): PriceTick {
  return { tick, applied, prices: postedBy(resources, prices) }
}

function postedBy(
  resources: readonly string[],
  prices: readonly { priceMicro: number }[],
): Record<string, string> {
  const posted = resources.map((name, place) => [name, formatCredits(BigInt(prices[place]!.priceMicro))])
  return Object.fromEntries(posted)
}

async function readFacts(
  client: DatabaseClient,
  marketId: string,
  tickMs: number,
): Promise<(PriceTickFacts & { isClosed: boolean }) | null> {
  const { rows } = await client.query(
    `select m.status, m.rules, m.paused_ms, m.paused_at, r.resources, r.leased_ppm,
            exists (select from bids where market_id = $1 and status = 'pending' and last_considered_cycle is null)
              as bids_wait
       from markets m
       cross join lateral (
         select array_agg(name order by ordinal) as resources, array_agg(leased_ppm order by ordinal) as leased_ppm
           from market_resources where market_id = $1) r
      where m.market_id = $1`,
    [marketId],
  )
  const row = rows[0]
  if (row === undefined) return null
  const last = await readLastTick(client, marketId)
  const { rules } = row
  const recorded = await readRecordedDemand(client, marketId, firstMomentMs({ last, tickMs, rules }))
  return {
    isClosed: row.status === 'closing' || row.status === 'closed',
    tickMs,
    pauses: pausesIn(row),
    rules,
    resources: row.resources,
    leasedPpm: row.leased_ppm,
    last,
    cycles: recorded.since.filter(cycle => cycle.effectiveAtMs < tickMs),
    lastCycle: recorded.newest,
    bidsWait: row.bids_wait,
  }
}

async function readLastTick(client: DatabaseClient, marketId: string): Promise<RecordedTick | null> {
  const { rows } = await client.query(
    `select tick, price_micro, exponent_millionths, ticked_at, paused_ms from prices
      where market_id = $1 and tick = ${NEWEST_TICK} order by ordinal`,
    [marketId],
  )
  const first = rows[0]
  if (first === undefined) return null
  return {
    tick: Number(first.tick),
    tickedAtMs: first.ticked_at.getTime(),
    pausedMs: Number(first.paused_ms),
    prices: rows.map(row => ({
      eMillionths: Number(row.exponent_millionths),
      priceMicro: Number(row.price_micro),
    })),
  }
}

/** The newest settled cycle, and those that took effect at `fromMs` or later. */
async function readRecordedDemand(
  client: DatabaseClient,
  marketId: string,
  fromMs: number,
): Promise<{ newest: RecordedDemand | null; since: RecordedDemand[] }> {
  const { rows } = await client.query(
    `(select number, effective_at, paused_ms, demand_ppm from cycles
       where market_id = $1 and status = 'settled' and effective_at >= $2 order by effective_at desc limit $3)
     union
     (select number, effective_at, paused_ms, demand_ppm from cycles
       where market_id = $1 and status = 'settled' order by effective_at desc limit 1)
     order by number desc`,
    [marketId, new Date(fromMs), MAX_CYCLES_PER_TICK],
  )
  const cycles = rows.map(
    (row): RecordedDemand => ({
      effectiveAtMs: row.effective_at.getTime(),
      pausedMs: Number(row.paused_ms),
      demandPpm: (row.demand_ppm as bigint[]).map(Number),
    }),
  )
  return { newest: cycles[0] ?? null, since: cycles.filter(cycle => cycle.effectiveAtMs >= fromMs) }
}

/** What pending bids whose amount reaches their posted cost ask for, by resource. */
async function readAskedPpm(
  client: DatabaseClient,
  marketId: string,
  { last, resources }: PriceTickFacts,
): Promise<number[]> {
  const pricesMicro = resources.map((_, place) => last?.prices[place]?.priceMicro ?? FLOOR_PRICE_MICRO)
  const { rows } = await client.query(
    `select asked.place, sum(asked.ppm) as ppm
       from bids b
       cross join lateral (
         select sum(price * ppm) as s from unnest($2::numeric[], b.quantities_ppm) as q(price, ppm)) cost
       cross join lateral unnest(b.quantities_ppm) with ordinality as asked(ppm, place)
      where b.market_id = $1 and b.status = 'pending'
        and b.amount_micro >= greatest(1, ceil(cost.s * b.duration_seconds / 1000000))
      group by asked.place`,
    [marketId, pricesMicro],
  )
  const askedPpm = resources.map(() => 0)
  for (const row of rows) askedPpm[Number(row.place) - 1] = Number(row.ppm)
  return askedPpm
}

async function insertPrices(
  client: DatabaseClient,
  batch: BatchStart,
  tickMs: number,
  { tick, pausedMs, updates }: DecidedTick,
): Promise<void> {
  await client.query(
    `insert into prices (market_id, tick, ordinal, price_micro, exponent_millionths, demand_ppm, reason, elapsed_ms,
                         ticked_at, recorded_at, paused_ms)
     select $1, $2, place - 1, price_micro, e, demand_ppm, reason, elapsed_ms, $3, $4, $5
       from unnest($6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::bigint[]) with ordinality
         as u(price_micro, e, demand_ppm, reason, elapsed_ms, place)`,
    [
      batch.marketId,
      tick,
      new Date(tickMs),
      new Date(batch.nowMs),
      pausedMs,
      updates.map(update => update.new.priceMicro),
      updates.map(update => update.new.eMillionths),
      updates.map(update => update.demandPpm),
      updates.map(update => update.reason),
      updates.map(update => update.elapsedMs),
    ],
  )
}

function isTickTaken(error: unknown): boolean {
  return (error as { constraint?: string }).constraint === 'prices_pkey'
}
