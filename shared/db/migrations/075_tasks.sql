-- Up Migration

-- What an agent is asked to do, as it reads it; a market made for a benchmark gives its agent one.
create table agent_tasks (
  agent_id bigint primary key references agents,
  task jsonb not null,
  deadline_at timestamptz,
  given_at timestamptz not null,
  finished_at timestamptz
);
