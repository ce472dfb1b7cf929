-- Up Migration

-- What a lease may spend on models, in tokens, from its first call on: granted = used + reserved + left.
create table llm_budgets (
  lease_id uuid primary key references leases,
  granted_tokens bigint not null check (granted_tokens >= 0),
  used_tokens bigint not null default 0 check (used_tokens >= 0),
  reserved_tokens bigint not null default 0 check (reserved_tokens >= 0),
  open_calls integer not null default 0 check (open_calls >= 0),
  constraint never_overspent check (used_tokens + reserved_tokens <= granted_tokens)
) with (fillfactor = 70);

-- Every call for which tokens were set aside: while it is under way its worst case, then what it took.
-- Costs are in millionths of the currency that the configuration of the upstreams names.
create table llm_calls (
  call_id uuid primary key,
  market_id text not null references markets,
  lease_id uuid not null references llm_budgets,
  agent_id bigint not null references agents,
  model text not null check (length(model) between 1 and 200),
  streamed boolean not null,
  status text not null default 'reserved' check (status in ('reserved', 'settled')),
  reserved_tokens bigint not null check (reserved_tokens >= 1),
  reserved_cost_micro bigint not null check (reserved_cost_micro >= 0),
  reserved_at timestamptz not null,
  -- After it no process can be at the call any more: whoever looks resolves it.
  deadline_at timestamptz not null check (deadline_at > reserved_at),
  -- The minute it counts in, where the market has a limit per minute.
  minute timestamptz,
  outcome text check (
    outcome in ('completed', 'client_gone', 'upstream_cut', 'upstream_refused', 'unavailable', 'abandoned')),
  upstream text,
  prompt_tokens bigint check (prompt_tokens >= 0),
  completion_tokens bigint check (completion_tokens >= 0),
  usage_source text check (usage_source in ('reported', 'counted')),
  charged_tokens bigint check (charged_tokens >= 0),
  cost_micro bigint check (cost_micro >= 0),
  attempts integer check (attempts >= 0),
  latency_ms integer check (latency_ms >= 0),
  first_token_ms integer check (first_token_ms >= 0),
  settled_at timestamptz,
  traceparent text,
  constraint settled_is_complete check (
    num_nulls(outcome, prompt_tokens, completion_tokens, usage_source, charged_tokens, cost_micro, attempts, latency_ms,
              settled_at) = case status when 'settled' then 0 else 9 end)
) with (fillfactor = 70);
create index llm_calls_open on llm_calls (deadline_at) where status = 'reserved';
create index llm_calls_by_lease on llm_calls (lease_id);
create index llm_calls_by_market on llm_calls (market_id, reserved_at);
create index llm_calls_by_agent on llm_calls (agent_id, reserved_at);

create function llm_calls_settle_once() returns trigger language plpgsql as $$
begin
  if old.status <> 'reserved' then
    raise exception 'call % is settled already', old.call_id using errcode = 'check_violation',
      constraint = 'llm_calls_settle_once';
  end if;
  return new;
end $$;
create trigger llm_calls_settle_once before update on llm_calls for each row execute function llm_calls_settle_once();

-- What a market has spent or set aside in a minute, where it has a limit.
create table llm_minutes (
  market_id text not null references markets,
  minute timestamptz not null,
  tokens bigint not null default 0 check (tokens >= 0),
  cost_micro bigint not null default 0 check (cost_micro >= 0),
  primary key (market_id, minute)
) with (fillfactor = 70);
