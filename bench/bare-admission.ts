import { randomUUID } from 'node:crypto'
import type { Database } from '../shared/db/pool.ts'

/**
 * The bare batched insert that admission is compared with: for each batch, in one transaction, the same rows in the same
 * tables (bids, their events, the batch, the agents' holds, the sequence), prepared beforehand and decided by nobody.
 */
export async function prepareBareAdmission(
  db: Database,
  marketId: string,
  batches: number,
  bidsPerBatch: number,
) {
  const { rows: agents } = await db.query(
    'select agent_id, name from agents where market_id = $1 order by agent_id',
    [marketId],
  )
  const prepared = Array.from({ length: batches }, (_, batch) => {
    const bids = Array.from({ length: bidsPerBatch }, (_, place) => {
      const index = batch * bidsPerBatch + place
      const agent = agents[index % agents.length]
      const bidId = randomUUID()
      const amountMicro = 1_000_000n + BigInt((index * 7919) % 100_003) * 10_000n
      const data = {
        bid_id: bidId,
        payer_id: agent.name,
        beneficiary_id: agent.name,
        bundle: { cpu: 0.0001, memory: 0.0001, tokens: 0.0001, attention: 0.0001, durationSeconds: 3600 },
        total_cost: '100.01',
        good_till_cancelled: false,
        expires_at: null,
        via: 'cli',
        actor: 'bench',
      }
      return { bidId, agentId: agent.agent_id, agent: agent.name, amountMicro, data: JSON.stringify(data) }
    })
    return { bids, eventIds: bids.map(() => randomUUID()) }
  })

  return async function insertBatches(): Promise<void> {
    const client = await db.connect()
    try {
      for (const { bids, eventIds } of prepared) {
        await client.query('begin')
        const { rows } = await client.query(`select nextval('event_batch_ids') as batch_id`)
        const batchId = rows[0].batch_id
        await client.query(
          `update agents a set available_micro = a.available_micro - u.held, held_micro = a.held_micro + u.held,
                  open_bids = open_bids + u.bids
             from (select agent_id, sum(amount)::bigint as held, count(*) as bids
                     from unnest($1::bigint[], $2::bigint[]) as b(agent_id, amount) group by agent_id) u
            where a.agent_id = u.agent_id`,
          [bids.map(bid => bid.agentId), bids.map(bid => bid.amountMicro)],
        )
        await client.query(
          `insert into bids (bid_id, market_id, agent_id, beneficiary_id, amount_micro, quantities_ppm, duration_seconds,
                             via, actor, batch_id, ordinal, timestamp)
           select bid_id, $1, agent_id, agent_id, amount, array[100, 100, 100, 100], 3600, 'cli', 'bench', $2, place - 1, now()
             from unnest($3::uuid[], $4::bigint[], $5::bigint[]) with ordinality as b(bid_id, agent_id, amount, place)`,
          [
            marketId,
            batchId,
            bids.map(bid => bid.bidId),
            bids.map(bid => bid.agentId),
            bids.map(bid => bid.amountMicro),
          ],
        )
        await client.query(
          `insert into outbox (batch_id, ordinal, event_id, operation, type, source, schema_version, agent, correlation_id, data)
           select $1, place - 1, event_id, operation, 'bid_placed', 'system', 1, agent, operation, data
             from unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[]) with ordinality
               as e(event_id, operation, agent, data, place)`,
          [
            batchId,
            eventIds,
            bids.map(bid => bid.bidId),
            bids.map(bid => bid.agent),
            bids.map(bid => bid.data),
          ],
        )
        await client.query(
          `with moved as (
             update market_sequences set last_seq = last_seq + $3 where market_id = $1 returning last_seq)
           insert into event_batches (batch_id, market_id, epoch, first_seq, event_count, at)
           select $2, $1, 1, last_seq - $3 + 1, $3, now() from moved`,
          [marketId, batchId, bids.length],
        )
        await client.query('commit')
      }
    } finally {
      client.release()
    }
  }
}
