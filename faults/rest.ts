import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../shared/db/pool.ts'
import type { RestFacts } from './evidence.ts'

const LOOK_INTERVAL_MS = 250
/** What is due for so long was forgotten. */
const LATE_SECONDS = 10

/** Reads of a market what must not be left undone once it is at rest. */
export async function readRest(db: Database, market: string): Promise<RestFacts> {
  const { rows } = await db.query(
    `select m.status, s.asleep, s.last_seq, p.published_seq,
            (extract(epoch from clock_timestamp() - s.wake_at) * 1000)::float8 as overdue_ms,
            (select count(*) from bids where market_id = $1 and status = 'pending') as pending_bids,
            (select count(*) from bids where market_id = $1 and status = 'pending'
                and expires_at <= clock_timestamp() - make_interval(secs => ${LATE_SECONDS})) as expired_bids,
            (select count(*) from prompts where market_id = $1 and status = 'open') as open_prompts,
            (select count(*) from executions where market_id = $1 and status in ('due', 'requested', 'running'))
              as open_executions,
            (select count(*) from agents where market_id = $1 and judge_at is not null) as lives_to_judge,
            (select count(*) from llm_calls where market_id = $1 and status = 'reserved') as open_calls,
            (select count(*) from leases where market_id = $1 and status = 'active') as active_leases,
            (select count(*) from leases where market_id = $1 and status = 'active'
                and ends_at <= clock_timestamp() - make_interval(secs => ${LATE_SECONDS})) as ended_leases,
            (select sum(held_micro)::bigint from agents where market_id = $1) as held_micro
       from markets m join market_sequences s using (market_id) join publications p using (market_id)
      where m.market_id = $1`,
    [market],
  )
  const row = rows[0]
  return {
    status: row.status,
    asleep: row.asleep,
    overdueMs: row.overdue_ms === null ? null : Math.round(row.overdue_ms),
    pendingBids: Number(row.pending_bids),
    expiredBids: Number(row.expired_bids),
    openPrompts: Number(row.open_prompts),
    openExecutions: Number(row.open_executions),
    openCalls: Number(row.open_calls),
    livesToJudge: Number(row.lives_to_judge),
    activeLeases: Number(row.active_leases),
    endedLeases: Number(row.ended_leases),
    heldMicro: row.held_micro,
    lastSeq: Number(row.last_seq),
    publishedSeq: Number(row.published_seq),
  }
}

/** What the markets were when they came to rest, or when they were waited for no longer, and then why. */
export interface Rest {
  facts: ReadonlyMap<string, RestFacts>
  unrest: string | null
}

/**
 * Waits until every market is open with every bid decided, every prompt, execution and lease over and every event published, and
 * `hasCollected` says that the collector has it.
 */
export async function untilAtRest(
  db: Database,
  markets: readonly string[],
  hasCollected: (market: string, seq: number) => boolean,
  waitMs: number,
): Promise<Rest> {
  const until = Date.now() + waitMs
  for (;;) {
    const facts = new Map<string, RestFacts>()
    for (const market of markets) facts.set(market, await readRest(db, market))
    const undone = [...facts].flatMap(([market, rest]) => {
      const what = undoneIn(rest, seq => hasCollected(market, seq))
      return what === null ? [] : [`market ${market} ${what}`]
    })
    if (undone.length === 0) return { facts, unrest: null }
    if (Date.now() > until) {
      return { facts, unrest: `${waitMs / 1000} s after everything was healed, ${undone.join('; ')}` }
    }
    await delay(LOOK_INTERVAL_MS)
  }
}

function undoneIn(rest: RestFacts, hasCollected: (seq: number) => boolean): string | null {
  const {
    status,
    pendingBids,
    openPrompts,
    openExecutions,
    openCalls,
    livesToJudge,
    activeLeases,
    publishedSeq,
    lastSeq,
  } = rest
  if (status !== 'open') return `is ${status}`
  if (pendingBids > 0) return `has ${pendingBids} bids pending`
  if (openPrompts > 0) return `has ${openPrompts} prompts open`
  if (openExecutions > 0) return `has ${openExecutions} executions to end`
  if (openCalls > 0) return `has ${openCalls} calls to models to resolve`
  if (activeLeases > 0) return `has ${activeLeases} leases`
  if (livesToJudge > 0) return `has ${livesToJudge} lives to judge`
  if (publishedSeq < lastSeq) return `is published to event ${publishedSeq} of ${lastSeq}`
  if (!hasCollected(lastSeq)) return `has event ${lastSeq}, which the collector lacks`
  return null
}
