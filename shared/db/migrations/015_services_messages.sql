-- Up Migration

-- Messages between agents. `number` follows the order in which a receiver's messages were committed: each is written
-- under its receiver's lock.
create table messages (
  message_id uuid primary key,
  number bigint generated always as identity,
  market_id text not null,
  from_id bigint not null,
  to_id bigint not null,
  text text not null check (length(text) between 1 and 4000),
  sent_at timestamptz not null,
  foreign key (market_id, from_id) references agents (market_id, agent_id),
  foreign key (market_id, to_id) references agents (market_id, agent_id)
);
create index messages_inbox on messages (to_id, number);
create index messages_sent on messages (from_id, sent_at);

-- What agents offer to others, and how its calls ended.
create table services (
  market_id text not null,
  provider_id bigint not null,
  name text not null check (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  cost_micro bigint not null check (cost_micro between 1 and 1000000000000000000),
  specification json not null,
  registered_at timestamptz not null,
  changed_at timestamptz not null,
  succeeded bigint not null default 0 check (succeeded >= 0),
  failed bigint not null default 0 check (failed >= 0),
  primary key (provider_id, name),
  foreign key (market_id, provider_id) references agents (market_id, agent_id)
);
create index services_by_name on services (market_id, name, provider_id);

-- Calls of services. The caller's credits are in the hold of the same id until the call is over, which happens once:
-- by the provider's answer, or at the deadline by whoever tidies the market.
create table service_calls (
  call_id uuid primary key references holds (hold_id),
  number bigint generated always as identity,
  market_id text not null,
  caller_id bigint not null,
  provider_id bigint not null,
  service text not null,
  arguments json not null,
  invoked_at timestamptz not null,
  deadline_at timestamptz not null check (deadline_at > invoked_at),
  status text not null default 'waiting' check (status in ('waiting', 'succeeded', 'failed', 'timed_out')),
  result json,
  answered_at timestamptz,
  foreign key (provider_id, service) references services (provider_id, name),
  foreign key (market_id, caller_id) references agents (market_id, agent_id),
  constraint not_by_itself check (caller_id <> provider_id),
  constraint answered_when_over check ((status = 'waiting') = (answered_at is null))
);
create index service_calls_due on service_calls (market_id, deadline_at) where status = 'waiting';
create index service_calls_made on service_calls (caller_id, number);
create index service_calls_received on service_calls (provider_id, number);
create index service_calls_waiting_by_caller on service_calls (caller_id) where status = 'waiting';
create function service_calls_end_once() returns trigger language plpgsql as $$
begin
  if old.status <> 'waiting' then
    raise exception 'service call % is % already', old.call_id, old.status using errcode = 'check_violation',
      constraint = 'service_calls_end_once';
  end if;
  return new;
end $$;
create trigger service_calls_end_once before update on service_calls
  for each row execute function service_calls_end_once();
