import type { Database } from '../pool.ts'

/** What calls to models are summed up by. */
export const USAGE_GROUPS = ['owner', 'agent', 'model'] as const
export type UsageGroup = (typeof USAGE_GROUPS)[number]

export interface UsageRow {
  marketId: string
  /** The owner, agent or model; null: agents without an owner. */
  name: string | null
  calls: number
  /** Calls that did not end with a whole answer. */
  failed: number
  promptTokens: bigint
  completionTokens: bigint
  chargedTokens: bigint
  costMicro: bigint
}

/** What the budgets of leases say of the same calls. */
export interface UsageTotals {
  chargedTokens: bigint
  openCalls: number
  reservedTokens: bigint
  /** Charged tokens by the budgets less those by the calls: 0 unless something is wrong. */
  differenceTokens: bigint
}

const NAMES: Record<UsageGroup, string> = { owner: 'a.owner', agent: 'a.name', model: 'c.model' }
const ROWS_MAX = 10_000

/**
 * Calls that are over, summed up by market and group at one snapshot, the dearest first, and reconciled with the budgets.
 * With `sinceHours`, only calls that are still kept one by one.
 */
export async function readUsageReport(
  db: Database,
  group: UsageGroup,
  { marketId = null, sinceHours = null }: { marketId?: string | null; sinceHours?: number | null } = {},
): Promise<{ rows: UsageRow[]; totals: UsageTotals }> {
  const name = NAMES[group]
  const { rows } = await db.query(
    `with known as materialized (
       select * from llm_calls where $1::text is null or market_id = $1),
     over as (
       select market_id, agent_id, model, 1 as calls, case when outcome = 'completed' then 0 else 1 end as failed,
              prompt_tokens, completion_tokens, charged_tokens, cost_micro
         from known
        where status = 'settled'
          and ($2::numeric is null or reserved_at > clock_timestamp() - make_interval(secs => $2 * 3600))
       union all
       select market_id, agent_id, model, calls, failed, prompt_tokens, completion_tokens, charged_tokens, cost_micro
         from llm_usage where $2 is null and ($1::text is null or market_id = $1)),
     grouped as (
       select c.market_id, ${name} as name, sum(calls) as calls, sum(failed) as failed,
              sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens,
              sum(charged_tokens) as charged_tokens, sum(cost_micro) as cost_micro
         from over c join agents a using (agent_id)
        group by 1, 2 order by sum(cost_micro) desc, sum(charged_tokens) desc limit ${ROWS_MAX}),
     by_calls as (
       select coalesce(sum(charged_tokens), 0)
                + (select coalesce(sum(charged_tokens), 0) from llm_usage where $1::text is null or market_id = $1)
                as charged,
              count(*) filter (where status = 'reserved') as open,
              coalesce(sum(reserved_tokens) filter (where status = 'reserved'), 0) as reserved from known),
     by_budgets as (
       select coalesce(sum(used_tokens), 0) as charged from llm_budgets where $1::text is null or market_id = $1)
     select (select coalesce(json_agg(json_build_object(
               'marketId', market_id, 'name', name, 'calls', calls, 'failed', failed,
               'promptTokens', prompt_tokens::text, 'completionTokens', completion_tokens::text,
               'chargedTokens', charged_tokens::text, 'costMicro', cost_micro::text)), '[]') from grouped) as grouped,
            c.charged::text, c.open, c.reserved::text, (b.charged - c.charged)::text as difference
       from by_calls c cross join by_budgets b`,
    [marketId, sinceHours],
  )
  const row = rows[0]
  return {
    rows: row.grouped.map((one: Record<string, string>) => ({
      ...one,
      promptTokens: BigInt(one.promptTokens!),
      completionTokens: BigInt(one.completionTokens!),
      chargedTokens: BigInt(one.chargedTokens!),
      costMicro: BigInt(one.costMicro!),
    })),
    totals: {
      chargedTokens: BigInt(row.charged),
      openCalls: Number(row.open),
      reservedTokens: BigInt(row.reserved),
      differenceTokens: BigInt(row.difference),
    },
  }
}

/** An upstream's circuit in one process. */
export interface CircuitRow {
  processId: string
  upstream: string
  status: 'closed' | 'open' | 'half_open'
  failures: number
  changedAt: string
  seenAt: string
}

/** What is known of calls to models right now. */
export interface LlmStatus {
  circuits: CircuitRow[]
  openCalls: number
  reservedTokens: bigint
  /** Calls past their deadline that nobody has resolved yet. */
  overdueCalls: number
  lastHour: { outcome: string; calls: number; chargedTokens: bigint; costMicro: bigint; medianMs: number }[]
  /** Calls of the last hour that were refused before anything was set aside for them. */
  refusedLastHour: { code: string; calls: number; leases: number }[]
}

/** Reads the circuits of all processes, the reservations that are open, and the last hour's calls. */
export async function readLlmStatus(db: Database): Promise<LlmStatus> {
  const [circuits, open, recent, refused] = await Promise.all([
    db.query(
      `select process_id, upstream, status, failures, changed_at, seen_at from llm_circuits order by process_id, place`,
    ),
    db.query(
      `select count(*) as calls, coalesce(sum(reserved_tokens), 0) as tokens,
              count(*) filter (where deadline_at < clock_timestamp()) as overdue
         from llm_calls where status = 'reserved'`,
    ),
    db.query(
      `select outcome, count(*) as calls, sum(charged_tokens) as charged, sum(cost_micro) as cost,
              percentile_cont(0.5) within group (order by latency_ms) as median_ms
         from llm_calls where status = 'settled' and settled_at > clock_timestamp() - interval '1 hour'
        group by outcome order by count(*) desc`,
    ),
    db.query(
      `select code, sum(calls) as calls, count(distinct lease_id) as leases
         from llm_refusals where second > clock_timestamp() - interval '1 hour'
        group by code order by sum(calls) desc`,
    ),
  ])
  const [now] = open.rows
  return {
    circuits: circuits.rows.map(row => ({
      processId: row.process_id,
      upstream: row.upstream,
      status: row.status,
      failures: row.failures,
      changedAt: row.changed_at.toISOString(),
      seenAt: row.seen_at.toISOString(),
    })),
    openCalls: Number(now.calls),
    reservedTokens: BigInt(now.tokens),
    overdueCalls: Number(now.overdue),
    lastHour: recent.rows.map(row => ({
      outcome: row.outcome,
      calls: Number(row.calls),
      chargedTokens: BigInt(row.charged),
      costMicro: BigInt(row.cost),
      medianMs: Number(row.median_ms),
    })),
    refusedLastHour: refused.rows.map(row => ({
      code: row.code,
      calls: Number(row.calls),
      leases: Number(row.leases),
    })),
  }
}
