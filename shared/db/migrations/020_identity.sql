-- Up Migration

-- Tokens by which an agent shows who it is. The token itself is shown once and kept nowhere.
create table agent_tokens (
  token_id bigint generated always as identity primary key,
  token_hash bytea not null unique check (length(token_hash) = 32),
  agent_id bigint not null references agents,
  issued_at timestamptz not null,
  -- Null: for ever. Set when a token was replaced or revoked; it is good until then.
  ends_at timestamptz,
  is_revoked boolean not null default false,
  constraint revoked_has_ended check (not is_revoked or ends_at is not null)
);
create index agent_tokens_of on agent_tokens (agent_id, ends_at);
create index agent_tokens_ended on agent_tokens (ends_at) where ends_at is not null;

-- Tokens for the use of a lease, good until the lease ends.
create table lease_tokens (
  token_id bigint generated always as identity primary key,
  token_hash bytea not null unique check (length(token_hash) = 32),
  lease_id uuid not null references leases,
  issued_at timestamptz not null
);
create index lease_tokens_of on lease_tokens (lease_id, token_id);

-- A frozen agent keeps what it has and does nothing with it.
alter table agents add column frozen boolean not null default false;
