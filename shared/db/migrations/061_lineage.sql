-- Up Migration

-- Who spawned an agent, and how many spawnings it is away from one that an operator added.
alter table agents
  add column parent_id bigint references agents,
  add column generation integer not null default 0 check (generation >= 0),
  add constraint children_have_parents check ((parent_id is null) = (generation = 0));
create index agents_of_parent on agents (parent_id, agent_id) where parent_id is not null;
