-- Up Migration

-- The program that an agent is to improve, as it was seeded and as it is now. The platform alone changes and runs it.
create table code_workspaces (
  agent_id bigint primary key references agents,
  seeded jsonb not null,
  files jsonb not null,
  modules jsonb not null,
  tests jsonb not null,
  measure jsonb
);

-- Changes that agents propose to a module: its whole new text.
create table code_changes (
  change_id uuid primary key,
  agent_id bigint not null references agents,
  target_module text not null,
  change_description text not null,
  expected_improvement text not null,
  new_text text not null,
  proposed_at timestamptz not null,
  applied_at timestamptz
);
create index code_changes_of_agent on code_changes (agent_id, proposed_at desc);
