-- Up Migration

-- What runs when an agent wins a lease. An agent without a row here fetches its lease by itself.
create table programs (
  agent_id bigint primary key references agents,
  market_id text not null,
  command text[] not null check (cardinality(command) between 1 and 64),
  runtime text not null check (runtime in ('node', 'python', 'native')),
  set_at timestamptz not null,
  foreign key (market_id, agent_id) references agents (market_id, agent_id)
);
create table program_files (
  agent_id bigint not null references programs on delete cascade,
  name text not null check (name ~ '^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$'),
  content bytea not null check (length(content) <= 1048576),
  primary key (agent_id, name)
);

-- What an agent's programs left in their workspace, compressed: any worker can run the next one.
create table workspaces (
  agent_id bigint primary key references agents,
  archive bytea not null,
  lease_id uuid not null references leases,
  kept_at timestamptz not null
);
