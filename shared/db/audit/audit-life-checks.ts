import type { AuditCheck } from './audit-check.ts'

/** What must be true of agents' lives. */
export const lifeChecks: AuditCheck[] = [
  {
    name: 'the dead have nothing open',
    rows: `
      select a.market_id, case
             when a.status = 'dead' and (a.open_bids > 0 or b.bids > 0 or l.leases > 0 or p.prompts > 0) then
               format('agent %s is dead and has %s open bids, %s leases and %s open prompts',
                      a.name, greatest(a.open_bids, b.bids), l.leases, p.prompts)
             end as problem
        from agents a
        cross join lateral (
          select count(*) as bids from bids where beneficiary_id = a.agent_id and status = 'pending') b
        cross join lateral (
          select count(*) as leases from leases
           where beneficiary_id = a.agent_id and status = 'active' and ends_at > now()) l
        cross join lateral (
          select count(*) as prompts from prompts where agent_id = a.agent_id and status = 'open') p
       where a.market_id = any($1)`,
  },
  {
    name: 'the idle are judged in time',
    rows: `
      select a.market_id, case
             when a.status = 'alive' and not a.frozen and a.judge_at is null and a.open_bids = 0
                  and m.status in ('open', 'paused')
                  and not exists (select from bids where beneficiary_id = a.agent_id and status = 'pending') then
               format('agent %s is idle since %s, and nobody will judge it', a.name, a.idle_from)
             end as problem
        from agents a join markets m using (market_id) where a.market_id = any($1)`,
  },
]
