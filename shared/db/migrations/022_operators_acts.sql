-- Up Migration

-- What operators do is little among many events, and is found by this. Bids carry an actor too, and are left out.
create index outbox_acts on outbox (batch_id, ordinal) where type in (
  'market_rules_changed', 'market_paused', 'market_resumed', 'market_closed', 'history_restored', 'agent_frozen',
  'agent_unfrozen', 'agent_revived', 'agent_token_issued', 'agent_token_revoked', 'lease_token_issued', 'lease_revoked',
  'ledger_adjusted', 'credits_minted', 'human_reward_issued');
