-- Up Migration

-- Credits an agent has set aside for a service call; a bid's hold lives on the bid.
create table holds (
  hold_id uuid primary key,
  market_id text not null,
  agent_id bigint not null,
  amount_micro bigint not null check (amount_micro between 1 and 1000000000000000000),
  ref text not null,
  status text not null default 'held' check (status in ('held', 'settled', 'released')),
  settled_to bigint references agents,
  placed_at timestamptz not null,
  resolved_at timestamptz,
  foreign key (market_id, agent_id) references agents (market_id, agent_id),
  constraint resolved_once check ((status = 'held') = (resolved_at is null) and (status = 'settled') = (settled_to is not null))
);
create index holds_open on holds (agent_id) where status = 'held';
create function holds_resolve_once() returns trigger language plpgsql as $$
begin
  if old.status <> 'held' then
    raise exception 'hold % is % already', old.hold_id, old.status using errcode = 'check_violation',
      constraint = 'holds_resolve_once';
  end if;
  return new;
end $$;
create trigger holds_resolve_once before update on holds for each row execute function holds_resolve_once();
