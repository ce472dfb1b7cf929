import type { AuditCheck } from './audit-check.ts'

/** What must be true of allowances and what was paid of them. */
export const allowanceChecks: AuditCheck[] = [
  {
    name: 'each period of an allowance is paid once',
    rows: `
      select market_id, case when count(*) > 1 then
               format('%s was paid to agent %s %s times', ref, to_agent_id, count(*))
             end as problem
        from transfers where market_id = any($1) and purpose = 'allowance' group by market_id, to_agent_id, ref`,
  },
  {
    name: 'allowances are paid up to now at most',
    rows: `
      select market_id, case when paid_period * period_seconds > extract(epoch from clock_timestamp()) then
               format('allowance %s is paid up to its period %s, which has not begun', allowance_id, paid_period)
             end as problem
        from allowances where market_id = any($1)`,
  },
]
