-- Up Migration

-- A program's run within a lease: made by the settlement that grants the lease, so there is one for each such lease.
-- due: nobody was asked to run it; requested: its workflow was started; running; terminated; missed: it never ran, and
-- its payer has the credits back.
create table executions (
  lease_id uuid primary key references leases,
  market_id text not null references markets,
  agent_id bigint not null references agents,
  status text not null default 'due' check (status in ('due', 'requested', 'running', 'terminated', 'missed')),
  worker text,
  started_at timestamptz,
  ended_at timestamptz,
  exit_code integer,
  reason text,
  refunded boolean not null default false,
  stop_requested_by text,
  stdout bytea,
  stdout_total bigint,
  stderr bytea,
  stderr_total bigint,
  cpu_seconds numeric,
  problem text,
  constraint started_is_complete check (
    (status in ('due', 'requested', 'missed')) = (num_nonnulls(worker, started_at) = 0)),
  constraint ended_is_complete check (
    (status in ('terminated', 'missed')) = (num_nulls(ended_at, reason) = 0))
);
create index executions_due on executions (market_id, lease_id) where status = 'due';
create index executions_unstarted on executions (market_id, lease_id) where status in ('due', 'requested');
create index executions_by_market on executions (market_id, started_at desc nulls first, lease_id);
create index executions_by_agent on executions (agent_id, started_at desc nulls first, lease_id);
