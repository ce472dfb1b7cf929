import type { AuditCheck } from './audit-check.ts'

/** A call that is open so long after its deadline was forgotten by every process. */
const CALL_LATE_SECONDS_MAX = 60

/** What must be true of calls to models and the budgets of leases. */
export const llmChecks: AuditCheck[] = [
  {
    name: 'budgets of leases equal their calls to models',
    rows: `
      select b.market_id, case
             when b.used_tokens + b.reserved_tokens > b.granted_tokens then
               format('lease %s has spent or set aside %s of %s tokens',
                      b.lease_id, b.used_tokens + b.reserved_tokens, b.granted_tokens)
             when (b.used_tokens, b.reserved_tokens, b.open_calls)
                  is distinct from (coalesce(c.charged, 0), coalesce(c.reserved, 0), coalesce(c.open, 0)) then
               format('lease %s counts %s tokens as used, %s as set aside and %s open calls; its calls say %s, %s and %s',
                      b.lease_id, b.used_tokens, b.reserved_tokens, b.open_calls,
                      coalesce(c.charged, 0), coalesce(c.reserved, 0), coalesce(c.open, 0))
             end as problem
        from llm_budgets b
        left join (
          select lease_id, sum(charged) as charged, sum(reserved) as reserved, sum(open) as open
            from (
              select lease_id, charged_tokens as charged, 0 as reserved, 0 as open
                from llm_calls where market_id = any($1) and status = 'settled'
              union all
              select lease_id, 0, reserved_tokens, 1
                from llm_calls where market_id = any($1) and status = 'reserved'
              union all
              select lease_id, charged_tokens, 0, 0 from llm_usage where market_id = any($1)) known
           group by lease_id) c using (lease_id)
       where b.market_id = any($1)`,
  },
  {
    name: 'each call to a model is one of its lease, and was resolved in time',
    rows: `
      select c.market_id, case
             when l.lease_id is null or l.market_id <> c.market_id or l.beneficiary_id <> c.agent_id then
               format('call %s belongs to others than lease %s', c.call_id, c.lease_id)
             when c.charged_tokens > c.reserved_tokens and c.charged_tokens > c.prompt_tokens + c.completion_tokens then
               format('call %s was charged %s tokens and used %s', c.call_id, c.charged_tokens,
                      c.prompt_tokens + c.completion_tokens)
             when c.status = 'reserved' and now() > c.deadline_at + make_interval(secs => ${CALL_LATE_SECONDS_MAX}) then
               format('call %s should have been resolved by %s', c.call_id, c.deadline_at)
             end as problem
        from llm_calls c left join leases l using (lease_id)
       where c.market_id = any($1)`,
  },
]
