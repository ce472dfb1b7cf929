-- Up Migration

-- Requests for a person's attention; what each offers waits in the account `escrow` until it is resolved.
create table prompts (
  prompt_id uuid primary key,
  market_id text not null,
  agent_id bigint not null,
  lease_id uuid not null references leases,
  text text not null check (length(text) between 1 and 8192),
  amount_micro bigint not null check (amount_micro between 1 and 1000000000000000000),
  status text not null default 'open' check (status in ('open', 'rewarded', 'expired')),
  opened_at timestamptz not null,
  expires_at timestamptz check (expires_at > opened_at),
  interesting integer check (interesting between 0 and 10),
  useful integer check (useful between 0 and 10),
  understandable integer check (understandable between 0 and 10),
  awarded_micro bigint check (awarded_micro >= 0),
  scored_by text,
  resolved_at timestamptz,
  traceparent text,
  foreign key (market_id, agent_id) references agents (market_id, agent_id),
  constraint prompt_is_whole check (
    (status = 'open') = (resolved_at is null) and
    num_nulls(interesting, useful, understandable, awarded_micro, scored_by)
      = case status when 'rewarded' then 0 else 5 end)
);
create index prompts_queue on prompts (market_id, amount_micro desc, opened_at, prompt_id) where status = 'open';
create index prompts_open_by_agent on prompts (agent_id) where status = 'open';
create index prompts_by_agent on prompts (agent_id, opened_at, prompt_id);
create index prompts_expiring on prompts (market_id, expires_at) where status = 'open' and expires_at is not null;
create function prompts_resolve_once() returns trigger language plpgsql as $$
begin
  if old.status <> 'open' then
    raise exception 'prompt % is % already', old.prompt_id, old.status using errcode = 'check_violation',
      constraint = 'prompts_resolve_once';
  end if;
  return new;
end $$;
create trigger prompts_resolve_once before update on prompts for each row execute function prompts_resolve_once();
