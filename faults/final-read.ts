import type { Bus } from '../shared/bus/connect.ts'
import { readEventMessage } from '../shared/bus/event-message.ts'
import { readMessages } from '../shared/bus/stored-messages.ts'
import type { Database, DatabaseClient } from '../shared/db/pool.ts'
import { atOneSnapshot } from '../shared/db/transaction.ts'
import type { FoundRow, MarketEvidence, RestFacts } from './evidence.ts'
import { type MetEvent, readCollected } from './watch/collected.ts'

/** Credits with all six digits after the point, as the load writes amounts. */
function markOf(amountMicro: bigint): string {
  return `${amountMicro / 1_000_000n}.${String(amountMicro % 1_000_000n).padStart(6, '0')}`
}

/**
 * Reads what a market holds in the end: Postgres at one snapshot, then the stream, then the collector's file. Events
 * that came after it was at rest (prices go on moving) are left out.
 */
export async function readMarket(
  db: Database,
  bus: Bus,
  folder: string,
  market: string,
  rest: RestFacts,
): Promise<MarketEvidence> {
  const inPostgres = await atOneSnapshot(db, client => readPostgres(client, market))
  const upToRest = (events: MetEvent[]) => events.filter(({ seq }) => seq <= rest.lastSeq)
  return {
    market,
    rest,
    ...inPostgres,
    written: upToRest(inPostgres.written),
    stored: upToRest(await readStored(bus, market)),
    collected: upToRest(readCollected(folder, market)),
  }
}

async function readPostgres(client: DatabaseClient, market: string) {
  const read = async (text: string) => (await client.query(text, [market])).rows
  const bids = await read(
    `select b.bid_id, a.name, b.amount_micro, b.status
       from bids b join agents a using (agent_id) where b.market_id = $1`,
  )
  const holds = await read(
    `select h.hold_id, h.ref, h.amount_micro, h.status,
            (select count(*) from transfers t where t.market_id = $1 and t.purpose = 'hold' and t.ref = h.hold_id::text)
              as transfers
       from holds h where h.market_id = $1`,
  )
  const transfers = await read(
    `select purpose, ref from transfers
      where market_id = $1 and from_agent_id is not null and to_agent_id is not null and purpose not in ('hold', 'endowment')`,
  )
  const grants = await read(
    `select o.data->>'reason' as reason, o.data->>'ref' as ref
       from outbox o join event_batches b using (batch_id)
      where b.market_id = $1 and o.type = 'credits_minted' and o.data->>'reason' like 'grant-%'`,
  )
  const payments = await read(
    `select ref, count(*) as times, sum(amount_micro)::bigint as amount_micro
       from transfers where market_id = $1 and purpose = 'bid_payment' group by ref`,
  )
  const outcomes = await read(
    `select o.key, a.name, coalesce((o.outcome->>'ok')::boolean, true) as ok
       from operations o left join agents a on a.agent_id = o.agent_id where o.market_id = $1`,
  )
  const prompts = await read(
    `select p.prompt_id, p.text, p.status, p.awarded_micro,
            count(*) filter (where t.purpose = 'reward') as mints,
            coalesce(sum(t.amount_micro) filter (where t.purpose = 'reward'), 0)::bigint as minted_micro,
            count(*) filter (where t.purpose = 'prompt') as escrow_moves
       from prompts p left join transfers t on t.market_id = $1 and t.ref = p.prompt_id::text
      where p.market_id = $1 group by p.prompt_id`,
  )
  const executions = await read(
    `select e.lease_id, e.status, e.refunded or l.refunded as refunded, l.status = 'revoked' as revoked,
            (select count(*) from transfers where market_id = $1 and purpose = 'refund' and ref = e.lease_id::text)
              as refunds,
            count(*) filter (where o.type = 'execution_started') as begins,
            count(*) filter (where o.type = 'execution_terminated') as ends
       from executions e join leases l using (lease_id)
       left join (select o.type, o.data->>'execution_id' as execution_id
                    from outbox o join event_batches b using (batch_id)
                   where b.market_id = $1 and o.type in ('execution_started', 'execution_terminated')) o
         on o.execution_id = e.lease_id::text
      where e.market_id = $1 group by e.lease_id, l.lease_id`,
  )
  const calls = await read(
    `select call_id, split_part(traceparent, '-', 2) as mark, outcome, reserved_tokens, charged_tokens,
            prompt_tokens + completion_tokens as used_tokens
       from llm_calls where market_id = $1`,
  )
  const budgets = await read(
    `select b.lease_id, b.granted_tokens, b.used_tokens, b.reserved_tokens, b.open_calls,
            (select coalesce(sum(c.charged_tokens), 0) from llm_calls c where c.lease_id = b.lease_id) as charged_tokens
       from llm_budgets b where b.market_id = $1`,
  )
  const leases = await read(
    `select l.lease_id, l.status, l.quantities_ppm, l.starts_at, l.ends_at, l.refunded, coalesce(e.refunded, false) as missed,
            (select count(*) from transfers where market_id = $1 and purpose = 'refund' and ref = l.lease_id::text)
              as refunds
       from leases l left join executions e using (lease_id) where l.market_id = $1`,
  )
  const children = await read(
    `select c.name as child, p.name as parent, c.generation - p.generation as generations, count(s.ref) as births,
            (select count(*) from transfers where market_id = $1 and purpose = 'spawn_fee' and from_agent_id = p.agent_id
                and ref = min(s.ref)) as fees,
            (select count(*) from transfers where market_id = $1 and purpose = 'endowment' and from_agent_id = p.agent_id
                and to_agent_id = c.agent_id and ref = min(s.ref)) as endowments
       from agents c join agents p on p.agent_id = c.parent_id
       left join (select o.data->>'child_id' as child, o.correlation_id as ref
                    from outbox o join event_batches b using (batch_id)
                   where b.market_id = $1 and o.type = 'agent_spawned') s on s.child = c.name
      where c.market_id = $1 group by c.agent_id, p.agent_id`,
  )
  const revivals = await read(
    `select o.data->>'reason' as reason from outbox o join event_batches b using (batch_id)
      where b.market_id = $1 and o.type in ('agent_awake', 'agent_revived') and o.data->>'reason' like 'revive-%'`,
  )
  const turns = await read(
    `select o.type, count(*) as times from outbox o join event_batches b using (batch_id)
      where b.market_id = $1 and o.type in ('agent_dormant', 'agent_awake', 'agent_died', 'agent_revived')
      group by o.type`,
  )
  const cycles = await read(
    `select number, status, effective_at, winners, losers, revenue_micro
       from cycles where market_id = $1 order by number`,
  )
  const ticks = await read('select coalesce(max(tick), 0) as ticks from prices where market_id = $1')
  const events = await read(
    `select (b.first_seq + o.ordinal)::float8 as seq, o.event_id, o.type, o.data->>'cycle' as cycle
       from event_batches b join outbox o using (batch_id) where b.market_id = $1 order by 1`,
  )
  const found: FoundRow[] = [
    ...transfers.map(row => ({ kind: 'transfer' as const, mark: row.purpose, id: row.ref })),
    ...grants.map(row => ({ kind: 'grant' as const, mark: row.reason, id: row.ref })),
    ...holds.map(row => ({ kind: 'hold' as const, mark: row.ref, id: row.hold_id })),
    ...prompts.map(row => ({ kind: 'prompt' as const, mark: row.text, id: row.prompt_id })),
  ]
  return {
    bids: bids.map(row => ({
      bidId: row.bid_id,
      agent: row.name,
      mark: markOf(row.amount_micro),
      amountMicro: row.amount_micro,
      status: row.status,
    })),
    found,
    cancelledBidIds: bids.filter(row => row.status === 'cancelled').map(row => row.bid_id),
    holds: holds.map(row => ({
      holdId: row.hold_id,
      amountMicro: row.amount_micro,
      status: row.status,
      settledTransfers: Number(row.transfers),
    })),
    prompts: prompts.map(row => ({
      promptId: row.prompt_id,
      status: row.status,
      awardedMicro: row.awarded_micro,
      mints: Number(row.mints),
      mintedMicro: row.minted_micro,
      escrowMoves: Number(row.escrow_moves),
    })),
    executions: executions.map(row => ({
      leaseId: row.lease_id,
      status: row.status,
      isRefunded: row.refunded,
      isRevoked: row.revoked,
      refunds: Number(row.refunds),
      begins: Number(row.begins),
      ends: Number(row.ends),
    })),
    calls: calls.map(row => ({
      callId: row.call_id,
      mark: row.mark,
      outcome: row.outcome,
      reservedTokens: Number(row.reserved_tokens),
      chargedTokens: row.charged_tokens === null ? null : Number(row.charged_tokens),
      usedTokens: row.used_tokens === null ? null : Number(row.used_tokens),
    })),
    budgets: budgets.map(row => ({
      leaseId: row.lease_id,
      grantedTokens: Number(row.granted_tokens),
      usedTokens: Number(row.used_tokens),
      reservedTokens: Number(row.reserved_tokens),
      openCalls: row.open_calls,
      chargedTokens: Number(row.charged_tokens),
    })),
    outcomes: outcomes.map(row => ({ key: row.key, agent: row.name, ok: row.ok })),
    payments: payments.map(row => ({
      bidId: row.ref,
      times: Number(row.times),
      amountMicro: row.amount_micro,
    })),
    leases: leases.map(row => ({
      leaseId: row.lease_id,
      status: row.status,
      quantitiesPpm: row.quantities_ppm,
      startsMs: row.starts_at.getTime(),
      endsMs: row.ends_at.getTime(),
      isRefunded: row.refunded,
      isMissed: row.missed,
      refunds: Number(row.refunds),
    })),
    children: children.map(row => ({
      child: row.child,
      parent: row.parent,
      generations: row.generations,
      births: Number(row.births),
      fees: Number(row.fees),
      endowments: Number(row.endowments),
    })),
    revivals: revivals.map(row => row.reason),
    turns: Object.fromEntries(turns.map(row => [row.type, Number(row.times)])),
    cycles: cycles.map(row => ({
      number: Number(row.number),
      status: row.status,
      effectiveMs: row.effective_at?.getTime() ?? null,
      winners: row.winners ?? 0,
      losers: row.losers ?? 0,
      revenueMicro: row.revenue_micro ?? 0n,
    })),
    ticks: Number(ticks[0].ticks),
    written: events.map(row => ({ seq: row.seq, eventId: row.event_id })),
    toldCycles: events.filter(row => row.type === 'cycle_cleared').map(row => Number(row.cycle)),
  }
}

/** Every message of the stream that is an event of its market, in the order of the stream. */
async function readStored(bus: Bus, market: string): Promise<MetEvent[]> {
  const stored: MetEvent[] = []
  for (let from = 1; ; ) {
    const messages = await readMessages(bus, market, from)
    if (messages.length === 0) return stored
    for (const message of messages) {
      const parsed = readEventMessage(message, market)
      if (parsed.ok) stored.push({ seq: parsed.event.seq, eventId: parsed.event.event_id })
    }
    from = messages.at(-1)!.streamSequence + 1
  }
}
