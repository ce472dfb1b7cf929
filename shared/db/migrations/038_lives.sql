-- Up Migration

-- What happened to an agent in its life, by its name; little among many events.
create index outbox_lives on outbox (agent, batch_id, ordinal) where type in (
  'agent_registered', 'agent_spawned', 'agent_dormant', 'agent_awake', 'agent_died', 'agent_revived', 'agent_frozen',
  'agent_unfrozen');
