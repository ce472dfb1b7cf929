import type {
  AgentState,
  AllowanceState,
  BidState,
  CycleState,
  ExecutionState,
  HoldState,
  LeaseState,
  MarketState,
  PriceState,
  PromptState,
  ServiceState,
} from '../../events/state.ts'
import type { DatabaseClient } from '../pool.ts'

const ROWS_PER_READ = 5_000

/** A market's own state, in the words of its events. */
export async function readMarketState(client: DatabaseClient, marketId: string): Promise<MarketState> {
  const { rows } = await client.query(
    `select m.status, m.rules, r.resources, r.leased_ppm,
            (select -balance_micro from system_accounts where market_id = $1 and account = 'mint') as minted_micro,
            (select balance_micro from system_accounts where market_id = $1 and account = 'burn') as burned_micro,
            (select balance_micro from system_accounts where market_id = $1 and account = 'escrow') as escrow_micro
       from markets m
       cross join lateral (
         select json_agg(json_build_object('name', name, 'unit', unit, 'capacity', capacity::text) order by ordinal)
                  as resources, array_agg(leased_ppm order by ordinal) as leased_ppm
           from market_resources where market_id = $1) r
      where m.market_id = $1`,
    [marketId],
  )
  const row = rows[0]
  return {
    status: row.status === 'closed' ? 'closing' : row.status,
    resources: row.resources,
    rules: row.rules,
    mintedMicro: row.minted_micro,
    burnedMicro: row.burned_micro,
    escrowMicro: row.escrow_micro,
    leasedPpm: row.leased_ppm,
  }
}

/** A market's agents by name. */
export async function* readAgentStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[string, AgentState]> {
  const rows = readRows(
    client,
    `select a.name, a.status, a.frozen, a.owner, p.name as parent, a.available_micro, a.held_micro, a.open_bids
       from agents a left join agents p on p.agent_id = a.parent_id where a.market_id = $1`,
    marketId,
  )
  for await (const row of rows) {
    yield [
      row.name,
      {
        status: row.status,
        frozen: row.frozen,
        parent: row.parent,
        owner: row.owner,
        availableMicro: row.available_micro,
        heldMicro: row.held_micro,
        openBids: row.open_bids,
      },
    ]
  }
}

/** A market's allowances by their holders. */
export async function* readAllowanceStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[string, AllowanceState]> {
  const rows = readRows(
    client,
    `select coalesce('agent/' || a.name, 'owner/' || l.owner) as holder, l.amount_micro, l.period_seconds, l.cap_micro
       from allowances l left join agents a on a.agent_id = l.agent_id where l.market_id = $1`,
    marketId,
  )
  for await (const row of rows) {
    const { amount_micro: amountMicro, period_seconds: periodSeconds, cap_micro: capMicro } = row
    yield [row.holder, { amountMicro, periodSeconds, capMicro }]
  }
}

/** A market's bids by id. */
export async function* readBidStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[string, BidState]> {
  const rows = readRows(
    client,
    `select b.*, p.name as payer, f.name as beneficiary
       from bids b join agents p on p.agent_id = b.agent_id join agents f on f.agent_id = b.beneficiary_id
      where b.market_id = $1`,
    marketId,
  )
  for await (const row of rows) {
    yield [
      row.bid_id,
      {
        payer: row.payer,
        beneficiary: row.beneficiary,
        amountMicro: row.amount_micro,
        quantitiesPpm: row.quantities_ppm,
        durationSeconds: row.duration_seconds,
        goodTillCancelled: row.good_till_cancelled,
        expiresAt: row.expires_at?.toISOString() ?? null,
        via: row.via,
        actor: row.actor,
        status: row.status,
        decidedCycle: row.decided_cycle === null ? null : Number(row.decided_cycle),
        score: row.score,
        rank: row.rank,
      },
    ]
  }
}

/** A market's holds for service calls by id. */
export async function* readHoldStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[string, HoldState]> {
  const rows = readRows(
    client,
    `select h.hold_id, h.amount_micro, h.ref, h.status, a.name as agent, s.name as settled_to
       from holds h join agents a on a.agent_id = h.agent_id left join agents s on s.agent_id = h.settled_to
      where h.market_id = $1`,
    marketId,
  )
  for await (const row of rows) {
    const { agent, ref, status } = row
    yield [row.hold_id, { agent, amountMicro: row.amount_micro, ref, status, settledTo: row.settled_to }]
  }
}

/** A market's leases by id. */
export async function* readLeaseStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[string, LeaseState]> {
  const rows = readRows(
    client,
    `select l.*, p.name as payer, f.name as beneficiary
       from leases l join agents p on p.agent_id = l.agent_id join agents f on f.agent_id = l.beneficiary_id
      where l.market_id = $1`,
    marketId,
  )
  for await (const row of rows) {
    yield [
      row.lease_id,
      {
        bidId: row.bid_id,
        payer: row.payer,
        beneficiary: row.beneficiary,
        cycle: Number(row.cycle),
        quantitiesPpm: row.quantities_ppm,
        startsAt: row.starts_at.toISOString(),
        endsAt: row.ends_at.toISOString(),
        status: row.status,
      },
    ]
  }
}

/** A market's settled cycles by number. */
export async function* readCycleStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[number, CycleState]> {
  const rows = readRows(client, `select * from cycles where market_id = $1 and status = 'settled'`, marketId)
  for await (const row of rows) {
    yield [
      Number(row.number),
      {
        cutoffSeq: Number(row.cutoff_seq),
        effectiveAt: row.effective_at.toISOString(),
        supplyPpm: row.supply_ppm,
        demandPpm: row.demand_ppm.map(Number),
        pricesMicro: row.prices_micro,
        priceSource: row.price_source,
        winners: row.winners,
        losers: row.losers,
        leftWaiting: row.left_waiting,
        revenueMicro: row.revenue_micro,
        utilisationPpm: row.utilisation_ppm,
        cutoffScore: row.cutoff_score,
      },
    ]
  }
}

/** A market's posted prices by `<tick>/<resource>`. */
export async function* readPriceStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[string, PriceState]> {
  const rows = readRows(
    client,
    `select p.*, r.name from prices p join market_resources r using (market_id, ordinal)
      where p.market_id = $1`,
    marketId,
  )
  for await (const row of rows) {
    yield [
      `${row.tick}/${row.name}`,
      {
        priceMicro: row.price_micro,
        exponentMillionths: Number(row.exponent_millionths),
        demandPpm: Number(row.demand_ppm),
        reason: row.reason,
        elapsedMs: Number(row.elapsed_ms),
        tickedAt: row.ticked_at.toISOString(),
      },
    ]
  }
}

/** A market's services by `<provider>/<service>`. */
export async function* readServiceStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[string, ServiceState]> {
  const rows = readRows(
    client,
    `select s.*, a.name as provider from services s join agents a on a.agent_id = s.provider_id
      where s.market_id = $1`,
    marketId,
  )
  for await (const row of rows) {
    yield [
      `${row.provider}/${row.name}`,
      {
        costMicro: row.cost_micro,
        specification: row.specification,
        succeeded: Number(row.succeeded),
        failed: Number(row.failed),
      },
    ]
  }
}

/** A market's prompts by id. */
export async function* readPromptStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[string, PromptState]> {
  const rows = readRows(
    client,
    `select p.*, a.name as agent from prompts p join agents a using (agent_id) where p.market_id = $1`,
    marketId,
  )
  for await (const row of rows) {
    const { interesting, useful, understandable } = row
    yield [
      row.prompt_id,
      {
        agent: row.agent,
        leaseId: row.lease_id,
        amountMicro: row.amount_micro,
        text: row.text,
        expiresAt: row.expires_at === null ? null : row.expires_at.toISOString(),
        status: row.status,
        scores: interesting === null ? null : { interesting, useful, understandable },
        awardedMicro: row.awarded_micro,
      },
    ]
  }
}

/** A market's executions that began, by id, which is their lease's. */
export async function* readExecutionStates(
  client: DatabaseClient,
  marketId: string,
): AsyncGenerator<[string, ExecutionState]> {
  const rows = readRows(
    client,
    `select e.*, a.name as agent from executions e join agents a using (agent_id)
      where e.market_id = $1 and e.started_at is not null`,
    marketId,
  )
  for await (const row of rows) {
    const { agent, lease_id: leaseId, status, exit_code: exitCode, reason } = row
    yield [leaseId, { agent, leaseId, status, exitCode, reason }]
  }
}

/** Reads rows through a cursor, so that a table of any size is held a page at a time. */
async function* readRows(
  client: DatabaseClient,
  select: string,
  marketId: string,
  // biome-ignore lint/suspicious/noExplicitAny: rows as the driver gives them
): AsyncGenerator<any> {
  await client.query(`declare state_rows no scroll cursor for ${select}`, [marketId])
  for (;;) {
    const { rows } = await client.query(`fetch ${ROWS_PER_READ} from state_rows`)
    if (rows.length === 0) break
    yield* rows
  }
  await client.query('close state_rows')
}
