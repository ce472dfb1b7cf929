import { REFUSAL_FOLDING_SECONDS } from '../../bid/folded-refusal.ts'
import type { MarketTurn } from '../../economy/economy.ts'
import { type Outcome, refuseUnknownMarket } from '../../economy/refusal.ts'
import { decideNextStep, type MarketFacts, secondsUntilNextLook } from '../../market/next-step.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { NEWEST_TICK } from '../prices/newest-prices.ts'
import { inTransaction } from '../transaction.ts'

/**
 * Decides a market's next step under its sequence row, so that nothing can become due unseen: either there is
 * something to do, or until when the market sleeps is recorded and whoever makes work earlier sends a hint.
 */
export async function takeTurn(
  db: Database,
  marketId: string,
  publishing: boolean,
): Promise<Outcome<MarketTurn>> {
  return await inTransaction(db, async client => {
    const facts = await readFacts(client, marketId, publishing)
    if (facts === null) return refuseUnknownMarket(marketId)
    const next = decideNextStep(facts)
    const lookAgainSeconds = secondsUntilNextLook(next)
    await client.query(
      `update market_sequences set asleep = $2, wake_at = clock_timestamp() + make_interval(secs => $3)
        where market_id = $1`,
      [marketId, next.step === 'sleep' || next.step === 'closed', lookAgainSeconds],
    )
    const { unpublished, executionsDue, status, pricePeriodSeconds } = facts
    return { ok: true, next, unpublished, executionsDue, status, pricePeriodSeconds }
  })
}

async function readFacts(
  client: DatabaseClient,
  marketId: string,
  publishing: boolean,
): Promise<(MarketFacts & { pricePeriodSeconds: number }) | null> {
  const locked = await client.query('select last_seq from market_sequences where market_id = $1 for update', [
    marketId,
  ])
  if (locked.rows.length === 0) return null
  const { rows } = await client.query(
    `select m.status, m.rules, clock_timestamp() as now, p.published_seq,
            last.number, last.status as cycle_status, last.opened_at,
            exists (select from bids where market_id = $1 and status = 'pending' and last_considered_cycle is null)
              as new_bids,
            exists (select from leases where market_id = $1 and ends_at > passed_over.effective_at
                       and ends_at <= clock_timestamp()) as supply_returned,
            (select array_agg(price_micro order by ordinal) from prices
              where market_id = $1 and tick = ${NEWEST_TICK})
              <> passed_over.prices_micro as prices_moved,
            exists (select from leases where market_id = $1 and status = 'active')
              or exists (select from service_calls where market_id = $1 and status = 'waiting') as commitments,
            exists (select from executions e join leases l using (lease_id)
                     where e.market_id = $1 and e.status in ('due', 'requested')
                       and (e.status = 'due' or l.ends_at <= clock_timestamp())) as executions_due,
            least(
              (select min(ends_at) from leases where market_id = $1 and status = 'active'),
              (select min(expires_at) from bids where market_id = $1 and status = 'pending' and expires_at is not null),
              (select min(deadline_at) from service_calls where market_id = $1 and status = 'waiting'),
              (select min(judge_at) from agents where market_id = $1 and m.status in ('open', 'paused')),
              (select min(since) + make_interval(secs => $2) from refusal_counters where market_id = $1)) as tidy_at
       from markets m
       join publications p using (market_id)
       left join lateral (
         select number, status, opened_at from cycles
          where market_id = $1 order by number desc limit 1) last on true
       left join cycles passed_over on passed_over.market_id = $1 and passed_over.number = (
         select min(last_considered_cycle) from bids where market_id = $1 and status = 'pending')
      where m.market_id = $1`,
    [marketId, REFUSAL_FOLDING_SECONDS],
  )
  const row = rows[0]
  const repriced = row.rules.policy === 'posted-price' && row.prices_moved === true
  return {
    nowMs: row.now.getTime(),
    status: row.status,
    cycleSeconds: row.rules.cycleSeconds,
    pricePeriodSeconds: row.rules.pricePeriodSeconds,
    openCycle: row.cycle_status === 'open' ? Number(row.number) : null,
    lastCycle:
      row.number === null ? null : { number: Number(row.number), openedAtMs: row.opened_at.getTime() },
    newBids: row.new_bids,
    worthAnotherLook: row.supply_returned === true || repriced,
    tidyAtMs: row.tidy_at === null ? null : row.tidy_at.getTime(),
    commitments: row.commitments,
    publishing,
    executionsDue: row.executions_due,
    unpublished: locked.rows[0].last_seq > row.published_seq,
  }
}
