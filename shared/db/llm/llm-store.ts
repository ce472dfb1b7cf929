import { draftEvent, type EventDraft } from '../../events/draft.ts'
import { type LlmRefusal, refuseCall } from '../../llm/llm-refusal.ts'
import type { LlmStore, Reserved, ReserveRequest, Settlement } from '../../llm/llm-store.ts'
import { readMoney } from '../../llm/money.ts'
import {
  decideReservation,
  type LeaseBudget,
  type SpendingMinute,
  wholeReservation,
} from '../../llm/reservation.ts'
import { NO_USAGE } from '../../llm/usage.ts'
import { closeBatch, startBatch, writeEvents } from '../events/event-batch.ts'
import type { Database, DatabaseClient } from '../pool.ts'
import { createStatementLane } from '../statement-lane.ts'
import { inOneStatement, inTransaction } from '../transaction.ts'
import {
  CALLS_PER_STATEMENT,
  DEFAULT_CALLS_PER_LEASE,
  type EndedCall,
  reserveWholeStatement,
  settleStatement,
  settleWholeStatement,
} from './llm-statements.ts'

/** Overdue reservations are resolved in turns of so many. */
const OVERDUE_MAX = 100
const MINUTE_MS = 60_000
const TOOL_NAME = 'llm.chat.completions'

/** A lease's budget under its lock, with what else decides about a call. */
interface LockedLease extends LeaseBudget {
  marketId: string
  agentId: bigint
  agent: string
  owner: string | null
  isOver: boolean
  isDead: boolean
  isFrozen: boolean
  bidTraceparent: string | null
  rules: Record<string, unknown>
  nowMs: number
}

/**
 * Reservations on Postgres, made and resolved by one statement for all calls that come at the same moment where nothing
 * stands in their way: the lease has room for the whole call, and its market neither limits its minutes nor observes calls.
 * Else a transaction decides. All of them lock the call when they resolve it, then its lease's budget, then the market's
 * minute and its owner's where they have a limit, and last the sequence row where calls are observed; statements for several wait for no lock.
 * `hint` is called after a commit that woke a market.
 */
export function createPostgresLlmStore(
  db: Database,
  hint: (marketId: string) => Promise<void>,
): LlmStore & { resolveOverdue(): Promise<number> } {
  const lane = createStatementLane()
  const reserveWhole = lane.line(CALLS_PER_STATEMENT, (requests: readonly ReserveRequest[]) =>
    reserveWholes(db, requests),
  )
  const settleWhole = lane.line(CALLS_PER_STATEMENT, (calls: readonly EndedCall[]) => settleWholes(db, calls))
  const store = {
    async reserve(request: ReserveRequest) {
      const whole = await reserveWhole(request)
      if (whole !== null) return { ok: true as const, ...whole }
      const { woken, ...reserved } = await inTransaction(db, client => reserve(client, request))
      if (woken && reserved.ok) await hint(reserved.marketId)
      return reserved
    },
    async settle(callId: string, settlement: Settlement) {
      const whole = await settleWhole({ callId, settlement })
      if (whole !== null) return { resolved: true, chargedTokens: whole }
      const { woken, ...settled } = await inTransaction(db, client => settle(client, callId, settlement))
      if (woken !== null) await hint(woken)
      return settled
    },
    /** Charges calls whose proxy died their worst case: it may have been used. Returns how many there were. */
    async resolveOverdue() {
      const { rows } = await db.query(
        `select call_id, reserved_at, clock_timestamp() as now from llm_calls
          where status = 'reserved' and deadline_at < clock_timestamp() order by deadline_at limit $1`,
        [OVERDUE_MAX],
      )
      let resolved = 0
      for (const row of rows) {
        const { resolved: isResolved } = await store.settle(row.call_id, {
          outcome: 'abandoned',
          charge: 'reserved',
          usage: NO_USAGE,
          costMicro: 0n,
          upstream: null,
          attempts: 0,
          latencyMs: row.now.getTime() - row.reserved_at.getTime(),
          firstTokenMs: null,
        })
        if (isResolved) resolved += 1
      }
      for (const table of ['llm_minutes', 'llm_owner_minutes']) {
        await db.query(`delete from ${table} where minute < clock_timestamp() - interval '1 day'`)
      }
      return resolved
    },
  }
  return store
}

/** Reserves in one statement what goes in one; null for each of which a transaction decides. */
async function reserveWholes(
  db: Database,
  requests: readonly ReserveRequest[],
): Promise<(Reserved | null)[]> {
  const calls = requests.map(request => ({ request, whole: wholeReservation(request.worst) }))
  const { rows } = await inOneStatement(db, reserveWholeStatement(calls))
  const told = new Map(rows.map(row => [row.call_id, row]))
  return calls.map(({ request, whole }) => {
    const row = told.get(request.callId)
    return row === undefined
      ? null
      : {
          ...whole,
          marketId: row.market_id,
          agent: row.name,
          owner: row.owner,
          bidTraceparent: row.traceparent,
        }
  })
}

/** Settles in one statement what goes in one, and tells what was charged; null for each that a transaction settles. */
async function settleWholes(db: Database, calls: readonly EndedCall[]): Promise<(number | null)[]> {
  const once = new Map(calls.map(call => [call.callId, call]))
  const { rows } = await inOneStatement(db, settleWholeStatement([...once.values()]))
  const charged = new Map(rows.map(row => [row.call_id, Number(row.charged_tokens)]))
  return calls.map(call => (once.get(call.callId) === call ? (charged.get(call.callId) ?? null) : null))
}

async function reserve(
  client: DatabaseClient,
  request: ReserveRequest,
): Promise<(({ ok: true } & Reserved) | LlmRefusal) & { woken?: boolean }> {
  const lease = await lockLease(client, request.leaseId)
  if (lease === null || !(await isTokenOf(client, request)))
    return refuseCall('unknown_token', 'there is no such lease, or this token is none of it any more')
  if (lease.isOver) return refuseCall('token_expired', 'the lease is over')
  if (lease.isDead) return refuseCall('agent_not_alive', `agent ${lease.agent} is dead`)
  if (lease.isFrozen) return refuseCall('agent_frozen', `agent ${lease.agent} is frozen`)
  const minutes = await lockMinutes(client, lease)
  const callsPerLease = Number(lease.rules.llmCallsPerLease ?? DEFAULT_CALLS_PER_LEASE)
  const decided = decideReservation(lease, minutes, callsPerLease, request.worst)
  if (!decided.ok) {
    if (decided.code === 'lease_tokens_used_up') await noteUsedUp(client, request.leaseId)
    return decided
  }

  const { marketId, agent, agentId, owner, bidTraceparent } = lease
  const minuteOf = (whose: SpendingMinute['whose']) =>
    minutes.some(one => one.whose === whose) ? new Date(minuteStartMs(lease.nowMs)) : null
  await client.query({
    name: 'llm-reserve',
    text: `with budget as (
             update llm_budgets set reserved_tokens = reserved_tokens + $7, open_calls = open_calls + 1 where lease_id = $3),
           minute as (
             update llm_minutes set tokens = tokens + $7, cost_micro = cost_micro + $8 where market_id = $2 and minute = $11),
           owner_minute as (
             update llm_owner_minutes set tokens = tokens + $7, cost_micro = cost_micro + $8
              where market_id = $2 and owner = $14 and minute = $13)
           insert into llm_calls (call_id, market_id, lease_id, agent_id, model, streamed, reserved_tokens,
                                  reserved_cost_micro, reserved_at, deadline_at, minute, traceparent, owner_minute)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9::timestamptz + make_interval(secs => $10), $11, $12, $13)`,
    values: [
      request.callId,
      marketId,
      request.leaseId,
      agentId,
      request.model,
      request.stream,
      decided.tokens,
      decided.costMicro,
      new Date(lease.nowMs),
      request.deadlineSeconds,
      minuteOf('market'),
      request.traceparent ?? bidTraceparent,
      minuteOf('owner'),
      owner,
    ],
  })
  const woken = await observe(client, lease, () =>
    draftEvent(
      request.callId,
      'tool_call_initiated',
      {
        tool_name: TOOL_NAME,
        parameters: {
          model: request.model,
          stream: request.stream,
          n: request.worst.choices,
          reserved_tokens: decided.tokens,
        },
        justification: null,
      },
      { agent, correlationId: request.callId, traceparent: bidTraceparent },
    ),
  )
  return { ...decided, marketId, agent, owner, bidTraceparent, woken }
}

async function settle(
  client: DatabaseClient,
  callId: string,
  settlement: Settlement,
): Promise<{ resolved: boolean; chargedTokens: number; woken: string | null }> {
  const { outcome, usage, attempts } = settlement
  const { rows } = await client.query(settleStatement({ callId, settlement }))
  const row = rows[0]
  if (row === undefined) {
    const known = await client.query('select from llm_calls where call_id = $1', [callId])
    if (known.rowCount === 0) throw new Error(`call ${callId} was never reserved`)
    return { resolved: false, chargedTokens: 0, woken: null }
  }
  const chargedTokens = Number(row.charged_tokens)
  const woken = await observe(client, { marketId: row.market_id, rules: row.rules }, () =>
    draftEvent(
      `${callId}/completed`,
      'tool_call_completed',
      {
        tool_name: TOOL_NAME,
        result: outcome === 'completed' ? 'success' : 'failure',
        response: {
          outcome,
          prompt_tokens: usage.promptTokens,
          completion_tokens: usage.completionTokens,
          charged_tokens: chargedTokens,
          attempts,
        },
      },
      { agent: row.agent, correlationId: callId, traceparent: row.traceparent },
    ),
  )
  return { resolved: true, chargedTokens, woken: woken ? row.market_id : null }
}

/** The lease with its budget locked; the budget is made at the first call. Null: no such lease. */
async function lockLease(client: DatabaseClient, leaseId: string): Promise<LockedLease | null> {
  const read = async () =>
    (
      await client.query({
        name: 'llm-reserve-lock',
        text: `select b.granted_tokens, b.used_tokens, b.reserved_tokens, b.open_calls, l.market_id,
                      l.beneficiary_id, l.status <> 'active' or l.ends_at <= clock_timestamp() as is_over, a.name, a.owner,
                      a.status = 'dead' as is_dead, a.frozen, bid.traceparent, m.rules,
                      date_trunc('milliseconds', clock_timestamp()) as now
                 from llm_budgets b join leases l using (lease_id) join agents a on a.agent_id = l.beneficiary_id
                 join bids bid using (bid_id) join markets m on m.market_id = l.market_id
                where b.lease_id = $1 for no key update of b`,
        values: [leaseId],
      })
    ).rows[0]
  const row = (await read()) ?? ((await makeBudget(client, leaseId)) ? await read() : undefined)
  if (row === undefined) return null
  return {
    ...budgetOf(row),
    marketId: row.market_id,
    agentId: row.beneficiary_id,
    agent: row.name,
    owner: row.owner,
    isOver: row.is_over,
    isDead: row.is_dead,
    isFrozen: row.frozen,
    bidTraceparent: row.traceparent,
    rules: row.rules,
    nowMs: row.now.getTime(),
  }
}

/** Whether the caller's token is one of the lease's; who shows none speaks for the lease by other right. */
async function isTokenOf(client: DatabaseClient, { tokenHash, leaseId }: ReserveRequest): Promise<boolean> {
  if (tokenHash === undefined) return true
  const { rowCount } = await client.query({
    name: 'llm-reserve-token',
    text: 'select from lease_tokens where token_hash = $1 and lease_id = $2',
    values: [tokenHash, leaseId],
  })
  return rowCount === 1
}

/** Notes that a lease had too little left for a call; only the first time writes. */
async function noteUsedUp(client: DatabaseClient, leaseId: string): Promise<void> {
  await client.query('update llm_budgets set was_used_up = true where lease_id = $1 and not was_used_up', [
    leaseId,
  ])
}

/** Tokens of a lease = its fraction x the market's capacity per minute x its duration in minutes, rounded down. */
async function makeBudget(client: DatabaseClient, leaseId: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into llm_budgets (lease_id, market_id, granted_tokens)
     select l.lease_id, l.market_id,
            least(9007199254740991, coalesce(
              floor(l.quantities_ppm[r.ordinal + 1] * r.capacity * b.duration_seconds / (1000000 * 60.0)), 0))
       from leases l join bids b using (bid_id)
       left join market_resources r on r.market_id = l.market_id and r.name = 'tokens'
      where l.lease_id = $1
     on conflict (lease_id) do update set open_calls = llm_budgets.open_calls`,
    [leaseId],
  )
  return rowCount === 1
}

/** What the lease's market, and the agents of its agent's owner, have spent in this minute, where there is a limit for that. */
async function lockMinutes(
  client: DatabaseClient,
  { marketId, owner, rules, nowMs }: LockedLease,
): Promise<SpendingMinute[]> {
  const startsAtMs = minuteStartMs(nowMs)
  const secondsLeft = Math.max(1, Math.ceil((startsAtMs + MINUTE_MS - nowMs) / 1_000))
  const minutes: SpendingMinute[] = []
  const lock = async (
    whose: SpendingMinute['whose'],
    [tokensRule, costRule]: [unknown, unknown],
    text: string,
    keys: string[],
  ) => {
    const tokensMax = tokensRule == null ? null : Number(tokensRule)
    const costMicroMax = costRule == null ? null : readMoney(String(costRule))
    if (tokensMax === null && costMicroMax === null) return
    const { rows } = await client.query(text, [...keys, new Date(startsAtMs)])
    const [{ tokens, cost_micro: costMicro }] = rows
    minutes.push({ whose, tokensMax, costMicroMax, tokens: Number(tokens), costMicro, secondsLeft })
  }
  await lock(
    'market',
    [rules.llmTokensPerMinute, rules.llmCostPerMinute],
    `insert into llm_minutes as m (market_id, minute) values ($1, $2)
     on conflict (market_id, minute) do update set tokens = m.tokens returning tokens, cost_micro`,
    [marketId],
  )
  if (owner === null) return minutes
  await lock(
    'owner',
    [rules.ownerLlmTokensPerMinute, rules.ownerLlmCostPerMinute],
    `insert into llm_owner_minutes as m (market_id, owner, minute) values ($1, $2, $3)
     on conflict (market_id, owner, minute) do update set tokens = m.tokens returning tokens, cost_micro`,
    [marketId, owner],
  )
  return minutes
}

function minuteStartMs(nowMs: number): number {
  return nowMs - (nowMs % MINUTE_MS)
}

/** Tells a call as an event where the market observes its agents' calls. Returns whether that woke the market. */
async function observe(
  client: DatabaseClient,
  { marketId, rules }: { marketId: string; rules: Record<string, unknown> },
  event: () => EventDraft,
): Promise<boolean> {
  if (rules.observeCalls !== true) return false
  const batch = await startBatch(client, marketId)
  await writeEvents(client, batch, [event()])
  return (await closeBatch(client, batch, 1)).woken
}

function budgetOf(row: Record<string, unknown>): LeaseBudget {
  return {
    grantedTokens: Number(row.granted_tokens),
    usedTokens: Number(row.used_tokens),
    reservedTokens: Number(row.reserved_tokens),
    openCalls: Number(row.open_calls),
  }
}
