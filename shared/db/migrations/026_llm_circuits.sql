-- Up Migration

-- How the circuits of each process that calls models stand; one that falls silent is forgotten.
create table llm_circuits (
  process_id uuid not null,
  upstream text not null,
  place integer not null,
  status text not null check (status in ('closed', 'open', 'half_open')),
  failures integer not null check (failures >= 0),
  changed_at timestamptz not null,
  seen_at timestamptz not null,
  primary key (process_id, upstream)
) with (fillfactor = 70);

-- From when to when a market was told that the circuit of an upstream is open somewhere.
create table llm_outages (
  outage_id bigint generated always as identity primary key,
  market_id text not null references markets,
  upstream text not null,
  failures integer not null,
  opened_at timestamptz not null,
  closed_at timestamptz check (closed_at >= opened_at)
);
create unique index one_outage_at_once on llm_outages (market_id, upstream) where closed_at is null;
