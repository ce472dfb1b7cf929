import type { Database } from '../pool.ts'
import { MAX_PRUNED_AT_ONCE } from '../prune-operations.ts'

/**
 * Forgets single calls to models older than `days`, at most a batch of them, and tells how many; what they came to stays in
 * sums by lease and model, so that budgets and reports stay what they were. Refusals as old are forgotten. Locks only the
 * rows it removes, and passes over locked ones.
 */
export async function pruneLlmCalls(db: Database, days: number): Promise<number> {
  const { rows } = await db.query(
    `with gone as (
       delete from llm_calls where call_id = any(array(
         select c.call_id
           from markets m cross join lateral (
             select call_id, status from llm_calls
              where market_id = m.market_id and reserved_at < clock_timestamp() - make_interval(days => $1)
                and status = 'settled'
              order by reserved_at limit $2 for update skip locked) c
          limit $2))
       returning *),
     kept as (
       insert into llm_usage as known (lease_id, model, market_id, agent_id, calls, failed, prompt_tokens,
                                       completion_tokens, charged_tokens, cost_micro)
       select lease_id, model, market_id, agent_id, count(*), count(*) filter (where outcome <> 'completed'),
              sum(prompt_tokens), sum(completion_tokens), sum(charged_tokens), sum(cost_micro)
         from gone group by lease_id, model, market_id, agent_id order by lease_id, model
       on conflict (lease_id, model) do update
          set calls = known.calls + excluded.calls, failed = known.failed + excluded.failed,
              prompt_tokens = known.prompt_tokens + excluded.prompt_tokens,
              completion_tokens = known.completion_tokens + excluded.completion_tokens,
              charged_tokens = known.charged_tokens + excluded.charged_tokens,
              cost_micro = known.cost_micro + excluded.cost_micro),
     refusals as (
       delete from llm_refusals where (second, lease_id, code, model) in (
         select second, lease_id, code, model from llm_refusals
          where second < clock_timestamp() - make_interval(days => $1) limit $2 for update skip locked)
       returning second)
     select (select count(*) from gone) + (select count(*) from refusals) as pruned`,
    [days, MAX_PRUNED_AT_ONCE],
  )
  return Number(rows[0].pruned)
}
