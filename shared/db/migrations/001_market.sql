-- Up Migration

-- One economy. `rules` holds every rule by name; a cycle freezes what it needs when it opens.
create table markets (
  market_id text primary key check (market_id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  display_name text not null,
  status text not null check (status in ('open', 'paused', 'closing', 'closed')),
  rules jsonb not null,
  created_at timestamptz not null
);

-- The market's counter. Its lock is taken last and held for a moment: sequence numbers follow commit order.
-- wake_at: when the market's workflow must look again (null: nothing is due). asleep: nobody looks before then.
create table market_sequences (
  market_id text primary key references markets,
  epoch integer not null default 1 check (epoch >= 1),
  last_seq bigint not null default 0 check (last_seq >= 0),
  last_at timestamptz not null,
  accepting boolean not null default true,
  wake_at timestamptz,
  asleep boolean not null default true
);

create table market_resources (
  market_id text not null references markets,
  ordinal integer not null check (ordinal >= 0),
  name text not null check (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
  unit text not null,
  capacity numeric not null check (capacity > 0),
  leased_ppm integer not null default 0,
  primary key (market_id, ordinal),
  unique (market_id, name),
  constraint supply_not_exceeded check (leased_ppm between 0 and 1000000)
);

create table system_accounts (
  market_id text not null references markets,
  account text not null check (account in ('mint', 'burn', 'escrow')),
  balance_micro bigint not null default 0,
  primary key (market_id, account),
  constraint only_mint_is_negative check (
    case account when 'mint' then balance_micro between -9000000000000000000 and 0 else balance_micro >= 0 end)
);

-- available + held = balance. The token bucket is kept in millionths of a bid.
create table agents (
  agent_id bigint generated always as identity primary key,
  market_id text not null references markets,
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  display_name text not null,
  owner text,
  status text not null default 'alive' check (status in ('alive', 'dormant', 'dead')),
  available_micro bigint not null default 0,
  held_micro bigint not null default 0,
  open_bids integer not null default 0 check (open_bids >= 0),
  bucket_millionths bigint check (bucket_millionths >= 0),
  bucket_at timestamptz,
  created_at timestamptz not null,
  unique (market_id, name),
  unique (market_id, agent_id),
  constraint balance_not_negative check (available_micro >= 0 and held_micro >= 0)
) with (fillfactor = 80);

-- A batch is what one database transaction told the world; seq of an event = first_seq + ordinal.
create sequence event_batch_ids;
create table event_batches (
  batch_id bigint primary key,
  market_id text not null references markets,
  epoch integer not null,
  first_seq bigint not null check (first_seq >= 1),
  event_count integer not null check (event_count >= 1),
  at timestamptz not null,
  unique (market_id, first_seq)
);

create table outbox (
  batch_id bigint not null,
  ordinal integer not null check (ordinal >= 0),
  event_id uuid not null,
  operation text not null,
  type text not null,
  source text not null check (source in ('system', 'agent', 'judge')),
  schema_version integer not null,
  agent text,
  correlation_id text not null,
  causation_id uuid,
  trace_id text,
  scenario_id text,
  data jsonb not null,
  primary key (batch_id, ordinal)
);

-- How far a market's stream is known to hold its events.
create table publications (
  market_id text primary key references markets,
  published_seq bigint not null default 0,
  updated_at timestamptz not null default now()
);

-- First outcomes by the caller's key. agent_id is null for an operator's operations.
create table operations (
  operation_id uuid primary key,
  market_id text not null references markets,
  agent_id bigint,
  key text not null check (length(key) between 1 and 200),
  request_hash bytea not null,
  outcome jsonb not null,
  created_at timestamptz not null,
  constraint one_outcome_per_key unique nulls not distinct (market_id, agent_id, key),
  foreign key (market_id, agent_id) references agents (market_id, agent_id)
);
create index operations_created_at on operations using brin (created_at);

-- Refusals told in folded form: one event per agent (null: the market) and second.
create table refusal_counters (
  market_id text not null references markets,
  agent text,
  reason text not null,
  refused bigint not null check (refused > 0),
  since timestamptz not null,
  constraint one_counter_per_reason unique nulls not distinct (market_id, agent, reason)
);

create table bids (
  bid_id uuid primary key,
  market_id text not null,
  agent_id bigint not null,
  beneficiary_id bigint not null,
  amount_micro bigint not null check (amount_micro between 1 and 1000000000000000000),
  quantities_ppm integer[] not null check (
    0 <= all (quantities_ppm) and 1000000 >= all (quantities_ppm) and 0 < any (quantities_ppm)),
  duration_seconds integer not null check (duration_seconds between 1 and 86400),
  status text not null default 'pending'
    check (status in ('pending', 'winning', 'outbid', 'cancelled', 'expired', 'completed')),
  good_till_cancelled boolean not null default false,
  expires_at timestamptz,
  via text not null check (via in ('signal', 'update', 'nats', 'cli')),
  actor text not null,
  traceparent text,
  batch_id bigint not null,
  ordinal integer not null,
  first_considered_cycle bigint,
  last_considered_cycle bigint,
  decided_cycle bigint,
  score numeric,
  rank integer,
  timestamp timestamptz not null,
  foreign key (market_id, agent_id) references agents (market_id, agent_id),
  foreign key (market_id, beneficiary_id) references agents (market_id, agent_id)
) with (fillfactor = 70);
create index bids_history on bids (agent_id, timestamp, bid_id);
create index bids_pending on bids (market_id, batch_id, ordinal) where status = 'pending';
create index bids_pending_by_beneficiary on bids (beneficiary_id) where status = 'pending';
create index bids_expiring on bids (market_id, expires_at) where status = 'pending' and expires_at is not null;

-- Every movement of credits, from one place to one other.
create table transfers (
  transfer_id bigint generated always as identity primary key,
  market_id text not null references markets,
  batch_id bigint not null,
  from_agent_id bigint references agents,
  from_account text check (from_account in ('mint', 'burn', 'escrow')),
  to_agent_id bigint references agents,
  to_account text check (to_account in ('mint', 'burn', 'escrow')),
  amount_micro bigint not null check (amount_micro between 1 and 9000000000000000000),
  purpose text not null,
  ref text not null,
  timestamp timestamptz not null,
  constraint one_source check (num_nonnulls(from_agent_id, from_account) = 1),
  constraint one_destination check (num_nonnulls(to_agent_id, to_account) = 1),
  constraint not_to_itself check (from_agent_id is distinct from to_agent_id or from_agent_id is null)
);
create index transfers_batch on transfers (batch_id);

-- The postings of transfers: one row per agent movement, one net row per system account and batch.
create table transactions (
  id bigint generated always as identity primary key,
  market_id text not null references markets,
  batch_id bigint not null,
  agent_id bigint references agents,
  account text check (account in ('mint', 'burn', 'escrow')),
  amount_micro bigint not null check (amount_micro <> 0),
  balance_after_micro bigint not null,
  purpose text not null,
  ref text not null,
  timestamp timestamptz not null,
  constraint one_holder check (num_nonnulls(agent_id, account) = 1),
  constraint only_mint_below_zero check (balance_after_micro >= 0 or account is not distinct from 'mint')
);
create index transactions_history on transactions (agent_id, timestamp, id) where agent_id is not null;
create index transactions_batch on transactions (batch_id);

-- Money is neither made nor lost: what one statement posts sums to zero per batch.
create function postings_balance() returns trigger language plpgsql as $$
begin
  if exists (select from posted group by batch_id having sum(amount_micro) <> 0) then
    raise exception 'postings do not sum to zero' using errcode = 'check_violation', constraint = 'postings_balance';
  end if;
  return null;
end $$;
create trigger postings_balance after insert on transactions
  referencing new table as posted for each statement execute function postings_balance();
create function history_stands() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger history_stands before update or delete on transactions
  for each statement execute function history_stands();
create trigger history_stands before update or delete on transfers
  for each statement execute function history_stands();

-- A cycle is numbered after its predecessor, which must exist; at most one is open.
create table cycles (
  market_id text not null references markets,
  number bigint not null check (number >= 1),
  predecessor bigint generated always as (nullif(number - 1, 0)) stored,
  status text not null check (status in ('open', 'settled')),
  policy text not null check (policy in ('highest-bid', 'posted-price')),
  max_bids integer not null check (max_bids >= 1),
  cutoff_seq bigint not null,
  prices_micro bigint[] not null,
  price_source text not null check (price_source in ('live', 'last_known', 'floor')),
  price_age_seconds numeric,
  opened_by_run text not null,
  opened_at timestamptz not null,
  effective_at timestamptz,
  supply_ppm integer[],
  demand_ppm bigint[],
  considered integer,
  left_waiting integer,
  winners integer,
  losers integer,
  revenue_micro bigint,
  utilisation_ppm integer[],
  cutoff_score numeric,
  primary key (market_id, number),
  foreign key (market_id, predecessor) references cycles (market_id, number),
  constraint settled_is_complete check (status = 'open' or num_nulls(
    effective_at, supply_ppm, demand_ppm, considered, left_waiting, winners, losers, revenue_micro, utilisation_ppm) = 0)
);
create unique index one_open_cycle on cycles (market_id) where status = 'open';

create table leases (
  lease_id uuid primary key,
  market_id text not null references markets,
  bid_id uuid not null unique references bids,
  agent_id bigint not null references agents,
  beneficiary_id bigint not null references agents,
  cycle bigint not null,
  quantities_ppm integer[] not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > starts_at),
  status text not null default 'active' check (status in ('active', 'ended')),
  foreign key (market_id, cycle) references cycles (market_id, number)
);
create index leases_by_end on leases (market_id, ends_at);
create index leases_active on leases (market_id, ends_at) where status = 'active';
create index leases_beneficiary on leases (beneficiary_id, starts_at);

-- Recorded prices, credits (millionths) per 100 % of capacity and second; a tick writes every resource.
create table prices (
  market_id text not null,
  tick bigint not null check (tick >= 1),
  ordinal integer not null,
  price_micro bigint not null check (price_micro between 10000 and 1000000000),
  exponent_millionths bigint not null check (exponent_millionths >= 0),
  demand_ppm bigint not null,
  reason text not null,
  elapsed_ms bigint not null,
  ticked_at timestamptz not null,
  recorded_at timestamptz not null,
  primary key (market_id, tick, ordinal),
  foreign key (market_id, ordinal) references market_resources (market_id, ordinal)
);
create index market_sequences_due on market_sequences (wake_at) where wake_at is not null;
