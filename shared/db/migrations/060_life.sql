-- Up Migration

-- idle_from: unless the agent has an open bid it is idle from then on. judge_at: when its life is judged (null: time alone
-- changes nothing). It moves seldom, so that the settlements which move idle_from touch no index.
alter table agents
  add column dormant_reason text check (dormant_reason in ('voluntary', 'insufficient_credits')),
  add column idle_from timestamptz not null default date_trunc('milliseconds', now()),
  add column judge_at timestamptz;
update agents set dormant_reason = 'voluntary' where status = 'dormant';
update agents a
   set idle_from = greatest(a.idle_from, (select max(ends_at) from leases l where l.beneficiary_id = a.agent_id)),
       judge_at = date_trunc('second', now()) + interval '1 second'
  from markets m
 where m.market_id = a.market_id and m.status in ('open', 'paused') and a.status = 'alive';
alter table agents
  add constraint dormant_for_a_reason check ((status = 'dormant') = (dormant_reason is not null)),
  add constraint dead_stay_dead check (status <> 'dead' or judge_at is null);
create index agents_to_judge on agents (market_id, judge_at) where judge_at is not null;

-- Whether somebody waits for this agent's service.
create index service_calls_waiting_by_provider on service_calls (provider_id) where status = 'waiting';

-- What operators do has grown.
drop index outbox_acts;
create index outbox_acts on outbox (batch_id, ordinal) where type in (
  'market_rules_changed', 'market_paused', 'market_resumed', 'market_closed', 'history_restored', 'agent_frozen',
  'agent_unfrozen', 'agent_revived', 'agent_awake', 'agent_token_issued', 'agent_token_revoked', 'lease_token_issued',
  'lease_revoked', 'ledger_adjusted', 'credits_minted', 'human_reward_issued');
