import type { QueryConfig } from 'pg'
import type { ReserveRequest, Settlement } from '../llm/llm-store.ts'
import type { Reservation } from '../llm/reservation.ts'
import { totalTokens } from '../llm/usage.ts'

/** So many calls of a lease may be open where its market says nothing else. */
export const DEFAULT_CALLS_PER_LEASE = 128

/**
 * Sets a whole worst case aside in one statement, and gives the lease's market, agent and trace; no row, and no change,
 * where the lease may not be used, has too little left or too many calls open, was never called on before, or its
 * market limits its minutes or observes calls. What stands in the way is not told. The update locks the budget, and
 * Postgres looks at its conditions again on what it finds once it has the lock.
 */
export function reserveWholeStatement(
  { callId, leaseId, model, stream, deadlineSeconds, traceparent }: ReserveRequest,
  { tokens, costMicro }: Reservation,
): QueryConfig {
  return {
    name: 'llm-reserve-whole',
    text: `with budget as (
             update llm_budgets b set reserved_tokens = b.reserved_tokens + $5, open_calls = b.open_calls + 1
               from leases l join agents a on a.agent_id = l.beneficiary_id join bids bid using (bid_id)
               join markets m on m.market_id = l.market_id
              where b.lease_id = $2 and l.lease_id = $2
                and b.used_tokens + b.reserved_tokens + $5 <= b.granted_tokens
                and b.open_calls < coalesce((m.rules->>'llmCallsPerLease')::bigint, ${DEFAULT_CALLS_PER_LEASE})
                and l.status = 'active' and l.ends_at > clock_timestamp() and a.status <> 'dead' and not a.frozen
                and m.rules->>'llmTokensPerMinute' is null and m.rules->>'llmCostPerMinute' is null
                and m.rules->>'observeCalls' is distinct from 'true'
             returning l.market_id, l.beneficiary_id, a.name, bid.traceparent,
                       date_trunc('milliseconds', clock_timestamp()) as now),
           call as (
             insert into llm_calls (call_id, market_id, lease_id, agent_id, model, streamed, reserved_tokens,
                                    reserved_cost_micro, reserved_at, deadline_at, traceparent)
             select $1, market_id, $2, beneficiary_id, $3, $4, $5, $6, now, now + make_interval(secs => $7),
                    coalesce($8, traceparent)
               from budget)
           select market_id, name, traceparent from budget`,
    values: [callId, leaseId, model, stream, tokens, costMicro, deadlineSeconds, traceparent],
  }
}

/**
 * Resolves a call in one statement; no row where it was resolved before, or its market observes calls and
 * `whose` is `unobserved`. Its lock on the call lets one settlement through, the second then finds nothing to do. What is
 * charged is what the call used, but never more than it set aside and the lease has beside the calls of others: an
 * upstream that takes no notice of its limits cannot make a lease spend more than it was granted.
 *
 * Its commit does not wait for the disk. When power or Postgres fails within the next moments it may be forgotten, in whole
 * and together with whatever was built on it: then the call is still open, and is charged its worst case after its
 * deadline. A reservation waits: were one forgotten, its upstream would have been called for nothing set aside.
 */
export function settleStatement(
  callId: string,
  { outcome, charge, usage, ...told }: Settlement,
  whose: 'unobserved' | 'any',
): QueryConfig {
  return {
    name: 'llm-settle',
    text: `with call as materialized (
             select c.call_id, c.lease_id, c.reserved_tokens,
                    case when $11::boolean then c.reserved_tokens else $12::bigint end as wanted_tokens,
                    m.rules, set_config('synchronous_commit', case when $13::boolean then current_setting('synchronous_commit') else 'off' end, true) as commits
               from llm_calls c join markets m on m.market_id = c.market_id
              where c.call_id = $1 and c.status = 'reserved'
                and ($13 or m.rules->>'observeCalls' is distinct from 'true')
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
               from settled where m.market_id = settled.market_id and m.minute = settled.minute)
           select market_id, rules, charged_tokens, traceparent,
                  (select name from agents a where a.agent_id = settled.agent_id) as agent
             from settled`,
    values: [
      callId,
      outcome,
      told.upstream,
      usage.promptTokens,
      usage.completionTokens,
      usage.source,
      told.costMicro,
      told.attempts,
      Math.round(told.latencyMs),
      told.firstTokenMs === null ? null : Math.round(told.firstTokenMs),
      charge === 'reserved',
      totalTokens(usage),
      whose === 'any',
    ],
  }
}
