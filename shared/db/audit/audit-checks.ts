import { allowanceChecks } from './audit-allowance-checks.ts'
import type { AuditCheck } from './audit-check.ts'
import { lifeChecks } from './audit-life-checks.ts'
import { llmChecks } from './audit-llm-checks.ts'
import { promptChecks } from './audit-prompt-checks.ts'

/** A lease that is still active so long after its end, though its market had been due, was forgotten. */
const LEASE_LATE_SECONDS_MAX = 60

/** A program whose worker died is ended by the next one within this time after its lease. */
const EXECUTION_LATE_SECONDS_MAX = 300

const BID_PAYMENTS = `
  select market_id, ref, count(*) as payments, sum(amount_micro) as paid_micro, min(from_agent_id) as payer_id
    from transfers where market_id = any($1) and purpose = 'bid_payment' group by market_id, ref`

const ledgerChecks: AuditCheck[] = [
  {
    name: 'ledger sums to zero',
    rows: `
      select market_id, case when sum(amount_micro) <> 0 then
               format('%s sums to %s micro-credits', coalesce('batch ' || batch_id, 'the whole ledger'), sum(amount_micro))
             end as problem
        from transactions where market_id = any($1)
       group by grouping sets ((market_id), (market_id, batch_id))`,
  },
  {
    name: 'credits are neither made nor lost',
    rows: `
      select m.market_id, case when s.system_micro + a.agents_micro <> 0 then
               format('agents hold %s and escrow %s micro-credits, but %s were minted and %s burned',
                      a.agents_micro, s.escrow_micro, s.minted_micro, s.burned_micro)
             end as problem
        from markets m
        cross join lateral (
          select coalesce(sum(balance_micro), 0) as system_micro,
                 sum(balance_micro) filter (where account = 'escrow') as escrow_micro,
                 -sum(balance_micro) filter (where account = 'mint') as minted_micro,
                 sum(balance_micro) filter (where account = 'burn') as burned_micro
            from system_accounts where market_id = m.market_id) s
        cross join lateral (
          select coalesce(sum(available_micro + held_micro), 0) as agents_micro
            from agents where market_id = m.market_id) a
       where m.market_id = any($1)`,
  },
  {
    name: 'agent balances equal their transactions',
    rows: `
      select a.market_id, case when a.available_micro + a.held_micro <> coalesce(t.micro, 0) then
               format('agent %s has %s micro-credits, its transactions sum to %s',
                      a.name, a.available_micro + a.held_micro, coalesce(t.micro, 0))
             end as problem
        from agents a
        left join (
          select agent_id, sum(amount_micro) as micro from transactions
           where market_id = any($1) and agent_id is not null group by agent_id) t using (agent_id)
       where a.market_id = any($1)`,
  },
  {
    name: 'system accounts equal their transactions',
    rows: `
      select s.market_id, case when s.balance_micro <> coalesce(t.micro, 0) then
               format('account %s has %s micro-credits, its transactions sum to %s',
                      s.account, s.balance_micro, coalesce(t.micro, 0))
             end as problem
        from system_accounts s
        left join (
          select market_id, account, sum(amount_micro) as micro from transactions
           where market_id = any($1) and account is not null group by market_id, account) t using (market_id, account)
       where s.market_id = any($1)`,
  },
  {
    name: 'each transaction continues the balance before it',
    rows: `
      select market_id, case when balance_after_micro <> running_micro then
               format('transaction %s says %s micro-credits, the sum up to it is %s', id, balance_after_micro, running_micro)
             end as problem
        from (
          select market_id, id, balance_after_micro,
                 sum(amount_micro) over (partition by market_id, agent_id, account order by id) as running_micro
            from transactions where market_id = any($1)) t`,
  },
  {
    name: 'transfers agree with their transactions',
    rows: `
      select market_id, case when sum(amount_micro) <> 0 or (agent_id is not null and sum(postings) <> 0) then
               format('batch %s: what was transferred for %s is not what was posted',
                      batch_id, coalesce('agent ' || agent_id, account))
             end as problem
        from (
          select market_id, batch_id, from_agent_id as agent_id, from_account as account, -amount_micro as amount_micro,
                 1 as postings from transfers where market_id = any($1)
          union all
          select market_id, batch_id, to_agent_id, to_account, amount_micro, 1
            from transfers where market_id = any($1)
          union all
          select market_id, batch_id, agent_id, account, -amount_micro, -1
            from transactions where market_id = any($1)) both_sides
       group by market_id, batch_id, agent_id, account`,
  },
  {
    name: 'no balance is or was below zero',
    rows: `
      select market_id, case when available_micro < 0 or held_micro < 0 then
               format('agent %s has %s micro-credits available and %s held', name, available_micro, held_micro)
             end as problem
        from agents where market_id = any($1)
      union all
      select market_id, case when case account when 'mint' then balance_micro > 0 else balance_micro < 0 end then
               format('account %s has %s micro-credits', account, balance_micro)
             end
        from system_accounts where market_id = any($1)
      union all
      select market_id, case when min(balance_after_micro) < 0 then
               format('agent %s once had %s micro-credits', agent_id, min(balance_after_micro))
             end
        from transactions where market_id = any($1) and account is distinct from 'mint'
       group by market_id, agent_id, account`,
  },
]

const bidChecks: AuditCheck[] = [
  {
    name: 'holds equal open bids',
    rows: `
      select a.market_id,
             case when a.held_micro <> coalesce(b.micro, 0) + coalesce(h.micro, 0) then
               format('agent %s has %s micro-credits held, its open bids and holds sum to %s',
                      a.name, a.held_micro, coalesce(b.micro, 0) + coalesce(h.micro, 0))
             when a.open_bids <> coalesce(b.bids, 0) then
               format('agent %s counts %s open bids and has %s', a.name, a.open_bids, coalesce(b.bids, 0))
             end as problem
        from agents a
        left join (
          select agent_id, count(*) as bids, sum(amount_micro) as micro from bids
           where market_id = any($1) and status = 'pending' group by agent_id) b using (agent_id)
        left join (
          select agent_id, sum(amount_micro) as micro from holds
           where market_id = any($1) and status = 'held' group by agent_id) h using (agent_id)
       where a.market_id = any($1)`,
  },
  {
    name: 'holds moved what they set aside',
    rows: `
      select h.market_id, case
             when h.status = 'settled' and (coalesce(t.transfers, 0) <> 1 or t.micro <> h.amount_micro
                                            or t.to_agent_id is distinct from h.settled_to) then
               format('hold %s is settled, but %s micro-credits were transferred for it', h.hold_id, coalesce(t.micro, 0))
             when h.status <> 'settled' and t.transfers is not null then
               format('hold %s is %s, but %s micro-credits were transferred for it', h.hold_id, h.status, t.micro)
             end as problem
        from holds h
        left join (
          select market_id, ref, count(*) as transfers, sum(amount_micro) as micro, min(to_agent_id) as to_agent_id
            from transfers where market_id = any($1) and purpose = 'hold' group by market_id, ref) t
          on t.market_id = h.market_id and t.ref = h.hold_id::text
       where h.market_id = any($1)`,
  },
  {
    name: 'service calls agree with their holds',
    rows: `
      select c.market_id,
             case when h.status is distinct from case c.status
                         when 'waiting' then 'held' when 'succeeded' then 'settled' else 'released' end
                    or (c.status = 'succeeded' and h.settled_to is distinct from c.provider_id)
                    or h.agent_id is distinct from c.caller_id then
               format('call %s %s, its hold is %s', c.call_id, replace(c.status, '_', ' '), coalesce(h.status, 'missing'))
             end as problem
        from service_calls c left join holds h on h.hold_id = c.call_id
       where c.market_id = any($1)`,
  },
  {
    name: 'services count their calls',
    rows: `
      select s.market_id,
             case when s.succeeded <> coalesce(c.succeeded, 0) or s.failed <> coalesce(c.failed, 0) then
               format('service %s counts %s calls that succeeded and %s that failed, and has %s and %s', s.name,
                      s.succeeded, s.failed, coalesce(c.succeeded, 0), coalesce(c.failed, 0))
             end as problem
        from services s
        left join (
          select provider_id, service, count(*) filter (where status = 'succeeded') as succeeded,
                 count(*) filter (where status in ('failed', 'timed_out')) as failed
            from service_calls where market_id = any($1) group by provider_id, service) c
          on c.provider_id = s.provider_id and c.service = s.name
       where s.market_id = any($1)`,
  },
  {
    name: 'each bid is in one state, with what belongs to it',
    rows: `
      select coalesce(b.market_id, p.market_id) as market_id, case
             when b.bid_id is null then format('%s was paid for, but is no bid', p.ref)
             when b.status in ('winning', 'completed') then case
               when num_nulls(b.decided_cycle, b.score, b.rank) > 0 then
                 format('bid %s is %s without cycle, score or rank', b.bid_id, b.status)
               when l.status is null or (b.status = 'winning') <> (l.status = 'active') then
                 format('bid %s is %s, its lease %s', b.bid_id, b.status, coalesce('is ' || l.status, 'is missing'))
               when coalesce(p.payments, 0) <> 1 or p.paid_micro <> b.amount_micro or p.payer_id <> b.agent_id then
                 format('bid %s of %s micro-credits won, and %s were paid in %s payments',
                        b.bid_id, b.amount_micro, coalesce(p.paid_micro, 0), coalesce(p.payments, 0))
               end
             when l.lease_id is not null then format('bid %s is %s and has a lease', b.bid_id, b.status)
             when p.ref is not null then format('bid %s is %s and was paid for', b.bid_id, b.status)
             when num_nulls(b.decided_cycle, b.score, b.rank) <> case b.status when 'outbid' then 0 else 3 end then
               format('bid %s is %s with cycle %s, score %s and rank %s',
                      b.bid_id, b.status, b.decided_cycle, b.score, b.rank)
             end as problem
        from (select * from bids where market_id = any($1)) b
        left join leases l using (bid_id)
        full join (${BID_PAYMENTS}) p on p.ref = b.bid_id::text and p.market_id = b.market_id`,
  },
]

const allocationChecks: AuditCheck[] = [
  {
    name: 'supply was never exceeded',
    rows: `
      select market_id, case when leased_ppm > 1000000 then
               format('resource %s was leased to %s ppm of its capacity from %s', place - 1, leased_ppm, at)
             end as problem
        from (
          select market_id, place, at, sum(sum(change_ppm)) over (partition by market_id, place order by at) as leased_ppm
            from (
              select l.market_id, q.place, l.starts_at as at, q.ppm as change_ppm
                from leases l cross join lateral unnest(l.quantities_ppm) with ordinality as q(ppm, place)
               where l.market_id = any($1) and q.ppm > 0
              union all
              select l.market_id, q.place, l.ends_at, -q.ppm
                from leases l cross join lateral unnest(l.quantities_ppm) with ordinality as q(ppm, place)
               where l.market_id = any($1) and q.ppm > 0) changes
           group by market_id, place, at) instants`,
  },
  {
    name: 'resources count their active leases',
    rows: `
      select r.market_id, case when r.leased_ppm <> coalesce(l.ppm, 0) then
               format('resource %s counts %s ppm as leased, its active leases sum to %s',
                      r.name, r.leased_ppm, coalesce(l.ppm, 0))
             end as problem
        from market_resources r
        left join (
          select l.market_id, q.place - 1 as ordinal, sum(q.ppm) as ppm
            from leases l cross join lateral unnest(l.quantities_ppm) with ordinality as q(ppm, place)
           where l.market_id = any($1) and l.status = 'active' group by l.market_id, q.place) l using (market_id, ordinal)
       where r.market_id = any($1)`,
  },
  {
    name: 'each lease is what its bid won',
    rows: `
      select l.market_id, case
             when l.market_id <> b.market_id or l.agent_id <> b.agent_id or l.beneficiary_id <> b.beneficiary_id then
               format('lease %s belongs to others than bid %s', l.lease_id, l.bid_id)
             when l.cycle is distinct from b.decided_cycle or l.starts_at is distinct from c.effective_at then
               format('lease %s does not start with cycle %s, which decided bid %s', l.lease_id, b.decided_cycle, l.bid_id)
             when l.quantities_ppm <> b.quantities_ppm
               or case when l.status = 'revoked' then l.ends_at > l.starts_at + make_interval(secs => b.duration_seconds)
                       else l.ends_at <> l.starts_at + make_interval(secs => b.duration_seconds) end then
               format('lease %s is not the bundle of bid %s', l.lease_id, l.bid_id)
             end as problem
        from leases l join bids b using (bid_id)
        left join cycles c on c.market_id = l.market_id and c.number = l.cycle
       where l.market_id = any($1)`,
  },
  {
    // A market at work looks again at its wake_at; one that sleeps over a lease's end has forgotten it.
    name: 'leases end on time',
    rows: `
      select l.market_id, case
             when now() - case when s.asleep then l.ends_at else greatest(l.ends_at, s.wake_at) end
                  > make_interval(secs => ${LEASE_LATE_SECONDS_MAX}) then
               format('lease %s ended at %s and is late: no worker has looked since', l.lease_id, l.ends_at)
             end as problem
        from leases l join market_sequences s using (market_id)
       where l.market_id = any($1) and l.status = 'active'`,
  },
  {
    name: 'cycles are numbered without gaps, only the last may be open',
    rows: `
      select market_id, case
             when number <> place then format('cycle %s stands where %s belongs', number, place)
             when status = 'open' and number <> last_number then
               format('cycle %s is open, though cycle %s came after it', number, last_number)
             end as problem
        from (
          select market_id, number, status, row_number() over (partition by market_id order by number) as place,
                 max(number) over (partition by market_id) as last_number
            from cycles where market_id = any($1)) c`,
  },
  {
    name: 'cycles agree with their bids and payments',
    rows: `
      select coalesce(c.market_id, b.market_id) as market_id, case
             when c.number is null then format('bids were decided by cycle %s, which is missing', b.number)
             when c.status = 'open' and b.number is not null then
               format('cycle %s is open and has decided bids', c.number)
             when c.status = 'settled' and (c.winners, c.losers, c.revenue_micro)
                  is distinct from (coalesce(b.won, 0), coalesce(b.lost, 0), coalesce(b.paid_micro, 0)) then
               format('cycle %s says %s winners, %s losers and %s micro-credits; its bids say %s, %s and %s', c.number,
                      c.winners, c.losers, c.revenue_micro,
                      coalesce(b.won, 0), coalesce(b.lost, 0), coalesce(b.paid_micro, 0))
             end as problem
        from (select * from cycles where market_id = any($1)) c
        full join (
          select b.market_id, b.decided_cycle as number,
                 count(*) filter (where b.status in ('winning', 'completed')) as won,
                 count(*) filter (where b.status = 'outbid') as lost, sum(p.paid_micro) as paid_micro
            from bids b left join (${BID_PAYMENTS}) p on p.ref = b.bid_id::text and p.market_id = b.market_id
           where b.market_id = any($1) and b.decided_cycle is not null
           group by b.market_id, b.decided_cycle) b using (market_id, number)`,
  },
]

const executionChecks: AuditCheck[] = [
  {
    name: 'what was paid for a lease came back once, and only with a reason',
    rows: `
      select coalesce(p.market_id, r.market_id) as market_id, case
             when p.lease_id is null then format('%s micro-credits were given back for %s, which is no lease', r.micro, r.ref)
             when p.refunds_due <> coalesce(r.refunds, 0) then
               format('lease %s has %s reasons to be paid back, and was so %s times',
                      p.lease_id, p.refunds_due, coalesce(r.refunds, 0))
             when r.refunds = 1 and (r.micro <> p.amount_micro or r.payer_id <> p.agent_id) then
               format('lease %s of %s micro-credits came back as %s', p.lease_id, p.amount_micro, r.micro)
             end as problem
        from (select l.market_id, l.lease_id, l.agent_id, b.amount_micro,
                     l.refunded::int + coalesce(e.refunded, false)::int as refunds_due
                from leases l join bids b using (bid_id) left join executions e using (lease_id)
               where l.market_id = any($1) and (l.refunded or e.lease_id is not null)) p
        full join (
          select market_id, ref, count(*) as refunds, sum(amount_micro) as micro, min(to_agent_id) as payer_id
            from transfers where market_id = any($1) and purpose = 'refund' group by market_id, ref) r
          on r.ref = p.lease_id::text and r.market_id = p.market_id`,
  },
  {
    name: 'programs end with their leases',
    rows: `
      select e.market_id, case
             when e.status = 'running' and l.ends_at < now() - make_interval(secs => ${EXECUTION_LATE_SECONDS_MAX}) then
               format('execution %s still counts as running, its lease ended at %s', e.lease_id, l.ends_at)
             end as problem
        from executions e join leases l using (lease_id) where e.market_id = any($1)`,
  },
]

/** Events in the stream are compared with those in Postgres only where these hold. */
export const EVENT_CHECKS: AuditCheck[] = [
  {
    name: 'events are numbered without gaps, in the order of their time',
    rows: `
      select market_id, case
             when first_seq <> coalesce(seq_before, 0) + 1 then
               format('batch %s begins with event %s, after event %s', batch_id, first_seq, coalesce(seq_before, 0))
             when at < at_before then format('batch %s is told at %s, before the one before it', batch_id, at)
             when last_seq >= kept_from and (event_count, 0, event_count - 1)
                  is distinct from (coalesce(events, 0), coalesce(first_ordinal, 0), coalesce(last_ordinal, -1)) then
               format('batch %s has %s events of %s', batch_id, coalesce(events, 0), event_count)
             end as problem
        from (
          select b.*, o.*, p.first_seq as kept_from, b.first_seq + b.event_count - 1 as last_seq,
                 lag(b.first_seq + event_count - 1) over before as seq_before, lag(at) over before as at_before
            from event_batches b
            join publications p using (market_id)
            left join (
              select batch_id as told_batch, count(*) as events, min(ordinal) as first_ordinal, max(ordinal) as last_ordinal
                from outbox where batch_id in (select batch_id from event_batches where market_id = any($1))
               group by batch_id) o on o.told_batch = b.batch_id
           where b.market_id = any($1)
          window before as (partition by market_id order by b.first_seq)) batches
      union all
      select s.market_id, case when s.last_seq <> coalesce(b.last_seq, 0) then
               format('the market counts %s events and has %s', s.last_seq, coalesce(b.last_seq, 0))
             end
        from market_sequences s
        left join (
          select market_id, max(first_seq + event_count - 1) as last_seq from event_batches
           where market_id = any($1) group by market_id) b using (market_id)
       where s.market_id = any($1)`,
  },
  {
    name: 'each event has an id of its own',
    rows: `
      select b.market_id, case when count(*) > 1 then format('%s events have the id %s', count(*), o.event_id) end as problem
        from outbox o join event_batches b using (batch_id)
       where b.market_id = any($1) group by b.market_id, o.event_id`,
  },
]

/** Everything that is audited in Postgres alone, in the order it is told. */
export const AUDIT_CHECKS: AuditCheck[] = [
  ...ledgerChecks,
  ...bidChecks,
  ...allocationChecks,
  ...executionChecks,
  ...allowanceChecks,
  ...lifeChecks,
  ...promptChecks,
  ...llmChecks,
  ...EVENT_CHECKS,
]
