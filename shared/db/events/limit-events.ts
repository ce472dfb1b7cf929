import { type KeptEvents, nextLimitStep } from '../../events/event-limit.ts'
import type { Outbox } from '../../events/outbox.ts'
import type { Database } from '../pool.ts'
import { beginWith, keptEventsOf, readKeptEvents, trimOutbox } from './trim-outbox.ts'
import { writeCheckpoint } from './write-checkpoint.ts'

/** Whoever began to limit a market's events and has not finished after so long is taken for dead. */
const LIMITING_MINUTES_MAX = 10

export interface LimitingEvents {
  db: Database
  outbox: Outbox
  /** Removes what stands in a market's stream before this event; false when the stream does not hold that. */
  trimStream: (marketId: string, seq: number) => Promise<boolean>
  /** Tells a market's workflow that there is something to publish. */
  hint: (marketId: string) => Promise<void>
  /** Told what kept a market from being limited; the others are all the same, and it is tried again next time. */
  onTrouble: (marketId: string, problem: unknown) => void
}

interface LimitedMarket {
  marketId: string
  eventsKept: number
  kept: KeptEvents
}

/**
 * Does what is due so that markets with the rule `eventsKept` keep no more than that asks for: one step of each, one
 * market after the other. Any number may run at once: a market is limited by one of them. Returns how many steps were done.
 */
export async function limitEvents(limiting: LimitingEvents, signal: AbortSignal): Promise<number> {
  let done = 0
  for (const market of await readLimitedMarkets(limiting.db)) {
    if (signal.aborted) break
    if (nextLimitStep(market.kept, market.eventsKept).kind === 'nothing') continue
    if (!(await claim(limiting.db, market.marketId))) continue
    try {
      if (await limitMarket(limiting, market)) done += 1
    } catch (problem) {
      limiting.onTrouble(market.marketId, problem)
    } finally {
      await release(limiting.db, market.marketId)
    }
  }
  return done
}

/** Looks once more, now that nobody else does: whoever did before may have done the step. */
async function limitMarket(
  { db, outbox, trimStream, hint }: LimitingEvents,
  { marketId, eventsKept }: LimitedMarket,
): Promise<boolean> {
  const step = nextLimitStep(await readKeptEvents(db, marketId), eventsKept)
  if (step.kind === 'write-checkpoint') {
    const written = await writeCheckpoint(db, outbox, marketId)
    if (written.ok && written.woken) await hint(marketId)
  } else if (step.kind === 'begin-with') {
    await beginWith(db, marketId, step.seq)
    if (await trimStream(marketId, step.seq)) await trimOutbox(db, marketId, step.seq)
  }
  return step.kind !== 'nothing'
}

async function readLimitedMarkets(db: Database): Promise<LimitedMarket[]> {
  const { rows } = await db.query(
    `select market_id, (m.rules ->> 'eventsKept')::bigint as events_kept,
            p.first_seq, p.trimmed_seq, p.checkpoint_seq, p.published_seq, s.last_seq
       from markets m join publications p using (market_id) join market_sequences s using (market_id)
      where m.rules ->> 'eventsKept' is not null`,
  )
  return rows.map(row => ({
    marketId: row.market_id,
    eventsKept: Number(row.events_kept),
    kept: keptEventsOf(row),
  }))
}

/** True for whoever limits the market's events now; nobody else does until it is released, or dead for long. */
async function claim(db: Database, marketId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update publications set limiting_until = clock_timestamp() + make_interval(mins => $2)
      where market_id = $1 and coalesce(limiting_until < clock_timestamp(), true)`,
    [marketId, LIMITING_MINUTES_MAX],
  )
  return rowCount === 1
}

async function release(db: Database, marketId: string): Promise<void> {
  await db.query('update publications set limiting_until = null where market_id = $1', [marketId])
}
