-- Up Migration

-- What the agents of an owner have spent or set aside in a minute, where their market limits that.
create table llm_owner_minutes (
  market_id text not null,
  owner text not null,
  minute timestamptz not null,
  tokens bigint not null default 0 check (tokens >= 0),
  cost_micro bigint not null default 0 check (cost_micro >= 0),
  primary key (market_id, owner, minute),
  foreign key (market_id, owner) references owners (market_id, owner)
) with (fillfactor = 70);
-- The minute a call counts in for its agent's owner, where there is a limit for that.
alter table llm_calls add column owner_minute timestamptz;
