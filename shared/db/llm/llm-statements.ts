import type { QueryConfig } from 'pg'
import type { ReserveRequest, Settlement } from '../../llm/llm-store.ts'
import type { Reservation } from '../../llm/reservation.ts'
import { totalTokens } from '../../llm/usage.ts'

/** So many calls of a lease may be open where its market says nothing else. */
export const DEFAULT_CALLS_PER_LEASE = 128

/** One statement begins or ends at most so many calls. */
export const CALLS_PER_STATEMENT = 64

/**
 * Sets the whole worst cases of calls aside in one statement, and gives for each its lease's market, agent and trace. No row,
 * and no change, for the calls of a lease that may not be used, was never called on before, is in use by somebody else,
 * has too little left or too many calls open for all of them, or whose market limits its minutes, or its owner's, or observes calls; and for a
 * call whose token is none of its lease's. What stands in the way is not told. Budgets are locked in the order of
 * their leases, and Postgres looks at its conditions again on what it finds once it has the lock.
 */
export function reserveWholeStatement(
  calls: readonly { request: ReserveRequest; whole: Reservation }[],
): QueryConfig {
  const of = <T>(read: (request: ReserveRequest) => T) => calls.map(({ request }) => read(request))
  return {
    name: 'llm-reserve-whole',
    text: `with asked as materialized (
             select *
               from ${unnested('uuid', 'uuid', 'bytea', 'text', 'boolean', 'bigint', 'bigint', 'int', 'text')}
                 as a (call_id, lease_id, token_hash, model, streamed, tokens, cost_micro, deadline_seconds, traceparent)
              where token_hash is null
                 or lease_id = (select t.lease_id from lease_tokens t where t.token_hash = a.token_hash)),
           total as (
             select lease_id, sum(tokens)::bigint as tokens, count(*)::int as calls from asked group by lease_id),
           free as materialized (
             select b.lease_id from llm_budgets b join total using (lease_id)
              order by b.lease_id for no key update of b skip locked),
           budget as (
             update llm_budgets b
                set reserved_tokens = b.reserved_tokens + total.tokens, open_calls = b.open_calls + total.calls
               from free join total using (lease_id) join leases l using (lease_id)
               join agents a on a.agent_id = l.beneficiary_id join bids bid using (bid_id)
               join markets m on m.market_id = l.market_id
              where b.lease_id = free.lease_id
                and b.used_tokens + b.reserved_tokens + total.tokens <= b.granted_tokens
                and b.open_calls + total.calls
                    <= coalesce((m.rules->>'llmCallsPerLease')::bigint, ${DEFAULT_CALLS_PER_LEASE})
                and l.status = 'active' and l.ends_at > clock_timestamp() and a.status <> 'dead' and not a.frozen
                and m.rules->>'llmTokensPerMinute' is null and m.rules->>'llmCostPerMinute' is null
                and (a.owner is null
                     or m.rules->>'ownerLlmTokensPerMinute' is null and m.rules->>'ownerLlmCostPerMinute' is null)
                and m.rules->>'observeCalls' is distinct from 'true'
             returning b.lease_id, l.market_id, l.beneficiary_id, a.name, a.owner, bid.traceparent,
                       date_trunc('milliseconds', clock_timestamp()) as now),
           call as (
             insert into llm_calls (call_id, market_id, lease_id, agent_id, model, streamed, reserved_tokens,
                                    reserved_cost_micro, reserved_at, deadline_at, traceparent)
             select call_id, market_id, lease_id, beneficiary_id, model, streamed, tokens, cost_micro, now,
                    now + make_interval(secs => deadline_seconds), coalesce(asked.traceparent, budget.traceparent)
               from asked join budget using (lease_id))
           select call_id, market_id, name, owner, budget.traceparent from asked join budget using (lease_id)`,
    values: [
      of(({ callId }) => callId),
      of(({ leaseId }) => leaseId),
      of(({ tokenHash }) => tokenHash ?? null),
      of(({ model }) => model),
      of(({ stream }) => stream),
      calls.map(({ whole }) => whole.tokens),
      calls.map(({ whole }) => whole.costMicro),
      of(({ deadlineSeconds }) => deadlineSeconds),
      of(({ traceparent }) => traceparent),
    ],
  }
}

/**
 * Parameters that are arrays of these types, as rows. How long they are is hidden from the planner: for one call it would
 * else find a plan of that call's own cheaper each time, and plan for longer than it runs.
 */
function unnested(...types: string[]): string {
  return `unnest(${types.map((type, place) => `(select $${place + 1}::${type}[])`).join(', ')})`
}

/** How a call ended, for a statement. */
export interface EndedCall {
  callId: string
  settlement: Settlement
}

/** The settlement's commit does not wait for the disk: see `settleStatement`. */
const COMMIT_AT_ONCE = `set_config('synchronous_commit', 'off', true)`

/**
 * Resolves calls in one statement, and gives for each what it was charged. No row for a call that was resolved before, is
 * in use by somebody else, took more than it had set aside, or counts in a minute of its market or owner; nor where its market
 * observes calls. Calls are locked before budgets, and budgets in the order of their leases.
 */
export function settleWholeStatement(calls: readonly EndedCall[]): QueryConfig {
  return {
    name: 'llm-settle-whole',
    text: `with call as materialized (
             select told.*, c.lease_id, c.reserved_tokens, ${COMMIT_AT_ONCE} as commits,
                    case when told.is_worst then c.reserved_tokens else told.used_tokens end as charged_tokens
               from ${unnested('uuid', 'text', 'text', 'bigint', 'bigint', 'text', 'bigint', 'int', 'int', 'int', 'boolean', 'bigint')}
                 as told (call_id, outcome, upstream, prompt_tokens, completion_tokens, usage_source, cost_micro,
                          attempts, latency_ms, first_token_ms, is_worst, used_tokens)
               join llm_calls c on c.call_id = told.call_id join markets m on m.market_id = c.market_id
              where c.status = 'reserved' and c.minute is null and c.owner_minute is null and m.rules->>'observeCalls' is distinct from 'true'
                and (told.is_worst or told.used_tokens <= c.reserved_tokens)
              order by c.call_id for no key update of c skip locked),
           total as (
             select lease_id, sum(reserved_tokens)::bigint as reserved_tokens, sum(charged_tokens)::bigint as charged_tokens,
                    count(*)::int as calls
               from call group by lease_id),
           free as materialized (
             select b.lease_id from llm_budgets b join total using (lease_id)
              order by b.lease_id for no key update of b skip locked),
           budget as (
             update llm_budgets b
                set reserved_tokens = b.reserved_tokens - total.reserved_tokens, open_calls = b.open_calls - total.calls,
                    used_tokens = b.used_tokens + total.charged_tokens
               from free join total using (lease_id) where b.lease_id = free.lease_id
             returning b.lease_id),
           settled as (
             update llm_calls c
                set status = 'settled', outcome = call.outcome, upstream = call.upstream,
                    prompt_tokens = call.prompt_tokens, completion_tokens = call.completion_tokens,
                    usage_source = call.usage_source, charged_tokens = call.charged_tokens,
                    cost_micro = case when call.is_worst then c.reserved_cost_micro else call.cost_micro end,
                    attempts = call.attempts, latency_ms = call.latency_ms, first_token_ms = call.first_token_ms,
                    settled_at = clock_timestamp()
               from call join budget using (lease_id) where c.call_id = call.call_id)
           select call_id, charged_tokens from call join budget using (lease_id)`,
    values: columnsOf(calls),
  }
}

/**
 * Resolves a call in one statement; no row where it was resolved before. Its lock on the call lets one settlement through,
 * the second then finds nothing to do. What is charged is what the call used, but never more than it set aside and the
 * lease has beside the calls of others: an upstream that takes no notice of its limits cannot make a lease spend more than
 * it was granted.
 *
 * Unless it is told as an event, its commit does not wait for the disk. When power or Postgres fails within the next
 * moments it may be forgotten, in whole and together with whatever was built on it: then the call is still open, and is
 * charged its worst case after its deadline. A reservation waits: were one forgotten, its upstream would have been
 * called for nothing set aside.
 */
export function settleStatement(call: EndedCall): QueryConfig {
  return {
    name: 'llm-settle',
    text: `with call as materialized (
             select c.call_id, c.lease_id, c.reserved_tokens,
                    case when $11::boolean then c.reserved_tokens else $12::bigint end as wanted_tokens, m.rules,
                    case when m.rules->>'observeCalls' is distinct from 'true' then ${COMMIT_AT_ONCE} end as commits
               from llm_calls c join markets m on m.market_id = c.market_id
              where c.call_id = $1 and c.status = 'reserved'
                for no key update of c),
           budget as (
             update llm_budgets b
                set reserved_tokens = b.reserved_tokens - call.reserved_tokens, open_calls = b.open_calls - 1,
                    used_tokens = b.used_tokens
                      + least(call.wanted_tokens, b.granted_tokens - b.used_tokens - b.reserved_tokens + call.reserved_tokens)
               from call where b.lease_id = call.lease_id
             returning call.call_id, new.used_tokens - old.used_tokens as charged_tokens, call.rules),
           settled as (
             update llm_calls c
                set status = 'settled', outcome = $2, upstream = $3, prompt_tokens = $4, completion_tokens = $5,
                    usage_source = $6, charged_tokens = budget.charged_tokens,
                    cost_micro = case when $11 then c.reserved_cost_micro else $7::bigint end, attempts = $8, latency_ms = $9,
                    first_token_ms = $10, settled_at = clock_timestamp()
               from budget where c.call_id = $1 and c.call_id = budget.call_id
             returning c.*, budget.rules),
           minute as (
             update llm_minutes m
                set tokens = m.tokens - settled.reserved_tokens + settled.charged_tokens,
                    cost_micro = m.cost_micro - settled.reserved_cost_micro + settled.cost_micro
               from settled where m.market_id = settled.market_id and m.minute = settled.minute),
           owner_minute as (
             update llm_owner_minutes m
                set tokens = m.tokens - settled.reserved_tokens + settled.charged_tokens,
                    cost_micro = m.cost_micro - settled.reserved_cost_micro + settled.cost_micro
               from settled join agents a using (agent_id)
              where m.market_id = settled.market_id and m.owner = a.owner and m.minute = settled.owner_minute)
           select market_id, rules, charged_tokens, traceparent,
                  (select name from agents a where a.agent_id = settled.agent_id) as agent
             from settled`,
    values: columnsOf([call]).map(column => column[0]),
  }
}

/** The parameters of a settlement, a column each. */
function columnsOf(calls: readonly EndedCall[]): unknown[][] {
  const of = <T>(read: (settlement: Settlement) => T) => calls.map(({ settlement }) => read(settlement))
  return [
    calls.map(({ callId }) => callId),
    of(({ outcome }) => outcome),
    of(({ upstream }) => upstream),
    of(({ usage }) => usage.promptTokens),
    of(({ usage }) => usage.completionTokens),
    of(({ usage }) => usage.source),
    of(({ costMicro }) => costMicro),
    of(({ attempts }) => attempts),
    of(({ latencyMs }) => Math.round(latencyMs)),
    of(({ firstTokenMs }) => (firstTokenMs === null ? null : Math.round(firstTokenMs))),
    of(({ charge }) => charge === 'reserved'),
    of(({ usage }) => totalTokens(usage)),
  ]
}
