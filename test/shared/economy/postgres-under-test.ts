import { createPostgresAllowances } from '../../../shared/db/allowances/postgres-allowances.ts'
import { createPostgresAttention } from '../../../shared/db/attention/postgres-attention.ts'
import { createPostgresLedger } from '../../../shared/db/ledger/postgres-ledger.ts'
import type { Database } from '../../../shared/db/pool.ts'
import { createPostgresEconomy } from '../../../shared/db/postgres-economy.ts'
import { readClock } from '../../../shared/db/read-clock.ts'
import { atOneSnapshot } from '../../../shared/db/transaction.ts'
import type { Books, EconomyUnderTest } from './economy-under-test.ts'

const noHint = async () => {}

/** The economy on a migrated Postgres. Time passes by moving what a market remembers into the past. */
export function createPostgresUnderTest(db: Database): EconomyUnderTest {
  return {
    economy: createPostgresEconomy(db, noHint),
    ledger: createPostgresLedger(db, noHint),
    attention: createPostgresAttention(db, noHint),
    allowances: createPostgresAllowances(db, noHint),
    now: async () => (await readClock(db)).getTime(),
    async passTime(marketId, seconds) {
      const past = `- make_interval(secs => $2)`
      for (const statement of [
        `update leases set starts_at = starts_at ${past}, ends_at = ends_at ${past}`,
        `update bids set expires_at = expires_at ${past}`,
        `update cycles set opened_at = opened_at ${past}, effective_at = effective_at ${past}`,
        `update refusal_counters set since = since ${past}`,
        `update agents set bucket_at = bucket_at ${past}, idle_from = idle_from ${past}, judge_at = judge_at ${past}`,
        `update prices set ticked_at = ticked_at ${past}, recorded_at = recorded_at ${past}`,
        `update prompts set opened_at = opened_at ${past}, expires_at = expires_at ${past}`,
        `update markets set paused_at = paused_at ${past}`,
        `update market_sequences set wake_at = wake_at ${past}`,
      ]) {
        await db.query(`${statement} where market_id = $1`, [marketId, seconds])
      }
      // What was paid cannot be unpaid: a row of its own begins further back.
      await db.query(
        `with gone as (delete from allowances where market_id = $1 returning *)
         insert into allowances (market_id, agent_id, owner, amount_micro, cap_micro, period_seconds, paid_period,
                                 unspent_micro, given_by, given_at)
         select market_id, agent_id, owner, amount_micro, cap_micro, period_seconds,
                greatest(paid_period - floor($2::bigint / period_seconds), 0), unspent_micro, given_by, given_at
           from gone order by allowance_id`,
        [marketId, Math.floor(seconds)],
      )
    },
    async setAgentStatus(marketId, agent, status) {
      await db.query(
        `update agents set status = $3, dormant_reason = case $3 when 'dormant' then 'voluntary' end, judge_at = null
          where market_id = $1 and name = $2`,
        [marketId, agent, status],
      )
    },
    async recordPrices(marketId, pricesMicro) {
      await db.query(
        `insert into prices (market_id, tick, ordinal, price_micro, exponent_millionths, demand_ppm, reason,
                             elapsed_ms, ticked_at, recorded_at, paused_ms)
         select $1, (select coalesce(max(tick), 0) + 1 from prices where market_id = $1), ordinal - 1, price_micro,
                0, 0, 'unchanged', 10000, now, now,
                paused_ms + coalesce(extract(epoch from now - paused_at) * 1000, 0)::bigint
           from unnest($2::bigint[]) with ordinality as p(price_micro, ordinal),
                (select date_trunc('milliseconds', clock_timestamp()) as now) clock,
                (select paused_ms, paused_at from markets where market_id = $1) market`,
        [marketId, pricesMicro],
      )
    },
    async markPublished(marketId) {
      await db.query(
        `update publications set published_seq = (select last_seq from market_sequences where market_id = $1)
          where market_id = $1`,
        [marketId],
      )
    },
    readBooks: marketId => readBooks(db, marketId),
  }
}

/** Reads everything a market has written down, at one snapshot. */
export async function readBooks(db: Database, marketId: string): Promise<Books> {
  return await atOneSnapshot(db, async client => {
    const rowsOf = async (text: string) => (await client.query(text, [marketId])).rows
    const agents = await rowsOf(
      `select name, available_micro, held_micro, open_bids,
              (select coalesce(sum(amount_micro), 0)::bigint from transactions t where t.agent_id = a.agent_id) as posted
         from agents a where market_id = $1 order by agent_id`,
    )
    const accounts = await rowsOf('select account, balance_micro from system_accounts where market_id = $1')
    const bids = await rowsOf(
      `select b.bid_id, a.name, b.amount_micro, b.status, b.decided_cycle
         from bids b join agents a using (agent_id) join event_batches e using (batch_id)
        where b.market_id = $1 order by e.first_seq + b.ordinal`,
    )
    const holds = await rowsOf(
      `select h.hold_id, a.name, h.amount_micro, h.status from holds h join agents a using (agent_id)
        where h.market_id = $1 order by h.hold_id`,
    )
    const leases = await rowsOf(
      `select l.lease_id, l.bid_id, a.name, l.quantities_ppm, l.status
         from leases l join agents a on a.agent_id = l.beneficiary_id where l.market_id = $1 order by l.lease_id`,
    )
    const prompts = await rowsOf(
      `select p.prompt_id, a.name, p.amount_micro, p.status, p.awarded_micro
         from prompts p join agents a using (agent_id) where p.market_id = $1 order by p.prompt_id`,
    )
    const resources = await rowsOf(
      'select leased_ppm from market_resources where market_id = $1 order by ordinal',
    )
    const events = await rowsOf(
      `select e.first_seq + o.ordinal as seq, o.event_id, o.operation, o.type, o.agent, o.correlation_id, o.data
         from event_batches e join outbox o using (batch_id) where e.market_id = $1 order by 1`,
    )
    return {
      agents: new Map(
        agents.map(row => [
          row.name,
          { availableMicro: row.available_micro, heldMicro: row.held_micro, openBids: row.open_bids },
        ]),
      ),
      accounts: Object.fromEntries(
        accounts.map(row => [row.account, row.balance_micro]),
      ) as Books['accounts'],
      bids: bids.map(row => ({
        bidId: row.bid_id,
        payer: row.name,
        amountMicro: row.amount_micro,
        status: row.status,
        cycle: row.decided_cycle === null ? null : Number(row.decided_cycle),
      })),
      holds: holds.map(row => ({
        holdId: row.hold_id,
        agent: row.name,
        amountMicro: row.amount_micro,
        status: row.status,
      })),
      prompts: prompts.map(row => ({
        promptId: row.prompt_id,
        agent: row.name,
        amountMicro: row.amount_micro,
        status: row.status,
        awardedMicro: row.awarded_micro,
      })),
      leases: leases.map(row => ({
        leaseId: row.lease_id,
        bidId: row.bid_id,
        beneficiary: row.name,
        quantitiesPpm: row.quantities_ppm,
        status: row.status,
      })),
      leasedPpm: resources.map(row => row.leased_ppm),
      postedMicro: new Map(agents.map(row => [row.name, row.posted])),
      events: events.map(row => ({
        seq: Number(row.seq),
        eventId: row.event_id,
        operation: row.operation,
        type: row.type,
        agent: row.agent,
        correlationId: row.correlation_id,
        data: row.data,
      })),
    }
  })
}
