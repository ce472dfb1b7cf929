import type { Bench } from './row.ts'

/**
 * The writes of a settlement and nothing else. Before the market settles, a twin market is made with the same agents and
 * the same pending bids. After it, `load` copies every row the settlement wrote, for the twin, to unlogged tables;
 * `run` writes them in one transaction, set-based, to the same tables with the same indexes, constraints and durability.
 */
export async function prepareBareSettlement({ db }: Bench, marketId: string) {
  const twin = `${marketId}-twin`
  await db.query(
    `insert into markets (market_id, display_name, status, rules, created_at, paused_at)
     select $2, display_name, status, rules, created_at, paused_at from markets where market_id = $1`,
    [marketId, twin],
  )
  await db.query(`insert into market_sequences (market_id, last_at, asleep) select $1, now(), false`, [twin])
  await db.query('insert into system_accounts (market_id, account) select $1, unnest(array[$2, $3, $4])', [
    twin,
    'mint',
    'burn',
    'escrow',
  ])
  await db.query(
    `insert into market_resources (market_id, ordinal, name, unit, capacity)
     select $2, ordinal, name, unit, capacity from market_resources where market_id = $1`,
    [marketId, twin],
  )
  await db.query(
    `insert into agents (market_id, name, display_name, available_micro, held_micro, open_bids, created_at)
     select $2, name, display_name, available_micro, held_micro, open_bids, created_at
       from agents where market_id = $1`,
    [marketId, twin],
  )
  await db.query('drop table if exists twin_bids')
  await db.query(
    `create unlogged table twin_bids as
     select b.bid_id, gen_random_uuid() as twin_id, p.agent_id as payer, q.agent_id as beneficiary
       from bids b
       join agents bp on bp.agent_id = b.agent_id join agents p on p.market_id = $2 and p.name = bp.name
       join agents bb on bb.agent_id = b.beneficiary_id join agents q on q.market_id = $2 and q.name = bb.name
      where b.market_id = $1`,
    [marketId, twin],
  )
  await db.query(
    `insert into bids (bid_id, market_id, agent_id, beneficiary_id, amount_micro, quantities_ppm, duration_seconds,
                       good_till_cancelled, expires_at, via, actor, batch_id, ordinal, timestamp)
     select t.twin_id, $1, t.payer, t.beneficiary, b.amount_micro, b.quantities_ppm, b.duration_seconds,
            b.good_till_cancelled, b.expires_at, b.via, b.actor, b.batch_id, b.ordinal, b.timestamp
       from twin_bids t join bids b using (bid_id) order by b.batch_id, b.ordinal`,
    [twin],
  )
  await db.query('analyze bids, agents, twin_bids')

  const settled = `(select max(batch_id) from event_batches where market_id = '${marketId}')`
  return {
    async load() {
      await db.query(
        `create unlogged table bare_bids as
         select t.twin_id, b.status, b.score, b.rank, b.first_considered_cycle, b.last_considered_cycle, b.decided_cycle
           from bids b join twin_bids t using (bid_id)`,
      )
      await db.query(
        `create unlogged table bare_agents as
         select a.agent_id, o.available_micro, o.held_micro, o.open_bids
           from agents a join agents o on o.name = a.name and o.market_id = '${marketId}' where a.market_id = '${twin}'`,
      )
      await db.query(
        `create unlogged table bare_leases as
         select gen_random_uuid() as lease_id, t.twin_id, t.payer, t.beneficiary, l.cycle, l.quantities_ppm,
                l.starts_at, l.ends_at
           from leases l join twin_bids t using (bid_id)`,
      )
      await db.query(
        `create unlogged table bare_postings as
         select t.payer, p.amount_micro, p.balance_after_micro, p.purpose, t.twin_id::text as ref, p.timestamp
           from transactions p join twin_bids t on t.bid_id::text = p.ref
          where p.batch_id = ${settled} order by p.id`,
      )
      await db.query(
        `create unlogged table bare_outbox as select * from outbox where batch_id = ${settled} order by ordinal`,
      )
      await db.query(
        `create unlogged table bare_cycle as select * from cycles where market_id = '${marketId}'`,
      )
      await db.query('analyze bare_bids, bare_agents, bare_leases, bare_postings, bare_outbox')
    },

    async run() {
      const client = await db.connect()
      try {
        await client.query('begin')
        const { rows } = await client.query(`select nextval('event_batch_ids') as batch_id`)
        const batchId = rows[0].batch_id
        await client.query(
          `insert into cycles (market_id, number, status, policy, max_bids, cutoff_seq, prices_micro, price_source,
                               opened_by_run, opened_at, effective_at, supply_ppm, demand_ppm, considered, left_waiting,
                               winners, losers, revenue_micro, utilisation_ppm, cutoff_score)
           select $1, number, status, policy, max_bids, cutoff_seq, prices_micro, price_source, opened_by_run, opened_at,
                  effective_at, supply_ppm, demand_ppm, considered, left_waiting, winners, losers, revenue_micro,
                  utilisation_ppm, cutoff_score from bare_cycle`,
          [twin],
        )
        await client.query(
          `update bids b set status = u.status, score = u.score, rank = u.rank, decided_cycle = u.decided_cycle,
                  first_considered_cycle = u.first_considered_cycle, last_considered_cycle = u.last_considered_cycle
             from bare_bids u where b.bid_id = u.twin_id`,
        )
        await client.query(
          `update agents a set available_micro = u.available_micro, held_micro = u.held_micro, open_bids = u.open_bids
             from bare_agents u where a.agent_id = u.agent_id`,
        )
        await client.query(
          `insert into leases (lease_id, market_id, bid_id, agent_id, beneficiary_id, cycle, quantities_ppm, starts_at, ends_at)
           select lease_id, $1, twin_id, payer, beneficiary, cycle, quantities_ppm, starts_at, ends_at from bare_leases`,
          [twin],
        )
        await client.query(
          `insert into transfers (market_id, batch_id, from_agent_id, to_account, amount_micro, purpose, ref, timestamp)
           select $1, $2::bigint, payer, 'burn', -amount_micro, purpose, ref, timestamp from bare_postings`,
          [twin, batchId],
        )
        await client.query(
          `update system_accounts set balance_micro = (select -sum(amount_micro) from bare_postings)
            where market_id = $1 and account = 'burn'`,
          [twin],
        )
        await client.query(
          `insert into transactions (market_id, batch_id, agent_id, account, amount_micro, balance_after_micro, purpose, ref, timestamp)
           select $1, $2::bigint, payer, null, amount_micro, balance_after_micro, purpose, ref, timestamp from bare_postings
           union all
           select $1, $2::bigint, null, 'burn', -sum(amount_micro), -sum(amount_micro), 'net', 'batch', max(timestamp) from bare_postings`,
          [twin, batchId],
        )
        await client.query(
          `insert into outbox (batch_id, ordinal, event_id, operation, type, source, schema_version, agent,
                               correlation_id, trace_id, data)
           select $1::bigint, ordinal, event_id, operation, type, source, schema_version, agent, correlation_id, trace_id, data
             from bare_outbox order by ordinal`,
          [batchId],
        )
        await client.query(
          `insert into event_batches (batch_id, market_id, epoch, first_seq, event_count, at)
           select $1::bigint, $2, 1, 1, count(*), now() from bare_outbox`,
          [batchId, twin],
        )
        await client.query(
          'update market_sequences set last_seq = (select count(*) from bare_outbox) where market_id = $1',
          [twin],
        )
        await client.query('commit')
      } finally {
        client.release()
      }
    },

    async drop() {
      await db.query(
        'drop table bare_bids, bare_agents, bare_leases, bare_postings, bare_outbox, bare_cycle, twin_bids',
      )
    },
  }
}
